"""Pages that were scanned askew."""

from __future__ import annotations

import math

import pytest

from resources.ocr import Line, OCRResult, Word
from sparknet_assets.artifacts import PageImage
from sparknet_assets.source.text.page_text import from_ocr, layer_of

WIDTH, HEIGHT = 1000, 1400
ASPECT = WIDTH / HEIGHT
LETTER = 14  # pixels, of a line 20 high


def askew(text: str, x: float, y: float, degrees: float) -> Line:
    """A line at (x, y) of a level page, in pixels, as OCR finds it on a page that was turned."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    words = []
    at = x
    for word in text.split():
        corners = [
            (
                WIDTH / 2 + (px - WIDTH / 2) * cosine - (py - HEIGHT / 2) * sine,
                HEIGHT / 2 + (px - WIDTH / 2) * sine + (py - HEIGHT / 2) * cosine,
            )
            for px in (at, at + len(word) * LETTER)
            for py in (y, y + 20)
        ]
        xs, ys = zip(*corners, strict=True)
        box = (min(xs) / WIDTH, min(ys) / HEIGHT, max(xs) / WIDTH, max(ys) / HEIGHT)
        words.append(Word(word, *box, 0.95))
        at += (len(word) + 1) * LETTER
    return Line(words=words)


def read(lines: list[Line], *, find_tables: bool = False) -> tuple[list[str], list[list[str]]]:
    image = PageImage(page=1, width=WIDTH, height=HEIGHT)
    page = from_ocr(OCRResult(lines=lines), "toy", layer_of(None, "auto"), image, find_tables)
    given = {word for line in lines for word in line.words}
    assert {word for line in page.lines for word in line.words} == given, "words keep their places"
    assert all(0 <= v <= 1 for t in page.tables for box in (t.box, *t.row_boxes) for v in box)
    return [line.text for line in page.lines], [row for t in page.tables for row in t.rows]


@pytest.mark.parametrize("degrees", [0, 2, -2, 5, -5, 10, -10])
def test_lines_of_a_skewed_page_are_read_from_the_top(degrees: float) -> None:
    expected = [f"line {number} tells of the harbour and its ships" for number in range(25)]
    lines = [askew(text, 150, 200 + 34 * i, degrees) for i, text in enumerate(expected)]

    assert read(lines[::-1])[0] == expected


@pytest.mark.parametrize("degrees", [0, 3, -3])
def test_columns_of_a_skewed_page_are_read_one_after_the_other(degrees: float) -> None:
    expected = [f"{side}{i} some words fill this line" for side in "ab" for i in range(20)]
    lines = [
        askew(text, 60 if text[0] == "a" else 540, 200 + 34 * (i % 20), degrees)
        for i, text in enumerate(expected)
    ]

    assert read(lines)[0] == expected


@pytest.mark.parametrize("degrees", [0, 3, -3])
def test_rows_of_a_skewed_table_stay_rows(degrees: float) -> None:
    cells = [
        [f"vessel number {i}", str(i * 7 + 3), f"{i}.50", f"{i * 100 + 34}.75"] for i in range(10)
    ]
    lines = [
        askew(cell, x, 300 + 40 * row, degrees)
        for row, texts in enumerate(cells)
        for cell, x in zip(texts, (80, 450, 620, 780), strict=True)
    ]
    assert read(lines, find_tables=True)[1] == cells
