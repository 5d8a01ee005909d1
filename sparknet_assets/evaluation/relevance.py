"""Which of the passages found are what a question of an evaluation set is about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from sparknet_assets.evaluation.ranking_metrics import Relevance
from sparknet_assets.evaluation.sets import Question

_SPACE = re.compile(r"\s+")


class _Box(Protocol):
    page: int


class Found(Protocol):
    """A hit of a search, or a citation."""

    doc_id: str
    page: int

    @property
    def boxes(self) -> Sequence[_Box]: ...


class PassageFound(Found, Protocol):
    """A hit with its text."""

    text: str


class Judged(NamedTuple):
    """A ranking of documents, pages or passages.

    Attributes:
        relevant: How many relevant ones there are.
    """

    ranking: Relevance
    relevant: int


def judge(question: Question, hits: Sequence[PassageFound]) -> dict[str, Judged]:
    """Rankings by level, for each level that the question has truth for.

    `document`: each document stands where its first passage does. `page`: each page likewise; a
    passage stands on the page that most of it is on, and is right if any of it is on a right one.
    `passage`: a passage is right if it has the quote.
    """
    judged: dict[str, Judged] = {}
    right = set(question.doc_id)
    if right:
        order = dict.fromkeys(hit.doc_id for hit in hits)
        judged["document"] = Judged([doc_id in right for doc_id in order], len(right))
    if question.page:
        judged["page"] = Judged(_pages(question, hits), 1)
    if question.quote:
        wanted = folded(question.quote)
        ranking = [wanted in folded(hit.text) for hit in hits]
        judged["passage"] = Judged(_first_only(ranking), 1)
    return judged


def on_right_page(question: Question, found: Found) -> bool:
    """Whether any of it is on a page that holds the answer."""
    return found.doc_id in question.doc_id and not pages_of(found).isdisjoint(question.page)


def pages_of(found: Found) -> set[int]:
    return {found.page, *(box.page for box in found.boxes)}


def holds_answer(answers: Collection[str], texts: Iterable[str]) -> bool:
    """Whether one of the texts has one of the answers; letter case and spaces don't count."""
    wanted = [folded(answer) for answer in answers]
    return any(answer in text for text in map(folded, texts) for answer in wanted)


def folded(text: str) -> str:
    """Without what differs between copies of a text: case, spaces, compatibility forms."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def _pages(question: Question, hits: Sequence[PassageFound]) -> list[bool]:
    order: dict[tuple[str, int], bool] = {}
    for hit in hits:
        place = (hit.doc_id, hit.page)
        order[place] = order.get(place, False) or on_right_page(question, hit)
    return _first_only(list(order.values()))


def _first_only(ranking: Sequence[bool]) -> list[bool]:
    """Where several would do, one is enough: only the first relevant place stays so."""
    first = ranking.index(True) if True in ranking else -1
    return [place == first for place in range(len(ranking))]
