"""What was read on a page as Textract's blocks: the way back from `result_of`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from resources.ocr import Box, Line, OCRResult, Table
from resources.ocr.geometry import turn_box

Block = dict[str, Any]


def blocks_of(result: OCRResult, page: int = 1, features: Sequence[str] = ()) -> list[Block]:
    """The blocks of a page in the order that Textract gives them.

    Args:
        features: As in AnalyzeDocument; without any, lines and words alone.
    """
    return _Blocks(result, page).all(features)


class _Blocks:
    def __init__(self, result: OCRResult, page: int) -> None:
        self._result = result
        self._page = page
        self._numbers = itertools.count(1)
        self._handwritten = set(result.handwritten)
        self.blocks: list[Block] = []

    def all(self, features: Sequence[str]) -> list[Block]:
        page = self._block("PAGE", Box(0.0, 0.0, 1.0, 1.0))
        lines = [self._line(line) for line in self._result.lines]
        page["Relationships"] = _children([line["Id"] for line in lines])
        if "TABLES" in features:
            for table in self._result.tables:
                self._table(table)
        if "FORMS" in features:
            self._pairs()
        if {"TABLES", "FORMS"} & set(features):
            for mark in self._result.selection_marks:
                block = self._block("SELECTION_ELEMENT", mark.box, mark.confidence)
                block["SelectionStatus"] = "SELECTED" if mark.selected else "NOT_SELECTED"
        if "LAYOUT" in features and lines:
            box = Box(0.0, 0.0, 1.0, 1.0)
            layout = self._block("LAYOUT_TEXT", box, 0.9)
            layout["Relationships"] = _children([line["Id"] for line in lines])
        for block in self.blocks:
            if block.get("Relationships") == []:
                del block["Relationships"]
        return self.blocks

    def _line(self, line: Line) -> Block:
        block = self._block("LINE", line.box, 1.0)
        block["Text"] = line.text
        words = []
        for word in line.words:
            made = self._block("WORD", word.box, word.confidence)
            made["Text"] = word.text
            made["TextType"] = "HANDWRITING" if word.box in self._handwritten else "PRINTED"
            words.append(made["Id"])
        block["Relationships"] = _children(words)
        return block

    def _table(self, table: Table) -> None:
        block = self._block("TABLE", table.box, 0.98)
        cells = []
        for number, (row, box) in enumerate(zip(table.rows, table.row_boxes, strict=True)):
            for column, (text, place) in enumerate(zip(row, _shares(box, len(row)), strict=True)):
                cell = self._block("CELL", place, 0.95)
                cell |= {"RowIndex": number + 1, "ColumnIndex": column + 1}
                cell |= {"RowSpan": 1, "ColumnSpan": 1}
                cell["Relationships"] = _children(self._words(text, place))
                if number < table.header_rows:
                    cell["EntityTypes"] = ["COLUMN_HEADER"]
                cells.append(cell["Id"])
        block["Relationships"] = _children(cells)

    def _pairs(self) -> None:
        for pair in self._result.key_values:
            key = self._block("KEY_VALUE_SET", pair.key_box, pair.confidence)
            value = self._block("KEY_VALUE_SET", pair.value_box or pair.key_box, pair.confidence)
            value["EntityTypes"] = ["VALUE"]
            value["Relationships"] = _children(self._words(pair.value, pair.key_box))
            key["EntityTypes"] = ["KEY"]
            key["Relationships"] = [
                {"Type": "VALUE", "Ids": [value["Id"]]},
                *_children(self._words(pair.key, pair.key_box)),
            ]

    def _words(self, text: str, box: Box) -> list[str]:
        """Words that are no part of a line; those of real answers are shared with the lines."""
        ids = []
        for word in text.split():
            block = self._block("WORD", box, 0.97)
            block |= {"Text": word, "TextType": "PRINTED"}
            ids.append(block["Id"])
        return ids

    def _block(self, kind: str, box: Box, confidence: float | None = None) -> Block:
        block: Block = {
            "BlockType": kind,
            "Id": f"{self._page}-{next(self._numbers)}",
            "Page": self._page,
            "Geometry": geometry(box, self._result.rotation),
        }
        if confidence is not None:
            block["Confidence"] = confidence * 100
        self.blocks.append(block)
        return block


def geometry(box: Box, rotation: int = 0) -> dict[str, Any]:
    """Bounding box and polygon of text that is upright once turned clockwise by `rotation`."""
    x0, y0, x1, y1 = turn_box(box, rotation)
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    points = [turn_box(Box(x, y, x, y), -rotation) for x, y in corners]
    return {
        "BoundingBox": {
            "Left": box.x0,
            "Top": box.y0,
            "Width": box.x1 - box.x0,
            "Height": box.y1 - box.y0,
        },
        "Polygon": [{"X": point.x0, "Y": point.y0} for point in points],
    }


def _shares(row: Box, columns: int) -> Iterator[Box]:
    width = (row.x1 - row.x0) / max(1, columns)
    for column in range(columns):
        x0 = row.x0 + column * width
        yield Box(x0, row.y0, x0 + width, row.y1)


def _children(ids: list[str]) -> list[dict[str, Any]]:
    return [{"Type": "CHILD", "Ids": ids}] if ids else []
