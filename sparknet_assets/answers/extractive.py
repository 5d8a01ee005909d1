"""Answers by quoting: the sentences that support one best, word for word. No model words them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from resources.vector_store import Chunk, SearchHit
from sparknet_assets.answers.amounts import has_figures
from sparknet_assets.answers.evidence import MOST_SENTENCES, Passage, Support, Wanted, weigh
from sparknet_assets.answers.finding import PASSAGES, Found
from sparknet_assets.answers.kinship import lacks_kin
from sparknet_assets.answers.languages import note_on_languages
from sparknet_assets.answers.listing import MOST_LISTED, asks_of_each, mentions, note_on
from sparknet_assets.answers.tables import label_of
from sparknet_assets.answers.timing import Times
from sparknet_assets.retrieval.asking import asked_of

_QUOTES = 3
# Below this, sentences were as likely to come from documents without an answer: docs/quality.md.
THRESHOLD = 0.95
# A second quote has to be nearly as good as the first.
_NEARLY = 0.85
# One of another period need not be as near: what it stands beside is said by the question.
_COMPARABLE = 0.7
# Where something is asked of each of several documents, so many passages of each are looked at.
_PASSAGES_OF_EACH = 3
_WORD = re.compile(r"[^\W_]+")
_FOOTNOTE = re.compile(r"\(\d{1,2}\)")


class Quote(NamedTuple):
    """A sentence that answers, and the passage that it is from."""

    chunk: Chunk
    text: str
    score: float | None


class Quoted(NamedTuple):
    """The sentences that answer, and what the reader should know of them; mostly nothing."""

    quotes: list[Quote]
    note: str


def quotes(found: Found) -> Quoted:
    """The sentences that answer, in the order in which one would read them; mostly one to three.

    Where the question compares documents, the best of each, the earliest first; where it asks for
    something of each, the best of each, the best first; where it asks which documents mention
    something, the first sentence of each that does.
    """
    if found.subject:
        return _mentioned(found)
    if unknown := found.strangers.names:
        return Quoted([], f"Nothing that was found has the name {' or '.join(unknown)}.")
    admitted, missing = _of_time(found)
    first = [hit for hit in found.hits[:PASSAGES] if hit in admitted] or admitted[:PASSAGES]
    passages = _passages(found, admitted, {hit.chunk.chunk_id for hit in first})
    chunks = {hit.chunk.chunk_id: hit.chunk for hit in admitted}
    background = [hit.chunk.text for hit in found.hits]

    def weighed(
        passages: Sequence[Passage], most: int = MOST_SENTENCES, wanted: Wanted | None = None
    ) -> list[Support]:
        asked, embedder = (found.question, found.vector), found.embedder
        return weigh(*asked, passages, background, embedder, most, wanted)

    chosen: list[Support] = []
    if found.compared:
        share = MOST_SENTENCES // len(found.compared)
        chosen = _best_of_each(
            weighed([each for each in passages if chunks[each.key].doc_id == doc_id], share)
            for doc_id in found.compared
        )
    elif asks_of_each(found.question):
        chosen = _of_each(found, admitted, weighed)
    if len(chosen) < 2:
        chosen = _chosen(weighed(passages, wanted=Wanted(THRESHOLD, _NEARLY)))
    if lacks_kin(found.question, [support.sentence.text for support in chosen]):
        chosen = []
    said = [
        Quote(chunks[support.passage.key], support.sentence.text, round(support.score, 4))
        for support in chosen
    ]
    return Quoted(said, missing or ("" if said else _other_language(found)))


def _other_language(found: Found) -> str:
    texts = "\n".join(hit.chunk.text for hit in found.hits[:PASSAGES])
    return note_on_languages(found.question, texts)


def _mentioned(found: Found) -> Quoted:
    """A sentence of each document that mentions what is asked about: all its words, one of them."""
    listed = mentions(found.subject, found.mentioning)
    said = [Quote(each.chunk, each.text, None) for each in listed[:MOST_LISTED]]
    return Quoted(said, note_on(listed, len(found.mentioning)))


def _of_each(
    found: Found,
    hits: Sequence[SearchHit],
    weighed: Callable[[Sequence[Passage], int], list[Support]],
) -> list[Support]:
    """The best of each of the first documents, if it is nearly as good as the best of all."""
    of: dict[str, list[SearchHit]] = {}
    for hit in hits:
        of.setdefault(hit.chunk.doc_id, []).append(hit)
    first = [group[:_PASSAGES_OF_EACH] for group in [*of.values()][:MOST_LISTED]]
    share = max(MOST_SENTENCES // max(len(first), 1), 1)
    near = {hit.chunk.chunk_id for group in first for hit in group}
    kept = _best_of_each(weighed(_passages(found, group, near), share) for group in first)
    return sorted(kept, key=lambda support: -support.place)


def _of_time(found: Found) -> tuple[list[SearchHit], str]:
    """The hits that can tell of a period that the question names, and a note of one none can.

    Documents that are compared were chosen by their periods.
    """
    asked = asked_of(found.question).periods
    if not asked:
        return list(found.hits), ""
    times = Times(found.hits, found.records, found.named)
    telling = {each: [h for h in found.hits if times.tells(h.chunk, each)] for each in asked}
    told = {hit.chunk.chunk_id for hits in telling.values() for hit in hits}
    admitted = [
        hit
        for hit in found.hits
        if hit.chunk.chunk_id in told or hit.chunk.doc_id in found.compared
    ]
    missing = [str(each) for each, hits in telling.items() if not hits]
    note = f"Nothing that was found is of {' or '.join(missing)}." if missing else ""
    return admitted, note if found.hits else ""


def _passages(found: Found, hits: Sequence[SearchHit], near: Collection[str]) -> list[Passage]:
    """The hits; of those that are not near only the rows that are called what is asked for."""
    # What only its words brought up is no nearer than the last that is near in meaning.
    least = min(found.similarity.values(), default=0.0)
    return [
        Passage(
            hit.chunk.chunk_id,
            hit.chunk.text,
            found.similarity.get(hit.chunk.chunk_id, least),
            " ".join([found.filename(hit.chunk), *hit.chunk.section]),
            hit.chunk.section,
            found.preference(hit.chunk),
            stranger=hit.chunk.doc_id in found.strangers.documents,
            rows_only=hit.chunk.chunk_id not in near,
        )
        for hit in hits
    ]


def _best_of_each(weighed: Iterable[Sequence[Support]]) -> list[Support]:
    """The best of each document that says something the others don't, in their order.

    Where rows called the same are nearly as good as what is best in each, it is these: they tell
    of the same thing.
    """
    groups = [[s for s in supports if s.score >= THRESHOLD] for supports in weighed]
    best = max((group[0].place for group in groups if group), default=0.0)
    if rows := _same_rows(groups):
        return rows
    kept: list[Support] = []
    for group in groups:
        for support in group:
            if support.place < _COMPARABLE * best:
                break
            if not any(_overlap(support.sentence.text, other.sentence.text) for other in kept):
                kept.append(support)
                break
    return kept


def _same_rows(groups: Sequence[Sequence[Support]]) -> list[Support]:
    """A row of each document, all called the same, if they are nearly as good as the best there."""
    groups = [group for group in groups if group]
    if len(groups) < 2:
        return []
    called: dict[str, list[Support]] = {}
    for number, group in enumerate(groups):
        for support in group:
            if has_figures(support.sentence.text):
                rows = called.setdefault(_called(support), [])
                if len(rows) == number:
                    rows.append(support)
    called.pop("", None)
    whole = [rows for rows in called.values() if len(rows) == len(groups)]
    best = max(whole, key=lambda rows: sum(row.place for row in rows), default=[])
    enough = _NEARLY * sum(group[0].place for group in groups)
    return best if sum(row.place for row in best) >= enough else []


def _called(support: Support) -> str:
    """The label of a row as it is compared: without signs and marks of footnotes."""
    label = _FOOTNOTE.sub("", label_of(support.sentence.text))
    return " ".join(_WORD.findall(label.casefold()))


def _chosen(supports: Sequence[Support]) -> list[Support]:
    """The best, each said once: rows the best first, sentences of a passage as one reads them."""
    supports = [support for support in supports if support.score >= THRESHOLD]
    kept: list[Support] = []
    for support in supports:
        if len(kept) == _QUOTES or support.place < _NEARLY * supports[0].place:
            break
        # Neighbouring chunks share sentences, and cut them short at their edges.
        if not any(_overlap(support.sentence.text, other.sentence.text) for other in kept):
            kept.append(support)
    if any(label_of(support.sentence.text) for support in kept):
        return kept
    first = {support.passage.key: place for place, support in reversed(list(enumerate(kept)))}
    return sorted(kept, key=lambda s: (first[s.passage.key], s.sentence.start))


def _overlap(one: str, other: str) -> bool:
    """Whether one of two texts has all of the other."""
    one, other = " ".join(one.split()), " ".join(other.split())
    return one in other or other in one
