"""Pages of text as headings, paragraphs and tables, across page breaks, each word counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from resources.ocr import Box, Line, PageText, Table
from sparknet_assets.chunking.hyphens import ends_parted, join_hyphenated, known_words
from sparknet_assets.chunking.runs import Run, TokenCounts, text_of, tokens_of

# A word longer than this is no word; it is cut so that no passage grows without bound.
LONGEST_WORD = 500
_LOWEST = 6  # level of a heading that comes without one
CELL_SEPARATOR = "|"
# The last five: full stop of Chinese and Japanese, fullwidth ! and ?, Arabic ?, Hindi danda.
SENTENCE_END = (".", "!", "?", "\u3002", "\uff01", "\uff1f", "\u061f", "\u0964")
_NO_CONTINUATION = (*SENTENCE_END, ":", ";", '"', "\u201d", ")")


@dataclass(slots=True)
class Passage:
    """A heading, a paragraph or a table.

    Attributes:
        level: Of a heading, 1 the highest.
        header: The rows of a table that name its columns; the other rows are in `runs`.
    """

    role: Literal["heading", "text", "table"]
    runs: list[Run]
    level: int = 0
    header: list[Run] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        return tokens_of(self.runs)

    @property
    def text(self) -> str:
        return text_of(self.runs)


class PassageReader:
    """Turns pages, one at a time, into passages in reading order."""

    def __init__(self, counts: TokenCounts, room: int) -> None:
        """Remembers `room`, the tokens that a chunk has for text."""
        self._counts = counts
        self._longest_word = max(1, room // 2)
        self._longest_paragraph = 4 * room  # one of more isn't carried over another page break
        self._lines = 0
        self._known: Collection[str] = ()

    def read(self, pages: Iterable[PageText]) -> Iterator[Passage]:
        """The passages; a paragraph that a page break interrupts is one passage."""
        held: Passage | None = None
        for page in pages:
            parted = any(line.words and ends_parted(line.words[-1].text) for line in page.lines)
            self._known = known_words(_words_of(page)) if parted else frozenset()
            passages = list(self._passages(page))
            if held and passages and self._continues(held, passages[0]):
                held.runs.extend(passages.pop(0).runs)
            if not passages:
                continue
            if held:
                yield held
            yield from passages[:-1]
            held = passages[-1]
        if held:
            yield held

    def _continues(self, held: Passage, following: Passage) -> bool:
        if held.role != "text" or following.role != "text" or held.tokens > self._longest_paragraph:
            return False
        open_end = not held.runs[-1].words[-1].endswith(_NO_CONTINUATION)
        return open_end and following.runs[0].words[0][0].islower()

    def _passages(self, page: PageText) -> Iterator[Passage]:
        self._counts.add(_words_of(page))
        tables: dict[int, list[Table]] = {}
        for table in page.tables:
            tables.setdefault(table.block, []).append(table)
        waiting = dict(tables)
        for (block, role, level), group in groupby(
            page.lines, lambda line: (line.block, line.role, line.level)
        ):
            if block not in tables:
                yield from _passage(role, self._paragraph(page.page, group), level or _LOWEST)
            elif block in waiting:
                lines = [line for line in page.lines if line.block == block]
                yield from self._tables(page.page, waiting.pop(block), lines)
        for rest in waiting.values():
            yield from self._tables(page.page, rest, [])

    def _tables(
        self, page: int, tables: Sequence[Table], lines: Sequence[Line]
    ) -> Iterator[Passage]:
        """The tables of one block; lines of it that no cell holds follow as rows."""
        left_out = self._runs(page, _lines_left_out(tables, lines))
        for number, table in enumerate(tables, start=1):
            rows = [
                self._run(page, [(word, box) for word in _row_words(cells)])
                for cells, box in zip(table.rows, _row_boxes(table), strict=True)
            ]
            header = [row for row in rows[: table.header_rows] if row.words]
            body = [row for row in rows[table.header_rows :] if row.words]
            if number == len(tables):
                body += left_out
            if body:
                yield Passage("table", body, header=header)
            else:
                yield from _passage("table", header)

    def _runs(self, page: int, lines: Iterable[Line]) -> list[Run]:
        runs = [self._run(page, _placed_parts(line)) for line in lines]
        return [run for run in runs if run.words]

    def _paragraph(self, page: int, lines: Iterable[Line]) -> list[Run]:
        """As `_runs`, words that the end of a line parts put together."""
        parts = join_hyphenated(list(map(_placed_parts, lines)), self._known)
        return [self._run(page, line) for line in parts]

    def _run(self, page: int, words: Sequence[tuple[str, Box]]) -> Run:
        self._lines += 1
        run = Run(page, self._lines, [], [], [])
        for word, box in words:
            for piece in self._counts.cut(word, self._longest_word):
                run.words.append(piece)
                run.counts.append(self._counts[piece])
                run.boxes.append(box)
        return run


def _passage(
    role: Literal["heading", "text", "table"], runs: list[Run], level: int = 0
) -> Iterator[Passage]:
    if runs:
        yield Passage(role, runs, level)


def _placed_parts(line: Line) -> list[tuple[str, Box]]:
    return [(part, word.box) for word in line.words for part in _parts(word.text)]


def _words_of(page: PageText) -> Iterator[str]:
    for line in page.lines:
        for word in line.words:
            yield from _parts(word.text)
    for table in page.tables:
        for row in table.rows:
            yield from _row_words(row)


def _parts(text: str) -> list[str]:
    """The words in a text, those of absurd length cut."""
    if len(text) <= LONGEST_WORD:
        return text.split()
    return [
        word[start : start + LONGEST_WORD]
        for word in text.split()
        for start in range(0, len(word), LONGEST_WORD)
    ]


def _row_words(cells: Sequence[str]) -> list[str]:
    """The words of a row with a separator between cells; empty cells at its end are left out."""
    words: list[str] = []
    pending = 0
    for cell in cells:
        parts = _parts(cell)
        if parts:
            words.extend([CELL_SEPARATOR] * pending)
            words.extend(parts)
            pending = 0
        pending += 1
    return words


def _row_boxes(table: Table) -> list[Box]:
    """A box for each row; the table's own where an engine gave too few."""
    boxes = table.row_boxes[: len(table.rows)]
    return boxes + [table.box] * (len(table.rows) - len(boxes))


def _lines_left_out(tables: Iterable[Table], lines: Iterable[Line]) -> list[Line]:
    """Lines with a word that no cell holds: recognition of tables may miss some."""
    rows = [row for table in tables for row in table.rows]
    cells = [part for row in rows for cell in row for part in _parts(cell)]
    left = Counter(cells)
    together = "".join(cells)
    missing = []
    for line in lines:
        words = [part for word in line.words for part in _parts(word.text)]
        # Cells may hold a word in pieces, or glued to its neighbour: compared without spaces then.
        if any(left[word] <= 0 and word not in together for word in words):
            missing.append(line)
        left.subtract(words)
    return missing
