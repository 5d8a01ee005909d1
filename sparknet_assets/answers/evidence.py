"""The sentences of the passages found for a question, by how well each supports an answer."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from resources.embeddings import Embedder
from resources.vector_store.words import query_terms
from sparknet_assets.answers.amounts import asks_amount, has_figures, must_count, states_amount
from sparknet_assets.answers.sentences import ROW, Sentence
from sparknet_assets.answers.statements import Statement, statements
from sparknet_assets.answers.tables import label_of
from sparknet_assets.fields.typed.amounts import CODES
from sparknet_assets.retrieval.periods import without_periods

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_AMOUNTS = re.compile(r"[$%\u20ac\u00a3\u00a5]|\d[.,]\d")
_FOOTNOTE = re.compile(r"\(\d{1,2}\)")
_PARAGRAPH = "\n\n"
_ENDINGS = ("ing", "ed", "es", "s", "e")
_LEAST_STEM = 4
_ENDS = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", '"', "\u201d", ")")
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
    """

    passage: Passage
    sentence: Sentence
    score: float
    named: float

    @property
    def place(self) -> float:
        """What supports are ordered by."""
        return self.score + self.named


def weigh(
    question: str,
    vector: NDArray[np.float32],
    passages: Sequence[Passage],
    background: Collection[str],
    embedder: Embedder,
    most: int = MOST_SENTENCES,
) -> list[Support]:
    """Every sentence of the passages, the best place first.

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
    """
    import numpy as np

    said = [words_of(text) for text in background]
    weights = _weights(question, said)
    running = _running_lines(background)
    asked = words_of(" ".join(query_terms(without_periods(question))))
    asked = asked if asks_amount(question) else set()
    candidates = [
        (passage, statement, _share_of(statement, weights))
        for passage in passages
        for statement in _statements(passage, asked)
        if not _says_nothing(statement.text, passage, running)
    ]
    candidates.sort(key=lambda item: (-item[2], -item[0].similarity))
    candidates = candidates[:most]
    if not candidates:
        return []
    near = embedder.embed([_told(passage, each) for passage, each, _ in candidates]) @ vector
    fitting = _Fitting(question, weights)
    found = [
        Support(
            passage,
            statement.sentence,
            float(cosine)
            + 0.5 * (passage.similarity + share + _share(weights, passage.text))
            + fitting.points(statement)
            - _UNKNOWN * passage.stranger,
            _named(weights, passage) + fitting.more(statement, share),
        )
        for (passage, statement, share), cosine in zip(candidates, np.asarray(near), strict=True)
    ]
    return sorted(found, key=lambda support: -support.place)


class _Fitting:
    """How far a statement is of the kind that a question asks for."""

    def __init__(self, question: str, weights: Mapping[str, float]) -> None:
        self._words = weights.keys()
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


def _named(weights: Mapping[str, float], passage: Passage) -> float:
    more = _share(weights, f"{passage.named} {passage.text}") - _share(weights, passage.text)
    return 0.5 * more + _PREFERENCE * passage.preferred


def _told(passage: Passage, statement: Statement) -> str:
    """A statement as it is compared: figures in a row mean little without their heading."""
    if ROW in statement.text and passage.headings:
        return f"{passage.headings[-1]}: {statement.text}"
    return statement.text


def _running_lines(background: Collection[str]) -> set[str]:
    """Heads and feet of pages: lines by themselves in several passages that differ in numbers.

    A row of a table stands in the reports of several years as well, but among others, and with
    amounts.
    """
    alone = Counter(
        _shape(line)
        for text in background
        for line in {*text.split(_PARAGRAPH)}
        if "\n" not in line and not _AMOUNTS.search(line)
    )
    return {line for line, count in alone.items() if count > 1 and "#" in line}


def _shape(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()))


def _says_nothing(text: str, passage: Passage, running: Collection[str]) -> bool:
    """Whether a sentence is a heading, of its passage or of columns, or runs along on pages."""
    if text.startswith("| "):
        return True
    lines = text.split("\n")
    headings = {" ".join(heading.split()) for heading in passage.headings}
    if all(" ".join(line.split()) in headings for line in lines):
        return True
    if len(lines) > 1 and "|" not in text and not text.endswith(_ENDS) and "\n\n" not in text:
        # Only headings stand on lines of their own in a passage.
        return True
    alone = text in passage.text.split(_PARAGRAPH)
    return alone and "|" in text and _shape(text) in running and len(words_of(text)) < 12


def words_of(text: str) -> set[str]:
    """The words of a text as they are compared: in small letters, without the ending of a form."""
    return {_stem(word) for word in _WORD.findall(text.casefold())}


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """A word without the ending of its form in English: `caused`, `causes`, `cause` are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word


def _weights(question: str, background: Sequence[Collection[str]]) -> dict[str, float]:
    """Word of the question -> its weight: inverse document frequency among what was found."""
    having: Counter[str] = Counter()
    for words in background:
        having.update(words)
    return {word: math.log(1 + len(background) / (1 + having[word])) for word in words_of(question)}


def _share_of(statement: Statement, weights: Mapping[str, float]) -> float:
    """That of a row with what stands above it, if it has any word of the question by itself."""
    share = _share(weights, statement.text)
    if not share or not statement.above:
        return share
    return _share(weights, f"{statement.above} {statement.text}")


def _share(weights: Mapping[str, float], text: str) -> float:
    """How much of the question's words, by weight, a text has: 0 to 1."""
    whole = sum(weights.values())
    shared = sum(weights[word] for word in weights.keys() & words_of(text))
    return shared / whole if whole else 0.0
