"""The sentences of the passages found for a question, by how well each supports an answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from resources.embeddings import Embedder
from resources.vector_store.words import query_terms
from sparknet_assets.answers.amounts import asks_amount, has_figures, must_count, states_amount
from sparknet_assets.answers.page_marks import running_lines, says_nothing
from sparknet_assets.answers.sentences import ROW, Sentence
from sparknet_assets.answers.statements import Statement, statements
from sparknet_assets.answers.tables import label_of
from sparknet_assets.answers.word_shares import Shares, words_of
from sparknet_assets.fields.typed.amounts import CODES
from sparknet_assets.retrieval.periods import without_periods

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FOOTNOTE = re.compile(r"\(\d{1,2}\)")
# In a label they say what the amounts are in, not of what they are.
_CURRENCIES = frozenset(code.casefold() for code in CODES)
# A question is embedded with so many sentences at most: those that share words with it go first.
MOST_SENTENCES = 32
_PREFERENCE = 0.3
# What a sentence gains that states an amount where one is asked for, and a row whose label the
# question says; what it loses that does not, or only leads to what another passage says.
_AMOUNT = 0.15
_LABEL = 0.3
_NO_AMOUNT = 0.3
# Of the words that a question asks for, a row of a passage far down has so many in its label.
_LEAST_OF_QUESTION = 0.25
# What a sentence loses whose document does not have a name that the question has.
_UNKNOWN = 0.2
# Sentences that are embedded at first, where only those near the best are wanted; no cosine adds
# more than 1, but for rounding.
_FIRST = 8
_MOST_NEAR = 1.0 + 1e-5


class Passage(NamedTuple):
    """A passage that search found.

    Attributes:
        similarity: Cosine of its vector and the question's.
        named: Name of the document and headings above the passage: words there are evidence too.
        headings: Those headings, which answer nothing by themselves.
        preferred: How far the question names its document, see `retrieval.naming`.
        stranger: Whether the question has a name that its document does not have.
        rows_only: Whether nothing counts but rows that are called what the question asks for.
    """

    key: str
    text: str
    similarity: float
    named: str = ""
    headings: tuple[str, ...] = ()
    preferred: float = 0.0
    stranger: bool = False
    rows_only: bool = False


class Support(NamedTuple):
    """A sentence that may answer the question.

    Attributes:
        score: Sum of five parts, see `weigh`; about 0.4 for a sentence that has nothing to do with
            the question, 2.5 for one that repeats it.
        named: What names and headings, and an amount where one is asked for, add to its place. They
            say where to look, not that there is an answer.
        told: The sentence as it is compared.
    """

    passage: Passage
    sentence: Sentence
    score: float
    named: float
    told: str

    @property
    def place(self) -> float:
        """What supports are ordered by."""
        return self.score + self.named


class Wanted(NamedTuple):
    """What of the supports is looked at; others need not be weighed.

    Attributes:
        least: The score that they have.
        nearly: The share that their place is of the best.
    """

    least: float
    nearly: float


def weigh(
    question: str,
    vector: NDArray[np.float32],
    passages: Sequence[Passage],
    background: Collection[str],
    embedder: Embedder,
    most: int = MOST_SENTENCES,
    wanted: Wanted | None = None,
) -> list[Support]:
    """The sentences of the passages, the best place first.

    A sentence scores the cosine of its vector and the question's, half of that of its passage, and
    half of the share of the question's words that it has, and that its passage has; and whether it
    is of the kind that is asked for, see `_fitting`. A row has the words of what stands above it,
    too. The headings of the passage and the name of its document count for the place only. Words
    weigh by how rare they are among what was found, so no language needs a list of its stop words.
    The weights were chosen by looking at the questions that docs/quality.md reports on, those of
    kinds at others of our own.

    Args:
        vector: Of the question, shape (dimension,).
        background: Texts of more passages that were found, to tell rare words from common ones.
        most: Sentences that are embedded.
        wanted: Leave out what can't be of these, whatever its vector; all are given for None.
    """
    shares = Shares(question, background)
    running = running_lines(background)
    asked = words_of(" ".join(query_terms(without_periods(question))))
    asked = asked if asks_amount(question) else set()
    candidates = [
        (passage, statement, _share_of(statement, shares))
        for passage in passages
        for statement in _statements(passage, asked)
        if not says_nothing(statement.text, passage.text, passage.headings, running)
    ]
    candidates.sort(key=lambda item: (-item[2], -item[0].similarity))
    fitting = _Fitting(question, shares)
    unlike = [
        Support(
            passage,
            statement.sentence,
            0.5 * (passage.similarity + share + shares.of(passage.text))
            + fitting.points(statement)
            - _UNKNOWN * passage.stranger,
            _named(shares, passage) + fitting.more(statement, share),
            _told(passage, statement),
        )
        for passage, statement, share in candidates[:most]
    ]
    found = _with_cosines(unlike, vector, embedder, wanted)
    return sorted(found, key=lambda support: -support.place)


def _with_cosines(
    unlike: Sequence[Support],
    vector: NDArray[np.float32],
    embedder: Embedder,
    wanted: Wanted | None,
) -> list[Support]:
    """The supports with what the cosines of their sentences add, in their order."""
    order = sorted(range(len(unlike)), key=lambda at: -unlike[at].place)
    first, later = (order, []) if wanted is None else (order[:_FIRST], order[_FIRST:])
    found = _likened(unlike, first, vector, embedder)
    if wanted is not None and later:
        best = max((s.place for s in found.values() if s.score >= wanted.least), default=0.0)
        later = [at for at in later if unlike[at].place + _MOST_NEAR >= wanted.nearly * best]
        found |= _likened(unlike, later, vector, embedder)
    return [found[at] for at in sorted(found)]


def _likened(
    unlike: Sequence[Support],
    chosen: Sequence[int],
    vector: NDArray[np.float32],
    embedder: Embedder,
) -> dict[int, Support]:
    if not chosen:
        return {}
    cosines = embedder.embed([unlike[at].told for at in chosen]) @ vector
    return {
        at: unlike[at]._replace(score=unlike[at].score + float(cosine))
        for at, cosine in zip(chosen, cosines, strict=True)
    }


class _Fitting:
    """How far a statement is of the kind that a question asks for."""

    def __init__(self, question: str, shares: Shares) -> None:
        self._words = shares.words
        self._asks_amount = asks_amount(question)
        self._must_count = must_count(question)

    def points(self, statement: Statement) -> float:
        """More for rows whose label the question says, less without the amount it must have."""
        points = -_NO_AMOUNT if statement.leads else 0.0
        figures = has_figures(statement.text)
        if self._must_count and not figures and not states_amount(statement.text):
            points -= _NO_AMOUNT
        if figures and (label := _label_words(statement.text)):
            # A label of which half is said is mostly that of another thing: net, operating income.
            points += _LABEL * (len(label & self._words) / len(label)) ** 2
        return points

    def more(self, statement: Statement, share: float) -> float:
        """What an amount adds where one is asked for.

        Args:
            share: Of the question's words that the statement has: without any, an amount is of
                something else.
        """
        return _AMOUNT if self._asks_amount and share and has_figures(statement.text) else 0.0


def _statements(passage: Passage, asked: Collection[str]) -> Iterator[Statement]:
    """Those that count; a passage without a row that does is not cut at all.

    Args:
        asked: Words that the question asks for.
    """
    if not passage.rows_only:
        yield from statements(passage.text)
    elif any(_is_row_asked_for(line, asked) for line in passage.text.split("\n")):
        yield from (s for s in statements(passage.text) if _is_row_asked_for(s.text, asked))


def _is_row_asked_for(line: str, asked: Collection[str]) -> bool:
    """Whether the question says the whole label of a row, and little else."""
    label = _label_words(line) if ROW in line else set()
    enough = len(label) >= max(1.0, _LEAST_OF_QUESTION * len(asked))
    return enough and label.issubset(asked) and has_figures(line)


def _label_words(row: str) -> set[str]:
    return words_of(_FOOTNOTE.sub("", label_of(row))) - _CURRENCIES


def _named(shares: Shares, passage: Passage) -> float:
    more = shares.of(passage.named, passage.text) - shares.of(passage.text)
    return 0.5 * more + _PREFERENCE * passage.preferred


def _told(passage: Passage, statement: Statement) -> str:
    """A statement as it is compared: figures in a row mean little without their heading."""
    if ROW in statement.text and passage.headings:
        return f"{passage.headings[-1]}: {statement.text}"
    return statement.text


def _share_of(statement: Statement, shares: Shares) -> float:
    """That of a row with what stands above it, if it has any word of the question by itself."""
    share = shares.of(statement.text)
    if not share or not statement.above:
        return share
    return shares.of(statement.above, statement.text)
