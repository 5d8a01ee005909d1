"""How far a question names each document that was found, rather than the others: words, periods."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from resources.catalog import DocumentRecord
from resources.vector_store import SearchHit, VectorStore
from resources.vector_store.words import indexed_form, query_terms
from sparknet_assets.retrieval.asking import Asked, asked_of
from sparknet_assets.retrieval.periods import (
    Period,
    agreement,
    in_time,
    latest,
    own_periods,
    periods_in,
    without_periods,
)

# What is asked of the catalog and the index for a question stays bounded.
MOST_DOCUMENTS = 50
# Documents whose periods are compared.
MOST_COMPARED = 4
# Covers that are read for a question, and characters of each.
_MOST_COVERS = 25
_COVER = 1000
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_VERSION = re.compile(r"\bversion\s+(?=\d)", re.IGNORECASE)


class Named(NamedTuple):
    """How far a question names a document.

    Attributes:
        words: Of the question, in the name or title, that not all documents found have there.
        by_words: 0 to 1, see `named_in`.
        period: The document's own, as far as it was looked for; empty where it is not known.
        by_period: How far that is the one asked for: 0 to 1.
        family: Same for versions of the same thing: documents called the same but for their period.
    """

    words: tuple[str, ...] = ()
    by_words: float = 0.0
    period: tuple[Period, ...] = ()
    by_period: float = 0.0
    family: str = ""

    @property
    def factor(self) -> float:
        """What the score of each passage of the document is multiplied by: 1 to 3."""
        return 1 + self.by_words + self.by_period

    @property
    def preference(self) -> float:
        """How far its sentences are preferred to others that support an answer as well: 0 to 1."""
        return max(self.by_words, self.by_period)


UNNAMED = Named()


def naming(
    question: str,
    ranking: Sequence[SearchHit],
    records: Mapping[str, DocumentRecord],
    store: VectorStore,
) -> dict[str, Named]:
    """How far the question names the documents found; of the first fifty, those it names at all.

    File names and titles tell of a document. Of its period, where they don't, so does its cover:
    the first passage, if it has several. Covers are read for at most twenty-five documents, and
    for none where the question says nothing of periods.
    """
    found = dict.fromkeys(hit.chunk.doc_id for hit in ranking)
    known = {key: records[key] for key in [key for key in found if key in records][:MOST_DOCUMENTS]}
    if len(known) < 2:
        return {}
    names = {key: names_of(record) for key, record in known.items()}
    asked = asked_of(question)
    by_words = named_in(question, names)
    own, families = _own_periods(asked, known, names, store)
    by_period = _by_period(asked, own, families)
    result = {
        key: Named(
            *by_words.get(key, ((), 0.0)),
            tuple(own.get(key, ())),
            by_period.get(key, 0.0),
            families.get(key, ""),
        )
        for key in known
    }
    return {key: named for key, named in result.items() if named != UNNAMED}


def favoured(ranking: Sequence[SearchHit], named: Mapping[str, Named]) -> list[SearchHit]:
    """The ranking with the passages of named documents multiplied by how far they are."""
    if not named:
        return list(ranking)
    scored = [
        hit._replace(score=hit.score * named.get(hit.chunk.doc_id, UNNAMED).factor)
        for hit in ranking
    ]
    return sorted(scored, key=lambda hit: -hit.score)


def compared(question: str, named: Mapping[str, Named]) -> list[str]:
    """The documents whose periods a question compares, the earliest first; none unless it does.

    They are versions of one thing: of the first that has several of different periods. Where the
    question names periods, those that it names, and the latest where it asks for that too; where
    it names one, that and the ones before. Of more than four the last four.
    """
    asked = asked_of(question)
    if not asked.several:
        return []
    families: dict[str, list[str]] = {}
    for key, each in named.items():
        if each.period:
            families.setdefault(each.family, []).append(key)
    for keys in families.values():
        moments = in_time([named[key].period for key in keys])
        if moments is None:
            continue
        # Of the same period the first is the one that ranks best.
        of = dict(zip(reversed(moments), reversed(keys), strict=True))
        of = _compared_moments(asked, of, named)
        if len(of) > 1:
            return [key for _, key in sorted(of.items())][-MOST_COMPARED:]
    return []


def _compared_moments(
    asked: Asked, of: dict[tuple[int, ...], str], named: Mapping[str, Named]
) -> dict[tuple[int, ...], str]:
    """Of the versions of a thing, by when they are of, those that a question compares."""
    said = [moment for moment, key in of.items() if named[key].by_period == 1]
    if said and asked.latest:
        return {moment: of[moment] for moment in {*said, max(of)}}
    if len(said) > 1 or (said and len(asked.periods) > 1):
        return {moment: of[moment] for moment in said}
    if said:
        return {moment: key for moment, key in of.items() if moment <= said[0]}
    if asked.periods and not any(named[key].by_period for key in of.values()):
        # They are of other times than those that it compares.
        return {}
    return of


def names_of(record: DocumentRecord) -> tuple[str, ...]:
    """What a document is called: the name of its file without its ending, and its title."""
    name = record.filename or record.raw_key.rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0] or name
    return tuple(filter(None, (stem, record.title)))


def named_in(
    question: str, names: Mapping[str, Sequence[str]]
) -> dict[str, tuple[tuple[str, ...], float]]:
    """doc_id -> the words of the question that name it and how far they do: 0 to 1.

    A word weighs the logarithm of how many documents there are for one that is called by it, so
    what all are called tells nothing. How far a document is named is the share of its name that
    the question says, times the share that it has of all that the question says of any name.
    Periods are left out: they have parts that mean nothing alone.

    Args:
        names: doc_id -> its names; the one that tells most counts.
    """
    asked = _asked_words(question)
    called = {key: [_words(name) for name in several] for key, several in names.items()}
    having = Counter(word for several in called.values() for word in set[str]().union(*several))
    weights = {word: math.log(len(names) / count) for word, count in having.items()}
    said = sum(weights[word] for word in asked & weights.keys())
    if not said:
        return {}
    found = {}
    for key, several in called.items():
        shares = [
            _weight(words & asked, weights) ** 2 / (said * _weight(words, weights))
            for words in several
            if _weight(words & asked, weights)
        ]
        words = {w for w in set[str]().union(*several) & asked if weights[w]}
        if shares and words:
            found[key] = (tuple(sorted(words)), max(shares))
    return found


def _weight(words: set[str], weights: Mapping[str, float]) -> float:
    return sum(weights[word] for word in words)


def _asked_words(question: str) -> set[str]:
    frequent_left_out = query_terms(_VERSION.sub("v", without_periods(question)))
    return {term.casefold() for term in frequent_left_out}


def _words(name: str) -> set[str]:
    return set(_WORD.findall(indexed_form(_VERSION.sub("v", without_periods(name))).casefold()))


def _own_periods(
    asked: Asked,
    known: Mapping[str, DocumentRecord],
    names: Mapping[str, Sequence[str]],
    store: VectorStore,
) -> tuple[dict[str, list[Period]], dict[str, str]]:
    """The periods of the documents, and which of them are versions of the same thing."""
    if not asked.of_periods:
        return {}, {}
    own = {key: [p for name in several for p in periods_in(name)] for key, several in names.items()}
    unsaid = [key for key, periods in own.items() if not _tells(asked, periods)]
    # A document of one passage says nothing there that its only hit does not.
    unread = {key: {0} for key in [k for k in unsaid if known[k].chunks > 1][:_MOST_COVERS]}
    covers = {chunk.doc_id: chunk.text for chunk in store.passages(unread)} if unread else {}
    for key, text in covers.items():
        own[key] = [*own[key], *own_periods(text[:_COVER])]
    families = {
        key: _kind(names[key], covers.get(key, "")) for key, periods in own.items() if periods
    }
    return own, families


def _tells(asked: Asked, periods: Sequence[Period]) -> bool:
    """Whether the periods in a name are of the kind that is asked for."""
    if not asked.periods:
        return bool(periods)
    return any(
        all(mine is not None for wanted, mine in zip(one, own, strict=True) if wanted is not None)
        for one in asked.periods
        for own in periods
    )


def _kind(names: Sequence[str], cover: str) -> str:
    """What a document is called but for periods and numbers; else how its cover begins."""
    words = {word for word in _words(names[0]) if not _DIGITS.search(word)}
    if words:
        return " ".join(sorted(words))
    return " ".join(_DIGITS.sub("", without_periods(cover)).split()[:12]).casefold()


def _by_period(
    asked: Asked, own: Mapping[str, Sequence[Period]], families: Mapping[str, str]
) -> dict[str, float]:
    if asked.periods:
        agreed = {key: agreement(asked.periods, periods) for key, periods in own.items()}
        agreed = {key: value for key, value in agreed.items() if value}
        if not asked.latest or asked.several:
            return agreed
        families = {key: family for key, family in families.items() if key in agreed}
        return _latest(own, families) or agreed
    return _latest(own, families) if asked.latest and not asked.several else {}


def _latest(own: Mapping[str, Sequence[Period]], families: Mapping[str, str]) -> dict[str, float]:
    """The latest of the versions of each thing of which there are several."""
    found = {}
    for family in set(families.values()):
        members = [key for key, its in families.items() if its == family]
        if len(members) > 1 and (best := latest([own[key] for key in members])) is not None:
            found[members[best]] = 1.0
    return found
