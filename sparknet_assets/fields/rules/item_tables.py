"""Items from tables whose cells are known: drawn with rules, or stated by the source file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter

from resources.ocr import Box, PageText, Table, Word
from sparknet_assets.fields.rules.candidates import longest
from sparknet_assets.fields.rules.item_columns import Head, Heads, amount_columns, text_column
from sparknet_assets.fields.rules.item_rows import (
    MOSTLY,
    Item,
    ItemRun,
    closing_fields,
    drop_sums,
    fields_beside,
)
from sparknet_assets.fields.rules.labels import LabelIndex, find_labels, skeleton
from sparknet_assets.fields.rules.layout import Cut
from sparknet_assets.fields.schema import Schema, TableSpec

_HEAD_ROWS = 3  # so many of the first rows may be the heads
_WIDEST = 200  # columns


class TableReader:
    """Takes page after page and gathers the rows of the tables that have a schema's columns."""

    def __init__(self, schema: Schema, table: TableSpec) -> None:
        self._schema = schema
        self._table = table
        self._closing = LabelIndex(
            label for spec in closing_fields(schema) for label in spec.labels
        )
        self._beside = LabelIndex(
            label for spec in fields_beside(schema, table) for label in spec.labels
        )
        self._open: tuple[ItemRun, list[int | None]] | None = None
        self.runs: list[ItemRun] = []

    def read(self, page: PageText) -> None:
        """Reads the next page."""
        took = False
        for table in page.tables:
            width = len(table.rows[0]) if table.rows else 0
            if not 0 < width <= _WIDEST:
                continue
            first, columns = self._heads(table)
            if columns is None and self._goes_on(page, width):
                first, columns = 0, self._open[1] if self._open else None
            if columns is None:
                continue
            self._take(page, table, first, columns)
            took = True
        if not took:
            self._open = None

    def _goes_on(self, page: PageText, width: int) -> bool:
        if self._open is None:
            return False
        run, columns = self._open
        return run.last_page == page.page - 1 and len(columns) == width

    def _heads(self, table: Table) -> tuple[int, list[int | None] | None]:
        """The number of the first row of items, and the schema's column for each of the table's."""
        for number, row in enumerate(table.rows[: max(_HEAD_ROWS, table.header_rows)]):
            columns = self._columns(row)
            known = [column for column in columns if column is not None]
            if len(known) >= 2 and set(known) & set(amount_columns(self._table)):
                return max(number + 1, table.header_rows), columns
        return 0, None

    def _columns(self, row: Sequence[str]) -> list[int | None]:
        """The schema's column for each cell. Of two that name the same one, the closer has it."""
        named = [self._named(cell) for cell in row]
        best: dict[int, tuple[int, int]] = {}
        for place, (column, off) in enumerate(named):
            if column is not None:
                best[column] = min(best.get(column, (off, place)), (off, place))
        return [
            column if column is not None and best[column][1] == place else None
            for place, (column, _) in enumerate(named)
        ]

    def _named(self, cell: str) -> tuple[int | None, int]:
        """The column that a cell is the head of, and how many of its letters are others."""
        letters = len(skeleton(cell)[0])
        found = [
            (match.errors + abs(letters - match.size), number)
            for number, column in enumerate(self._table.columns)
            for match in longest(find_labels(cell, (*column.labels, column.name.replace("_", " "))))
            if match.start == 0 and match.size >= 0.6 * letters
        ]
        off, number = min(found, default=(0, None))
        return number, off

    def _take(self, page: PageText, table: Table, first: int, columns: list[int | None]) -> None:
        heads = tuple(Head(column, 0.0, 0.0) for column in columns)
        there = [c for c in columns if c is not None]
        amounts = amount_columns(self._table)
        # The last column of amounts on the page where the schema's last one is not there.
        by_place = [c for c in reversed(there) if c in amounts]
        amount = amounts[0] if amounts[0] in there else by_place[0]
        run = Heads(heads, text_column(self._table) or 0, amount)
        same = next((r for r in self.runs if r.heads.columns == run.columns), None)
        if same is None:
            same = ItemRun(run)
            self.runs.append(same)
        same.last_page = page.page
        self._open = (same, columns)
        words = _words_of(page, table)
        for number in range(first, len(table.rows)):
            if self._says(self._beside, table.rows[number], columns, run):
                continue
            if self._says(self._closing, table.rows[number], columns, run):
                drop_sums(same, self._schema)
                self._open = None
                return
            box = table.row_boxes[number] if number < len(table.row_boxes) else table.box
            item = _item(page, table.rows[number], columns, box, words)
            if run.amount in item.cells:
                same.items.append(item)
            elif same.items and set(item.cells) <= {run.text}:
                same.items[-1].add(item)
            elif item.cells:
                same.stray += 1

    def _says(
        self, labels: LabelIndex, row: Sequence[str], columns: Sequence[int | None], run: Heads
    ) -> bool:
        """Whether a row is none of items: a cell is such a label, and none else has a text."""
        if not labels.by_letter:
            return False
        texts = [cell for cell, c in zip(row, columns, strict=False) if c == run.text]
        for cell in row:
            found = longest(find_labels(cell, labels, leading=True))
            letters = sum(c.isalpha() for c in skeleton(cell)[0])
            if found and found[0].size >= MOSTLY * letters:
                return cell in texts or not any(text.strip() for text in texts)
        return False


def _words_of(page: PageText, table: Table) -> list[tuple[float, int, Word]]:
    """The words of a table by the middle of their height, each with its place in the text."""
    words = [word for line in page.lines if line.block == table.block for word in line.words]
    return sorted(((word.y0 + word.y1) / 2, place, word) for place, word in enumerate(words))


def _item(
    page: PageText,
    cells: Sequence[str],
    columns: Sequence[int | None],
    box: Box,
    words: Sequence[tuple[float, int, Word]],
) -> Item:
    first = bisect_left(words, box.y0, key=itemgetter(0))
    last = bisect_right(words, box.y1, key=itemgetter(0))
    beside = (word for _, _, word in sorted(words[first:last], key=itemgetter(1)))
    inside = [word for word in beside if box.x0 <= (word.x0 + word.x1) / 2 <= box.x1]
    item = Item()
    for cell, column in zip(cells, columns, strict=False):
        if column is not None and cell.strip():
            item.cells.setdefault(column, []).append(_cut(page.page, cell, inside, box))
    return item


def _cut(page: int, cell: str, words: Sequence[Word], row: Box) -> Cut:
    """The text of a cell with the boxes of its words, or of its row where they are not found."""
    tokens = cell.split()
    texts = [word.text for word in words]
    for start in range(len(words) - len(tokens) + 1):
        if texts[start : start + len(tokens)] == tokens:
            found = words[start : start + len(tokens)]
            return Cut(cell, page, [w.box for w in found], min(w.confidence for w in found))
    return Cut(cell, page, [row], min((w.confidence for w in words), default=1.0))
