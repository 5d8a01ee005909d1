"""Pages drawn in characters: each stands where it is typed, and spaces are gaps."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from resources.ocr import Line, PageText, Word
from resources.ocr.geometry import turn_line
from sparknet_assets.fields.schema import Schema

COLUMNS, ROWS = 100, 70
_SCHEMAS = Path(__file__).parents[2] / "schemas"


def page(
    text: str,
    number: int = 1,
    *,
    confidence: float = 1.0,
    rotation: int = 0,
    engine: str = "paddle",
) -> PageText:
    """A page with a word for each run of characters, a line of text for each line.

    Two spaces or more are a gap between columns. With `rotation` the page is as a scanner gave it:
    turned by that much it is upright.
    """
    lines = []
    for row, line in enumerate(text.strip("\n").splitlines()):
        top = (row + 0.1) / ROWS
        words = [
            Word(
                found[0],
                found.start() / COLUMNS,
                top,
                found.end() / COLUMNS,
                top + 0.8 / ROWS,
                confidence,
            )
            for found in re.finditer(r"\S+", line)
        ]
        if words:
            lines.append(turn_line(Line(words=words, block=row), -rotation))
    width, height = (1000, 1400) if rotation % 180 == 0 else (1400, 1000)
    return PageText(
        page=number, width=width, height=height, engine=engine, rotation=rotation, lines=lines
    )


def schema(name: str) -> Schema:
    """A schema that comes along."""
    return Schema.model_validate(yaml.safe_load((_SCHEMAS / f"{name}.yaml").read_text("utf-8")))
