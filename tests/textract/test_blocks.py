"""Textract's blocks become our words, tables, pairs and marks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.ocr import Box, KeyValue, Line, OCRResult, SelectionMark, Table
from resources.ocr.geometry import turn_box, turn_line, word_at
from resources.ocr.textract_blocks import result_of
from tests.doubles.textract_results import blocks_of, geometry

ALL = ["TABLES", "FORMS", "LAYOUT"]
BOX = Box(0.1, 0.1, 0.3, 0.12)


def block(kind: str, name: str, **more: Any) -> dict[str, Any]:
    made = {"BlockType": kind, "Id": name, "Geometry": geometry(BOX), "Confidence": 90.0}
    return made | more


def children(*names: str, relation: str = "CHILD") -> dict[str, Any]:
    return {"Type": relation, "Ids": list(names)}


def cell(name: str, row: int, column: int, *words: str, **more: Any) -> dict[str, Any]:
    place = {"RowIndex": row, "ColumnIndex": column, "RowSpan": 1, "ColumnSpan": 1}
    return block("CELL", name, **place, Relationships=[children(*words)], **more)


def word(text: str, **more: Any) -> dict[str, Any]:
    return block("WORD", text, Text=text, TextType="PRINTED", **more)


texts = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
shares = st.integers(0, 900).map(lambda thousandths: thousandths / 1000)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    x, y = draw(shares), draw(shares)
    found = draw(st.lists(texts, min_size=1, max_size=4))
    boxes = [Box(x + 0.02 * n, y, x + 0.02 * n + 0.015, y + 0.05) for n in range(len(found))]
    sure = draw(st.integers(0, 100)) / 100
    return Line(words=[word_at(t, b, sure) for t, b in zip(found, boxes, strict=True)])


@given(st.lists(lines(), min_size=1, max_size=8), st.sampled_from([0, 90, 180, 270]), st.booleans())
def test_lines_come_back_as_they_were(found: list[Line], rotation: int, layout: bool) -> None:
    shown = [turn_line(line, -rotation) for line in found]
    features = ALL if layout else []

    result = result_of(blocks_of(OCRResult(lines=shown, rotation=rotation), 3, features))

    assert result.rotation == rotation
    assert [line.text for line in result.lines] == [line.text for line in shown]
    for line, original in zip(result.lines, shown, strict=True):
        for ours, given_word in zip(line.words, original.words, strict=True):
            assert ours.box == pytest.approx(given_word.box, abs=2e-5)
            assert ours.confidence == pytest.approx(given_word.confidence, abs=1e-4)


def test_tables_pairs_and_marks_come_back() -> None:
    table = Table(
        block=0,
        box=Box(0.1, 0.2, 0.9, 0.4),
        rows=[["Item", "Price"], ["Ferry", "12.50"]],
        row_boxes=[Box(0.1, 0.2, 0.9, 0.3), Box(0.1, 0.3, 0.9, 0.4)],
        header_rows=1,
    )
    pair = KeyValue(key="Name:", value="A. Berg", key_box=BOX, value_box=BOX, confidence=0.8)
    mark = SelectionMark(selected=True, box=BOX, confidence=0.7)
    given_result = OCRResult(lines=[], tables=[table], key_values=[pair], selection_marks=[mark])

    result = result_of(blocks_of(given_result, 1, ALL))

    assert result.tables == [table]
    assert result.key_values == [pair]
    assert result.selection_marks == [mark]


def test_a_merged_cell_says_its_text_once_in_its_first_place() -> None:
    blocks = [
        block(
            "TABLE",
            "t",
            Relationships=[
                children("a", "b", "c", "d"),
                children("m", relation="MERGED_CELL"),
            ],
        ),
        cell("a", 1, 1, "Fares", EntityTypes=["COLUMN_HEADER"]),
        cell("b", 1, 2, "2024", EntityTypes=["COLUMN_HEADER"]),
        cell("c", 2, 1, "Adult"),
        cell("d", 2, 2, "12.50"),
        block(
            "MERGED_CELL",
            "m",
            RowIndex=1,
            ColumnIndex=1,
            RowSpan=1,
            ColumnSpan=2,
            Relationships=[children("a", "b")],
        ),
        *map(word, ["Fares", "2024", "Adult", "12.50"]),
    ]

    (table,) = result_of(blocks).tables

    assert table.rows == [["Fares 2024", ""], ["Adult", "12.50"]]
    assert table.header_rows == 1


def test_marks_stand_in_cells_and_values() -> None:
    blocks = [
        block("TABLE", "t", Relationships=[children("c")]),
        cell("c", 1, 1, "Yes", "on"),
        word("Yes"),
        block("SELECTION_ELEMENT", "on", SelectionStatus="SELECTED"),
        block("SELECTION_ELEMENT", "off", SelectionStatus="NOT_SELECTED"),
        block(
            "KEY_VALUE_SET",
            "k",
            EntityTypes=["KEY"],
            Relationships=[children("Married"), children("v", relation="VALUE")],
        ),
        block("KEY_VALUE_SET", "v", EntityTypes=["VALUE"], Relationships=[children("off")]),
        word("Married"),
    ]

    result = result_of(blocks)

    assert result.tables[0].rows == [["Yes [x]"]]
    assert [(pair.key, pair.value) for pair in result.key_values] == [("Married", "[ ]")]
    assert [mark.selected for mark in result.selection_marks] == [True, False]


def test_layout_orders_the_lines_and_what_it_leaves_out_follows() -> None:
    def line(name: str) -> list[dict[str, Any]]:
        return [block("LINE", f"line {name}", Relationships=[children(name)]), word(name)]

    blocks = [
        *line("right"),
        *line("left"),
        *line("loose"),
        block("LAYOUT_LIST", "l", Relationships=[children("l1")]),
        block("LAYOUT_TEXT", "l1", Relationships=[children("line left")]),
        block("LAYOUT_TEXT", "l2", Relationships=[children("line right")]),
    ]

    assert [found.text for found in result_of(blocks).lines] == ["left", "right", "loose"]


def test_handwriting_is_told_by_its_place() -> None:
    written = word("signed") | {"TextType": "HANDWRITING"}
    line = block("LINE", "l", Relationships=[children("signed", "here")])

    result = result_of([line, written, word("here")])

    assert result.handwritten == [BOX]


def test_a_table_on_a_turned_page_has_rows_where_they_are_seen() -> None:
    row = Box(0.2, 0.1, 0.8, 0.2)
    shown = turn_box(row, -90)
    given_result = OCRResult(
        lines=[turn_line(Line(words=[word_at("price", row, 1.0)]), -90)],
        tables=[Table(block=0, box=shown, rows=[["price"]], row_boxes=[shown])],
        rotation=90,
    )
    blocks = blocks_of(given_result, 1, ALL)

    (table,) = result_of(blocks).tables

    assert table.row_boxes[0] == pytest.approx(shown, abs=1e-4)


def test_no_blocks_are_an_empty_page() -> None:
    assert result_of([]) == OCRResult(lines=[])
    assert result_of([block("PAGE", "p")]) == OCRResult(lines=[])
