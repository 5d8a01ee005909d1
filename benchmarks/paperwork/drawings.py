"""Papers of all trades as text drawings, made into PDFs and poor scans.

A file of `drawn/` has what the paper says as YAML and, below `---`, how it looks: two spaces or
more are a gap between columns, figures end where they end in the drawing, `====` begins a page.
"""

from __future__ import annotations

import datetime
import io
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pymupdf
import yaml

from benchmarks.paperwork.documents import poor_scan
from benchmarks.paperwork.sheet import Expected

_DRAWINGS = Path(__file__).parent / "drawn"
_MARGIN, _STEP = 40.0, 12.5  # points
_COLUMNS = 92
_FIGURE = re.compile(r"[^A-Za-z]{0,3}(?:[A-Z]{3} |Rs\. )?[^A-Za-z]*\d[\d.,' ]*(?:%| ?€| kr| zł)?")
_FONTS = {"helv": 9.0, "tiro": 9.5, "cour": 8.5}
_LATIN = 0x2FFF


@dataclass(frozen=True, slots=True)
class Drawing:
    """A paper and what it says; of one without a kind only what it says may be found."""

    name: str
    path: Path
    expected: Expected


def draw_all(folder: Path, half: str, *, scanned: bool) -> list[Drawing]:
    """Writes the papers of a half (`seen` or `held`), as PDF or as JPEG of each page in a PDF."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _written(path, folder, half, scanned) for path in sorted((_DRAWINGS / half).glob("*.txt"))
    ]


def _written(source: Path, folder: Path, half: str, scanned: bool) -> Drawing:
    head, _, body = source.read_text("utf-8").partition("\n---\n")
    said = yaml.safe_load(head)
    document = _drawn(body.rstrip("\n"), said)
    name = f"{half}-{source.stem}{'-scan' if scanned else ''}"
    path = folder / f"{name}.pdf"
    (_scanned(document, name) if scanned else document).save(path, garbage=3, no_new_id=True)
    fields = {key: _text(value) for key, value in said.get("fields", {}).items()}
    items = [(str(what), _text(amount)) for what, amount in said.get("items", [])]
    return Drawing(name, path, Expected(said["kind"], fields, items))


def _text(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    return f"{Decimal(str(value)):.2f}" if isinstance(value, float) else str(value)


@lru_cache
def _font(name: str) -> pymupdf.Font:
    return pymupdf.Font(name)


def _drawn(body: str, said: dict[str, Any]) -> pymupdf.Document:
    """The pages; where the font lacks a letter, the line is set in one that has it."""
    columns, font = said.get("columns", _COLUMNS), said.get("font", "helv")
    slip = columns < _COLUMNS
    document = pymupdf.open()
    for text in body.split("\n====\n"):
        lines = text.splitlines()
        width = 226.0 if slip else 595.0
        margin = 10.0 if slip else _MARGIN
        height = 842.0 if not slip else 40 + _STEP * (len(lines) + 2)
        page = document.new_page(width=width, height=height)
        pitch = (width - 2 * margin) / columns
        for number, line in enumerate(lines):
            y = (30 if slip else 50) + _STEP * number
            for run in re.finditer(r"\S+(?: \S+)*", line):
                _put(page, run, margin, pitch, y, font)
    return document


def _put(
    page: pymupdf.Page, run: re.Match[str], margin: float, pitch: float, y: float, font: str
) -> None:
    text = run[0]
    far = max(map(ord, text))
    name = "cjk" if far > _LATIN else font
    size = _FONTS[font]
    if font == "cour":
        size = pitch / 0.6
    x = margin + pitch * run.start()
    length = _font(name).text_length(text, size)
    if run.start() and _FIGURE.fullmatch(text):
        x = margin + pitch * run.end() - length
    page.insert_font(fontname=f"F{name}", fontbuffer=_font(name).buffer)
    page.insert_text((x, y), text, fontsize=size, fontname=f"F{name}")


def _scanned(document: pymupdf.Document, name: str) -> pymupdf.Document:
    scan = pymupdf.open()
    for number, page in enumerate(document):
        data = poor_scan(page, f"{name}-{number}")
        with (
            pymupdf.open("jpg", io.BytesIO(data)) as image,
            pymupdf.open("pdf", image.convert_to_pdf()) as single,
        ):
            scan.insert_pdf(single)
    return scan
