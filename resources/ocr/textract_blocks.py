"""Textract's blocks as an OCRResult. Pure: no client, no network.

https://docs.aws.amazon.com/textract/latest/dg/how-it-works-document-layout.html
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from resources.ocr import Box, KeyValue, Line, OCRResult, SelectionMark, Table, Word
from resources.ocr.geometry import around, turn_box, word_at

Block = dict[str, Any]


def result_of(blocks: Sequence[Block]) -> OCRResult:
    """What the blocks of one page say."""
    page = _Page(blocks)
    return OCRResult(
        lines=page.lines(),
        tables=[table for block in page.of("TABLE") if (table := page.table(block))],
        key_values=[pair for block in page.of("KEY_VALUE_SET") if (pair := page.pair(block))],
        selection_marks=[_mark(block) for block in page.of("SELECTION_ELEMENT")],
        handwritten=[
            box_of(block) for block in page.of("WORD") if block.get("TextType") == "HANDWRITING"
        ],
        rotation=page.rotation,
    )


def box_of(block: Block) -> Box:
    """The upright rectangle around a block, within the page."""
    bounds = block["Geometry"]["BoundingBox"]
    x0, y0 = bounds["Left"], bounds["Top"]
    corners = (x0, y0, x0 + bounds["Width"], y0 + bounds["Height"])
    return Box(*(round(min(1.0, max(0.0, value)), 5) for value in corners))


def rotation_of(words: Iterable[Block]) -> int:
    """Degrees clockwise that make a page upright, by where most of its letters run.

    The first two points of a word's polygon are the ends of its upper edge as it is read.
    """
    votes: Counter[int] = Counter({0: 0})
    for word in words:
        points = word["Geometry"].get("Polygon", ())
        if len(points) >= 2:
            across, down = points[1]["X"] - points[0]["X"], points[1]["Y"] - points[0]["Y"]
            if across or down:
                runs = round(math.degrees(math.atan2(down, across)) / 90) * 90
                votes[-runs % 360] += len(word.get("Text", ""))
    return max(votes, key=lambda degrees: (votes[degrees], degrees == 0))


class _Page:
    """The blocks of one page, and what belongs to what."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._by_id = {block["Id"]: block for block in blocks}
        self.rotation = rotation_of(self.of("WORD"))

    def of(self, kind: str) -> Iterator[Block]:
        return (block for block in self._blocks if block["BlockType"] == kind)

    def related(self, block: Block, relation: str = "CHILD") -> list[Block]:
        return [
            self._by_id[name]
            for related in block.get("Relationships", ())
            if related["Type"] == relation
            for name in related["Ids"]
            if name in self._by_id
        ]

    def lines(self) -> list[Line]:
        """In reading order: as the layout has it where it was asked for, else as they come."""
        lines = {block["Id"]: block for block in self.of("LINE")}
        ordered: dict[str, Block] = {}
        for block in self._blocks:
            if block["BlockType"].startswith("LAYOUT_"):
                ordered |= {c["Id"]: c for c in self._leaves(block) if c["Id"] in lines}
        found = (self._words(block) for block in (ordered | lines).values())
        return [Line(words=words) for words in found if words]

    def table(self, block: Block) -> Table | None:
        cells = [cell for cell in self.related(block) if cell["BlockType"] == "CELL"]
        if not cells:
            return None
        height = max(cell["RowIndex"] + cell.get("RowSpan", 1) - 1 for cell in cells)
        width = max(cell["ColumnIndex"] + cell.get("ColumnSpan", 1) - 1 for cell in cells)
        rows = [[""] * width for _ in range(height)]
        merged = self.related(block, "MERGED_CELL")
        hidden = {c["Id"] for cell in merged for c in self.related(cell)}
        for cell in [*(c for c in cells if c["Id"] not in hidden), *merged]:
            rows[cell["RowIndex"] - 1][cell["ColumnIndex"] - 1] = self.text(cell)
        return Table(
            block=0,
            box=box_of(block),
            rows=rows,
            row_boxes=self._row_boxes(cells, height, box_of(block)),
            header_rows=_header_rows(cells, height),
        )

    def pair(self, block: Block) -> KeyValue | None:
        if "KEY" not in block.get("EntityTypes", ()):
            return None
        values = self.related(block, "VALUE")
        key, value = self.text(block), " ".join(filter(None, map(self.text, values)))
        if not key:
            return None
        return KeyValue(
            key=key,
            value=value,
            key_box=box_of(block),
            value_box=around(box_of(v) for v in values) if value else None,
            confidence=_share(block),
        )

    def text(self, block: Block) -> str:
        """The words and marks in a block; cells of a merged cell one after the other."""
        said = []
        for leaf in self._leaves(block):
            if leaf["BlockType"] == "WORD":
                said.append(leaf.get("Text", ""))
            elif leaf["BlockType"] == "SELECTION_ELEMENT":
                said.append(_mark(leaf).text)
        return " ".join(filter(None, said))

    def _leaves(self, block: Block) -> Iterator[Block]:
        for child in self.related(block):
            if child["BlockType"] in ("CELL", "LAYOUT_TEXT"):  # of a merged cell, of a list
                yield from self._leaves(child)
            else:
                yield child

    def _words(self, line: Block) -> list[Word]:
        return [
            word_at(word["Text"], box_of(word), _share(word))
            for word in self.related(line)
            if word["BlockType"] == "WORD" and word.get("Text")
        ]

    def _row_boxes(self, cells: Sequence[Block], height: int, table: Box) -> list[Box]:
        """A band across the table for each row; a row that has no cell of its own gets the gap."""
        upright = turn_box(table, self.rotation)
        bands: list[Box] = []
        top = upright.y0
        for number in range(1, height + 1):
            own = [
                turn_box(box_of(cell), self.rotation)
                for cell in cells
                if cell["RowIndex"] == number and cell.get("RowSpan", 1) == 1
            ]
            y0, y1 = (min(b.y0 for b in own), max(b.y1 for b in own)) if own else (top, top)
            bands.append(turn_box(Box(upright.x0, y0, upright.x1, y1), -self.rotation))
            top = y1
        return bands


def _header_rows(cells: Sequence[Block], height: int) -> int:
    """How many rows from the top are made of nothing but column headers."""
    for number in range(1, height + 1):
        row = [cell for cell in cells if cell["RowIndex"] == number]
        if not row or not all("COLUMN_HEADER" in cell.get("EntityTypes", ()) for cell in row):
            return number - 1
    return 0  # nothing below it: no header


def _mark(block: Block) -> SelectionMark:
    selected = block.get("SelectionStatus") == "SELECTED"
    return SelectionMark(selected=selected, box=box_of(block), confidence=_share(block))


def _share(block: Block) -> float:
    """Confidence, 0 to 1; Textract counts in percent."""
    return round(min(1.0, max(0.0, float(block.get("Confidence", 0.0)) / 100)), 4)
