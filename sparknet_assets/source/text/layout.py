"""From pieces of text to lines in reading order, with paragraphs, headings and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Literal

from resources.ocr import Box, Line, Table, Word
from sparknet_assets.source.text.aligned import aligned_tables
from sparknet_assets.source.text.reading_order import (
    Item,
    Segment,
    reading_order,
    runs_right_to_left,
)

# Size of a heading relative to the body, by level. Boxes of OCR vary with the letters they hold,
# hence the wider margin.
LEVELS = ((1.7, 1), (1.3, 2), (1.12, 3))
OCR_LEVELS = ((2.2, 1), (1.7, 2), (1.45, 3))
LONGEST_HEADING = 160
MOST_HEADING_WORDS = 20
# A new paragraph begins after a step of this many usual steps from line to line.
PARAGRAPH_STEP = 1.3
INDENT = 0.8
SAME_SIZE = 0.12
OCR_SAME_SIZE = 0.4


@dataclass(frozen=True, slots=True)
class _Row:
    """A line on its way: its words, and what says where its paragraph begins."""

    words: list[Word]
    box: Box
    size: float
    bold: bool
    pieces: list[Segment]
    table: Table | None = None


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
        Lines in reading order, and the tables, numbered by their block, in the same order.
    """
    inside = [_table_of(segment.box, tables) for segment in segments]
    loose = [segment for segment, table in zip(segments, inside, strict=True) if table is None]
    held: list[list[Word]] = [[] for _ in tables]
    for segment, index in zip(segments, inside, strict=True):
        if index is not None:
            held[index].extend(segment.words)
    backwards = runs_right_to_left([word for segment in segments for word in segment.words])
    items = [Item(i, _scaled(s.box, aspect), s.characters) for i, s in enumerate(loose)]
    items += [Item(-1 - i, _scaled(table.box, aspect), 0) for i, table in enumerate(tables)]
    body = _body_size(loose)
    lines: list[Line] = []
    placed: list[Table] = []
    block = 0
    for column in reading_order(items, backwards):
        rows: list[_Row] = []
        for keys in column:
            pieces = [loose[key] for key in keys if key >= 0]
            rows += [_text_row(pieces, aspect)] if pieces else []
            rows += [_table_row(tables[-1 - k], held[-1 - k], aspect) for k in keys if k < 0]
        if find_tables:
            rows = _with_tables(rows, aspect)
        for group in _paragraphs(rows, SAME_SIZE if measured else OCR_SAME_SIZE):
            first = group[0]
            if first.table is not None:
                placed.append(first.table.model_copy(update={"block": block}))
                lines += _table_lines(first.table, first.words, block)
            else:
                level = _level(group, body, LEVELS if measured else OCR_LEVELS)
                role: Literal["text", "heading"] = "text" if level is None else "heading"
                lines += [
                    Line(words=row.words, block=block, role=role, level=level) for row in group
                ]
            block += 1
    return lines, placed


def _table_of(box: Box, tables: Sequence[Table]) -> int | None:
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    for index, table in enumerate(tables):
        if table.box.x0 <= x <= table.box.x1 and table.box.y0 <= y <= table.box.y1:
            return index
    return None


def _scaled(box: Box, aspect: float) -> Box:
    return Box(box.x0 * aspect, box.y0, box.x1 * aspect, box.y1)


def _body_size(segments: Sequence[Segment]) -> tuple[float, bool]:
    """The size that most characters have, and whether most are bold."""
    sizes: Counter[float] = Counter()
    bold = total = 0
    for segment in segments:
        sizes[round(segment.size, 3)] += segment.characters
        bold += segment.bold * segment.characters
        total += segment.characters
    if not sizes:
        return 0.0, False
    common = max(sizes, key=lambda size: (sizes[size], size))
    near = [s.size for s in segments if abs(s.size - common) <= SAME_SIZE * common]
    return median(near or [common]), 2 * bold > total


def _text_row(pieces: list[Segment], aspect: float) -> _Row:
    words = [word for piece in pieces for word in piece.words]
    widest = max(pieces, key=lambda piece: piece.characters)
    box = _scaled(Segment(words, 0).box, aspect)
    return _Row(words, box, widest.size, all(piece.bold for piece in pieces), pieces)


def _table_row(table: Table, words: list[Word], aspect: float) -> _Row:
    return _Row(words, _scaled(table.box, aspect), 0, False, [], table)


def _with_tables(rows: list[_Row], aspect: float) -> list[_Row]:
    """Puts tables in the place of the rows that form them."""
    result: list[_Row] = []
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


def _paragraphs(rows: list[_Row], same_size: float) -> list[list[_Row]]:
    steps = [
        after.box.y1 - before.box.y1
        for before, after in pairwise(rows)
        if _alike(before, after, same_size) and after.box.y1 > before.box.y1
    ]
    usual = median(steps) if steps else 0.0
    groups: list[list[_Row]] = []
    for index, row in enumerate(rows):
        follower = rows[index + 1] if index + 1 < len(rows) else None
        if groups and not _begins(groups[-1][-1], row, follower, usual, same_size):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _alike(before: _Row, after: _Row, same_size: float) -> bool:
    if before.table is not None or after.table is not None:
        return False
    return (
        abs(before.size - after.size) <= same_size * max(before.size, after.size)
        and before.bold == after.bold
    )


def _begins(before: _Row, row: _Row, after: _Row | None, usual: float, same_size: float) -> bool:
    """Whether a paragraph begins with `row`."""
    if not _alike(before, row, same_size):
        return True
    height = row.box.y1 - row.box.y0
    step = row.box.y1 - before.box.y1
    if step <= 0 or step > max(PARAGRAPH_STEP * usual, 1.2 * height):
        return True
    indent = INDENT * height
    return (
        after is not None
        and row.box.x0 > before.box.x0 + indent
        and row.box.x0 > after.box.x0 + indent
    )


def _level(
    group: list[_Row], body: tuple[float, bool], levels: Sequence[tuple[float, int]]
) -> int | None:
    """The level of a heading by its size, 3 for one that is only bold; None for other text."""
    size, bold = body
    words = [word for row in group for word in row.words]
    text = " ".join(word.text for word in words)
    letters = sum(character.isalpha() for character in text)
    if letters < 2 or 2 * letters < len(text) or len(text) > LONGEST_HEADING:
        return None
    if len(words) > MOST_HEADING_WORDS or text[-1] in ".,;":
        return None
    for ratio, level in levels:
        if size and min(row.size for row in group) >= ratio * size:
            return level
    return 3 if not bold and all(row.bold for row in group) else None


def _table_lines(table: Table, words: list[Word], block: int) -> list[Line]:
    """The words of a table, a line for each of its rows."""
    rows: dict[int, list[Word]] = {}
    for word in words:
        y = (word.y0 + word.y1) / 2
        distances = [max(box.y0 - y, y - box.y1, 0.0) for box in table.row_boxes] or [0.0]
        rows.setdefault(distances.index(min(distances)), []).append(word)
    return [Line(words=_in_lines(rows[index]), block=block, role="table") for index in sorted(rows)]


def _in_lines(words: list[Word]) -> list[Word]:
    """Words of a table row from left to right, cell texts of several lines kept together."""
    return sorted(words, key=lambda word: (round(word.x0, 2), word.y0, word.x0))
