"""From pieces of text to lines in reading order, with paragraphs, headings and tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from resources.ocr import Box, Line, Table, Word
from resources.ocr.geometry import rows_of
from sparknet_assets.source.text.aligned import aligned_tables
from sparknet_assets.source.text.bidi import words_as_read
from sparknet_assets.source.text.gutters import Item
from sparknet_assets.source.text.headings import body_size, heading_level
from sparknet_assets.source.text.paragraphs import OCR_SAME_SIZE, SAME_SIZE, Row, paragraphs
from sparknet_assets.source.text.reading_order import (
    Segment,
    reading_order,
    runs_right_to_left,
)
from sparknet_assets.source.text.spacing import begins_cjk, without_cjk_gaps

# In heights of a word: what stands further apart, on all lines of a table row, are two cells.
CELL_GAP = 0.5


def arrange(
    segments: Sequence[Segment],
    aspect: float,
    tables: Sequence[Table] = (),
    *,
    measured: bool = True,
    find_tables: bool = False,
) -> tuple[list[Line], list[Table]]:
    """Puts the text of an upright page in order.

    Args:
        segments: Pieces of lines, in any order.
        aspect: Width of the page by its height.
        tables: Tables of the page; what stands inside them becomes their lines.
        measured: Sizes are those of fonts; False for sizes of boxes that OCR found.
        find_tables: Look for further tables, by what stands below each other.

    Returns:
        Lines in reading order, those that run up or down or slant at the end; and the tables,
        numbered by their block, in the same order.
    """
    inside = [_table_of(segment.box, tables) for segment in segments]
    loose = [segment for segment, table in zip(segments, inside, strict=True) if table is None]
    held: list[list[Word]] = [[] for _ in tables]
    for segment, index in zip(segments, inside, strict=True):
        if index is not None:
            held[index].extend(segment.words)
    backwards = runs_right_to_left([word for segment in segments for word in segment.words])
    aside = [segment for segment in loose if segment.aslant]
    if 2 * len(aside) > len(loose):
        aside = []  # a page of upright lines
    loose = [segment for segment in loose if segment not in aside] if aside else loose
    items = [Item(i, _scaled(s.box, aspect), s.characters) for i, s in enumerate(loose)]
    items += [Item(-1 - i, _scaled(table.box, aspect), 0) for i, table in enumerate(tables)]
    body = body_size(loose)
    lines: list[Line] = []
    placed: list[Table] = []
    block = 0
    for column in reading_order(items, backwards):
        rows: list[Row] = []
        for keys in column:
            pieces = [loose[key] for key in keys if key >= 0]
            rows += [_text_row(pieces, aspect, measured)] if pieces else []
            rows += [_table_row(tables[-1 - k], held[-1 - k], aspect) for k in keys if k < 0]
        if find_tables:
            rows = _with_tables(rows, aspect)
        for group in paragraphs(rows, SAME_SIZE if measured else OCR_SAME_SIZE):
            first = group[0]
            if first.table is not None:
                placed.append(first.table.model_copy(update={"block": block}))
                lines += _table_lines(first.table, first.words, block)
            else:
                level = heading_level(group, body, measured)
                role: Literal["text", "heading"] = "text" if level is None else "heading"
                lines += [
                    Line(words=row.words, block=block, role=role, level=level) for row in group
                ]
            block += 1
    lines += [Line(words=s.words, block=block + number) for number, s in enumerate(aside)]
    return lines, placed


def _table_of(box: Box, tables: Sequence[Table]) -> int | None:
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    for index, table in enumerate(tables):
        if table.box.x0 <= x <= table.box.x1 and table.box.y0 <= y <= table.box.y1:
            return index
    return None


def _scaled(box: Box, aspect: float) -> Box:
    return Box(box.x0 * aspect, box.y0, box.x1 * aspect, box.y1)


def _text_row(pieces: list[Segment], aspect: float, measured: bool) -> Row:
    words = [word for piece in pieces for word in piece.words]
    if measured and any(map(begins_cjk, words)):
        words = without_cjk_gaps(words, aspect)
    widest = max(pieces, key=lambda piece: piece.characters)
    box = _scaled(Segment(words, 0).box, aspect)
    return Row(words, box, widest.size, all(piece.bold for piece in pieces), pieces)


def _table_row(table: Table, words: list[Word], aspect: float) -> Row:
    return Row(words, _scaled(table.box, aspect), 0, False, [], table)


def _with_tables(rows: list[Row], aspect: float) -> list[Row]:
    """Puts tables in the place of the rows that form them."""
    result: list[Row] = []
    for known, group in groupby(rows, key=lambda row: row.table is not None):
        stretch = list(group)
        position = 0
        for found in [] if known else aligned_tables([r.pieces for r in stretch], aspect):
            words = [word for row in stretch[found.first : found.last] for word in row.words]
            result += stretch[position : found.first]
            result.append(_table_row(found.table, words, aspect))
            position = found.last
        result += stretch[position:]
    return result


def _table_lines(table: Table, words: list[Word], block: int) -> list[Line]:
    """The words of a table, a line for each of its rows."""
    rows: dict[int, list[Word]] = {}
    for word in words:
        y = (word.y0 + word.y1) / 2
        distances = [max(box.y0 - y, y - box.y1, 0.0) for box in table.row_boxes] or [0.0]
        rows.setdefault(distances.index(min(distances)), []).append(word)
    return [Line(words=_in_lines(rows[index]), block=block, role="table") for index in sorted(rows)]


def _in_lines(words: list[Word]) -> list[Word]:
    """Words of a table row, cell after cell from the left, each cell line by line."""
    cells: list[list[Word]] = []
    end = 0.0
    for word in sorted(words, key=lambda word: word.x0):
        if not cells or word.x0 > end + CELL_GAP * (word.y1 - word.y0):
            cells.append([])
        cells[-1].append(word)
        end = max(end, word.x1)
    return [
        word
        for cell in cells
        for row in rows_of([word.box for word in cell])
        for word in words_as_read([cell[index] for index in row])
    ]
