"""Tables on PDF pages, with and without lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from resources.ocr import PageText
from sparknet_assets.artifacts import PageImage
from sparknet_assets.source.text.page_text import from_layer
from sparknet_assets.source.text.tables import header_rows, is_number
from sparknet_assets.source.text.text_layer import read_text_layer

ROWS = [
    ["Port", "Boats", "Income"],
    ["Northern pier", "12", "$ 1,204"],
    ["Old harbour", "7", "$ (310)"],
    ["Ferry dock", "31", "$ 9,980"],
]
PROSE = "The three piers were in use all year, the ferry dock most of all since the spring."


@pytest.fixture
def page() -> Iterator[pymupdf.Page]:
    with pymupdf.open() as document:
        sheet = document.new_page(width=400, height=600)
        sheet.insert_textbox(pymupdf.Rect(40, 40, 360, 100), PROSE, fontsize=11)
        yield sheet


def write(page: pymupdf.Page, rows: list[list[str]], xs: tuple[int, ...], step: int = 20) -> None:
    for number, row in enumerate(rows):
        for x, text in zip(xs, row, strict=True):
            page.insert_text((x, 150 + step * number), text, fontsize=10)


def read(page: pymupdf.Page) -> PageText:
    image = PageImage(page=1, width=int(page.rect.width), height=int(page.rect.height))
    return from_layer(read_text_layer(page), image, [], True)


def draw_grid(page: pymupdf.Page, xs: list[int], ys: list[int]) -> None:
    for y in ys:
        page.draw_line((xs[0], y), (xs[-1], y))
    for x in xs:
        page.draw_line((x, ys[0]), (x, ys[-1]))


def test_aligned_columns_are_a_table(page: pymupdf.Page) -> None:
    write(page, ROWS, (50, 200, 300))

    text = read(page)

    (table,) = text.tables
    assert table.rows == ROWS
    assert table.header_rows == 1
    assert len(table.row_boxes) == 4
    assert [line.role for line in text.lines if line.block == table.block] == ["table"] * 4
    assert [line.text for line in text.lines if line.role == "table"] == [
        " ".join(row) for row in ROWS
    ]


def test_a_ruled_table_keeps_cells_of_several_lines_and_empty_ones(page: pymupdf.Page) -> None:
    draw_grid(page, [40, 190, 290, 360], [135, 175, 215, 255])
    write(
        page,
        [["Port", "Boats", "Income"], ["Northern", "12", ""], ["Dock", "", "x"]],
        (50, 200, 300),
        step=40,
    )
    page.insert_text((50, 202), "pier, upper end", fontsize=10)

    (table,) = read(page).tables

    assert table.rows == [
        ["Port", "Boats", "Income"],
        ["Northern pier, upper end", "12", ""],
        ["Dock", "", "x"],
    ]


def test_a_spanned_cell_of_a_ruled_table_stands_in_its_first_place(page: pymupdf.Page) -> None:
    draw_grid(page, [40, 190, 290, 360], [155, 175, 195, 215])
    page.draw_rect(pymupdf.Rect(40, 135, 360, 155))
    page.insert_text((170, 150), "All piers", fontsize=10)
    for number, row in enumerate(ROWS[:3]):
        for x, text in zip((50, 200, 300), row, strict=True):
            page.insert_text((x, 170 + 20 * number), text, fontsize=10)

    (table,) = read(page).tables

    assert table.rows == [["All piers", "", ""], *ROWS[:3]]


def test_a_rotated_page_has_the_same_table(page: pymupdf.Page) -> None:
    write(page, ROWS, (50, 200, 300))
    page.set_rotation(90)

    (table,) = read(page).tables

    assert table.rows == ROWS
    assert table.box.x1 - table.box.x0 < table.box.y1 - table.box.y0


@pytest.mark.parametrize(
    "rows",
    [
        [["•", "The first point of a list"], ["•", "The second point"], ["•", "The third"]],
        [["(a)", "The first clause of it"], ["(b)", "The second clause"], ["(c)", "The third"]],
    ],
    ids=["bullets", "clauses"],
)
def test_a_list_is_not_a_table(page: pymupdf.Page, rows: list[list[str]]) -> None:
    write(page, rows, (50, 80))

    assert read(page).tables == []


def test_two_columns_of_prose_are_not_a_table(page: pymupdf.Page) -> None:
    for x in (40, 210):
        page.insert_textbox(pymupdf.Rect(x, 150, x + 150, 400), " ".join([PROSE] * 4), fontsize=10)

    text = read(page)

    assert text.tables == []
    assert text.text.replace("\n", " ").count(PROSE) == 9


def test_a_frame_around_prose_is_not_a_table(page: pymupdf.Page) -> None:
    page.draw_rect(pymupdf.Rect(30, 30, 370, 110))

    assert read(page).tables == []


@pytest.mark.parametrize("text", ["12", "(310)", "$ 1,204", "17.5%", "—", "N/A", "-3.2", "$ (12)"])
def test_figures(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["2022", "Boats", "", "Item 4", "December 31,"])
def test_no_figures(text: str) -> None:
    assert not is_number(text)


def test_header_rows_end_at_the_first_label_or_figure() -> None:
    assert header_rows([["", "2022"], ["Sales:", ""], ["Products", "12"]]) == 1
    assert header_rows([["a", "b"], ["c", "d"]]) == 1
    assert header_rows([["x", "5"], ["y", "6"]]) == 0


@pytest.mark.corpus
def test_a_real_table_with_spanning_headings(corpus: Path) -> None:
    with pymupdf.open(corpus / "tables_icdar2013" / "eu-001.pdf") as document:
        tables = [table for page in document for table in read(page).tables]

    assert len(tables) == 7
    assert all(len({len(row) for row in table.rows}) == 1 for table in tables)
