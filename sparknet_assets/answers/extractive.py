"""Answers by quoting: the sentences that support one best, word for word. No model words them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resources.vector_store import Chunk
from sparknet_assets.answers.evidence import MOST_SENTENCES, Passage, Support, weigh
from sparknet_assets.answers.finding import PASSAGES, Found

_QUOTES = 3
# Below this, sentences were as likely to come from documents without an answer: docs/quality.md.
THRESHOLD = 0.95
# A second quote has to be nearly as good as the first.
_NEARLY = 0.85
# One of another period need not be as near: what it stands beside is said by the question.
_COMPARABLE = 0.7


class Quote(NamedTuple):
    """A sentence that answers, and the passage that it is from."""

    chunk: Chunk
    text: str
    score: float


def quotes(found: Found) -> list[Quote]:
    """The sentences that answer, in the order in which one would read them; mostly one to three.

    Where the question compares documents, the best of each, the earliest first.
    """
    chunks = {hit.chunk.chunk_id: hit.chunk for hit in found.hits[:PASSAGES]}
    # What only its words brought up is no nearer than the last that is near in meaning.
    least = min(found.similarity.values(), default=0.0)
    passages = [
        Passage(
            key,
            chunk.text,
            found.similarity.get(key, least),
            " ".join([found.filename(chunk), *chunk.section]),
            chunk.section,
            found.preference(chunk),
        )
        for key, chunk in chunks.items()
    ]
    background = [hit.chunk.text for hit in found.hits]

    def weighed(passages: Sequence[Passage], most: int = MOST_SENTENCES) -> list[Support]:
        return weigh(found.question, found.vector, passages, background, found.embedder, most)

    chosen: list[Support] = []
    if found.compared:
        share = MOST_SENTENCES // len(found.compared)
        chosen = _best_of_each(
            weighed([each for each in passages if chunks[each.key].doc_id == doc_id], share)
            for doc_id in found.compared
        )
    if len(chosen) < 2:
        chosen = _chosen(weighed(passages))
    return [
        Quote(chunks[support.passage.key], support.sentence.text, round(support.score, 4))
        for support in chosen
    ]


def _best_of_each(weighed: Iterable[Sequence[Support]]) -> list[Support]:
    """The best sentence of each document that says something the others don't, in their order."""
    groups = [[s for s in supports if s.score >= THRESHOLD] for supports in weighed]
    best = max((group[0].place for group in groups if group), default=0.0)
    kept: list[Support] = []
    for group in groups:
        for support in group:
            if support.place < _COMPARABLE * best:
                break
            if not any(_overlap(support.sentence.text, other.sentence.text) for other in kept):
                kept.append(support)
                break
    return kept


def _chosen(supports: Sequence[Support]) -> list[Support]:
    """The best sentences, each said once, in the order in which one would read them."""
    supports = [support for support in supports if support.score >= THRESHOLD]
    kept: list[Support] = []
    for support in supports:
        if len(kept) == _QUOTES or support.place < _NEARLY * supports[0].place:
            break
        # Neighbouring chunks share sentences, and cut them short at their edges.
        if not any(_overlap(support.sentence.text, other.sentence.text) for other in kept):
            kept.append(support)
    first = {support.passage.key: place for place, support in reversed(list(enumerate(kept)))}
    return sorted(kept, key=lambda s: (first[s.passage.key], s.sentence.start))


def _overlap(one: str, other: str) -> bool:
    """Whether one of two texts has all of the other."""
    one, other = " ".join(one.split()), " ".join(other.split())
    return one in other or other in one
