"""Passages into chunks: as large as the embedder reads, cut where the text itself has joints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Literal

from resources.embeddings import Embedder
from resources.ocr import PageText
from resources.vector_store import Chunk
from sparknet_assets.chunking.chunk_maker import ChunkMaker, Part
from sparknet_assets.chunking.passages import SENTENCE_END, Passage, PassageReader
from sparknet_assets.chunking.runs import Run, TokenCounts, cut_runs, tokens_of
from sparknet_assets.chunking.splitting import split_runs

_SECTION_CHARACTERS = 200
_SMALL = 6  # text of less than this part of a chunk goes with what follows


def make_chunks(
    doc_id: str, pages: Iterable[PageText], embedder: Embedder, *, size: int, overlap: int
) -> Iterator[Chunk]:
    """Cuts a document into chunks, streaming: memory does not grow with the pages.

    A heading starts a chunk and stays with the text below it; a title, a section or a sentence of
    a few words goes with what follows. Paragraphs under one heading share a chunk while they fit;
    one that is too long is cut between sentences. Table rows are cut only when one alone is too
    long, and the header is repeated in each chunk of the table. A chunk begins with the end of the
    one before, except after a heading or within a table.

    Args:
        size: Most tokens of a chunk, special tokens included; at most what the embedder reads.
        overlap: Most tokens that are repeated from the chunk before; less than half of `size`.
    """
    counts = TokenCounts(embedder)
    room = min(size, embedder.max_tokens) - counts.special
    packer = _Packer(doc_id, counts, room, min(overlap, (room - 1) // 2))
    for passage in PassageReader(counts, room).read(pages):
        yield from packer.add(passage)
    yield from packer.finish()


class _Packer:
    """Fills one chunk after the other.

    A chunk opens with a lead: headings, the repeated header of a table, or the end of the chunk
    before. A lead alone is never a chunk, except headings at the end of the document.
    """

    def __init__(self, doc_id: str, counts: TokenCounts, room: int, overlap: int) -> None:
        self._counts = counts
        self._room = room
        self._overlap = overlap
        self._parts: list[Part] = []
        self._used = 0
        self._has_content = False
        self._before: Part | None = None  # where the chunk before ended, to overlap with
        self._section: list[tuple[int, str]] = []
        self._shared: tuple[str, ...] | None = None  # headings above all of this chunk
        self._chunks = ChunkMaker(doc_id, counts.special)

    def add(self, passage: Passage) -> Iterator[Chunk]:
        """Takes the next passage; yields the chunks that it completes."""
        if passage.role == "heading":
            yield from self._heading(passage)
        elif passage.role == "table":
            yield from self._table(passage)
        else:
            yield from self._paragraph(passage.runs)

    def finish(self) -> Iterator[Chunk]:
        """Yields what is left."""
        if self._parts:
            yield self._close()

    def _heading(self, passage: Passage) -> Iterator[Chunk]:
        if self._has_content and not self._leads_to(passage):
            yield self._close()
        self._has_content = False
        self._before = None
        if self._used + passage.tokens > self._room // 2:
            # More than a lead has room for: text like any other.
            yield from self._paragraph(passage.runs)
        else:
            joint: Literal["\n\n", "\n"] = "\n" if self._shared is None else "\n\n"
            self._append(Part(passage.runs, joint), content=False)
        while self._section and self._section[-1][0] >= passage.level:
            self._section.pop()
        self._section.append((passage.level, passage.text[:_SECTION_CHARACTERS]))

    def _leads_to(self, heading: Passage) -> bool:
        """Whether the section so far is so small that it goes with the next one.

        A title page, or a title with a line below it, says little alone and much above what
        follows. A heading of a higher level starts something else, though.
        """
        return self._small and (not self._section or heading.level >= self._section[-1][0])

    def _paragraph(self, runs: Sequence[Run]) -> Iterator[Chunk]:
        tokens = tokens_of(runs)
        if self._has_content and not self._fits(tokens) and not self._small:
            yield self._close()
        most = self._room - max(self._overlap, self._used)
        pieces = [runs] if self._fits(tokens) else split_runs(runs, most, self._counts)
        joint: Literal["\n\n", " "] = "\n\n"
        for piece in pieces:
            part = Part(piece, joint, paragraph=True)
            if self._has_content and not self._fits(part.tokens):
                yield self._close()
            self._overlap_with_before(self._room - part.tokens)
            self._append(part)
            joint = " "

    def _overlap_with_before(self, room: int) -> None:
        if self._before and not self._parts:
            tail = _tail(self._before, min(self._overlap, room))
            if tail:
                self._append(Part(tail, "\n\n"), content=False)

    def _table(self, table: Passage) -> Iterator[Chunk]:
        rows = [*table.header, *table.runs]
        header = tokens_of(table.header)
        repeated = table.header if header <= self._room // 2 else []
        whole = tokens_of(rows)
        # A table that fits into a chunk stays in one, unless that would part it from its title. A
        # longer one has its header and a row at least where it begins.
        keep_whole = whole <= self._room and not self._small
        start = whole if keep_whole else header + table.runs[0].tokens
        if self._has_content and not self._fits(start):
            yield self._close()
        for number, row in enumerate(rows):
            lead = repeated if number >= len(table.header) else []
            yield from self._row(row, "\n" if number else "\n\n", lead)

    def _row(self, row: Run, joint: Literal["\n\n", "\n"], header: list[Run]) -> Iterator[Chunk]:
        if self._has_content and not self._fits(row.tokens):
            yield self._close()
            if tokens_of(header) + row.tokens <= self._room or row.tokens > self._room:
                self._lead_with(header)
        if self._fits(row.tokens):
            self._append(Part([row], joint))
            return
        most = self._room - max(self._used, tokens_of(header))
        for piece in split_runs([row], most, self._counts):
            if self._has_content:
                yield self._close()
                self._lead_with(header)
            self._append(Part(piece, "\n"))

    def _lead_with(self, header: list[Run]) -> None:
        for row in header:
            self._append(Part([row], "\n"), content=False)

    @property
    def _small(self) -> bool:
        """Whether the chunk so far is too small to stand alone: it goes with what follows."""
        return self._used <= self._room // _SMALL

    def _fits(self, tokens: int) -> bool:
        return self._used + tokens <= self._room

    def _append(self, part: Part, *, content: bool = True) -> None:
        self._parts.append(part)
        self._used += part.tokens
        if content:
            self._has_content = True
            above = tuple(text for _, text in self._section)
            self._shared = above if self._shared is None else _common(self._shared, above)

    def _close(self) -> Chunk:
        above = tuple(text for _, text in self._section)
        chunk = self._chunks.make(self._parts, above if self._shared is None else self._shared)
        last = self._parts[-1]
        self._before = last if last.paragraph and self._overlap else None
        self._parts = []
        self._used = 0
        self._has_content = False
        self._shared = None
        return chunk


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """What two paths begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple(name for name, _ in same)


def _tail(part: Part, most: int) -> list[Run]:
    """The last words of a part, at most `most` tokens, from the start of a sentence if one is."""
    places = [(run, index) for run in part.runs for index in range(len(run.words))]
    start = len(places)
    while start and (most := most - places[start - 1][0].counts[places[start - 1][1]]) >= 0:
        start -= 1
    for place in range(max(start, 1), len(places)):
        run, index = places[place - 1]
        if run.words[index].endswith(SENTENCE_END):
            return cut_runs(part.runs, place, len(places))
    return cut_runs(part.runs, start, len(places))
