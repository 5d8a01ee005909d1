"""PyMuPDF's two lists of a page's text, words and styled lines, brought together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from sparknet_assets.source.text.visibility import INKED


def lines_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines that hold more than white space."""
    return [
        line
        for block in content["blocks"]
        if block["type"] == 0
        for line in block["lines"]
        if any(not span["text"].isspace() for span in line["spans"])
    ]


def with_words(
    lines: list[dict[str, Any]], rows: list[Any]
) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Lines with their words. The numbers of lines in PyMuPDF's two lists do not always agree."""
    places: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        text = "".join(span["text"] for span in line["spans"])
        places.setdefault(_letters(text.split()), []).append(index)
    position = 0
    for _, group in groupby(rows, key=lambda row: (row[5], row[6])):
        words = list(group)
        candidates = places.get(_letters(row[4] for row in words), [])
        found = bisect_left(candidates, position)
        if found < len(candidates):
            position = candidates[found] + 1
            yield lines[candidates[found]], words
        else:
            yield _plain_line(words), words


def _letters(parts: Iterable[str]) -> str:
    """Letters in an order of their own: the two lists may differ in that as well."""
    return "".join(sorted("".join(parts)))


def _plain_line(words: list[Any]) -> dict[str, Any]:
    """A line of which only its words are known; as if white, so that the page is looked at.

    Its direction is None.
    """
    boxes = [row[:4] for row in words]
    bbox = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    span = {"bbox": bbox, "size": bbox[3] - bbox[1], "flags": 0, "color": 0xFFFFFF, "alpha": 255}
    return {"bbox": bbox, "dir": None, "spans": [span | {"char_flags": INKED, "text": ""}]}
