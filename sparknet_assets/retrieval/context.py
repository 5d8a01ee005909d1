"""A hit with the passages around it, read as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from resources.vector_store import Chunk, VectorStore
from sparknet_assets.retrieval.results import Context, boxes_of

MOST_CONTEXT = 20
# Fewer characters may be the same by chance.
_LEAST_OVERLAP = 12
_WORD = re.compile(r"\S+")


def contexts(store: VectorStore, chunks: Sequence[Chunk], size: int) -> list[Context]:
    """For each chunk itself with the `size` ones before and after it, as the index has them."""
    places: dict[str, set[int]] = {}
    for chunk in chunks:
        around = range(max(0, chunk.ordinal - size), chunk.ordinal + size + 1)
        places.setdefault(chunk.doc_id, set()).update(around)
    found = {
        (chunk.doc_id, chunk.ordinal): chunk
        for chunk in sorted(store.passages(places), key=lambda chunk: chunk.chunk_id)
    }
    # While a document is being replaced another version may have a chunk of the same place.
    found |= {(chunk.doc_id, chunk.ordinal): chunk for chunk in chunks}
    return [_context(chunk, found, size) for chunk in chunks]


def _context(chunk: Chunk, found: dict[tuple[str, int], Chunk], size: int) -> Context:
    places = range(chunk.ordinal - size, chunk.ordinal + size + 1)
    around = [found[chunk.doc_id, n] for n in places if (chunk.doc_id, n) in found]
    boxes = [box for each in around for box in boxes_of(each)]
    return Context(
        text=joined([each.text for each in around]),
        pages=sorted({page for each in around for page in each.pages}),
        # Passages that overlap have the boxes of the lines that they share.
        boxes=[box for n, box in enumerate(boxes) if box not in boxes[:n]],
        chunk_ids=[each.chunk_id for each in around],
    )


def joined(texts: Sequence[str]) -> str:
    """Texts one after the other, without the beginning of one that repeats the end before it."""
    whole = ""
    for text in texts:
        shared = _overlap(whole, text)
        whole += text[shared:] if shared or not whole else f"\n{text}"
    return whole


def _overlap(before: str, text: str) -> int:
    """Length of the longest beginning of `text` whose words `before` ends with."""
    ends = before.split()
    words = list(_WORD.finditer(text))
    for count in range(min(len(ends), len(words)), 0, -1):
        size = words[count - 1].end()
        if size < _LEAST_OVERLAP:
            return 0
        if ends[-count:] == [word[0] for word in words[:count]]:
            return size
    return 0
