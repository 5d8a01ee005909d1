"""Parts of passages into a chunk: its text, its id, and where it stands on the pages."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from resources.ocr import Box
from resources.vector_store import Chunk, PageBox
from sparknet_assets.chunking.runs import Run, text_of, tokens_of


@dataclass(slots=True)
class Part:
    """Text of one passage within a chunk; `joint` is what stands before it."""

    runs: Sequence[Run]
    joint: Literal["\n\n", "\n", " "]
    paragraph: bool = False

    @property
    def tokens(self) -> int:
        return tokens_of(self.runs)


class ChunkMaker:
    """Turns the parts of a chunk into the chunk.

    A chunk's id is a hash of the document's id, the text, and how many chunks before it in the
    document have that same text. So a chunk keeps its id when pages are put in, edited or taken
    out elsewhere; only of equal texts the last one comes or goes.
    """

    def __init__(self, doc_id: str, special: int) -> None:
        self._doc_id = doc_id
        self._special = special
        self._ordinal = 0
        self._seen: Counter[str] = Counter()

    def make(self, parts: Sequence[Part], section: tuple[str, ...]) -> Chunk:
        text = text_of(parts[0].runs) + "".join(p.joint + text_of(p.runs) for p in parts[1:])
        text_hash = hashlib.sha256(text.encode()).hexdigest()
        place = f"{self._doc_id}\0{text_hash}\0{self._seen[text_hash]}"
        chunk = Chunk(
            chunk_id=hashlib.sha256(place.encode()).hexdigest()[:32],
            doc_id=self._doc_id,
            ordinal=self._ordinal,
            text=text,
            text_sha256=text_hash,
            tokens=self._special + sum(part.tokens for part in parts),
            pages=tuple(sorted({run.page for part in parts for run in part.runs})),
            boxes=tuple(_boxes(run for part in parts for run in part.runs)),
            section=section,
        )
        self._seen[text_hash] += 1
        self._ordinal += 1
        return chunk


def _boxes(runs: Iterable[Run]) -> Iterator[PageBox]:
    """A box a line or row, around those of its words that are in the runs."""
    lines: dict[int, tuple[int, list[Box]]] = {}
    for run in runs:
        lines.setdefault(run.line, (run.page, []))[1].extend(run.boxes)
    for page, boxes in lines.values():
        x0, y0, x1, y1 = zip(*boxes, strict=True)
        yield PageBox(page, min(x0), min(y0), max(x1), max(y1))
