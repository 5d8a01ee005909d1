"""The sentences of the passages found for a question, by how well each supports an answer."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from resources.embeddings import Embedder
from sparknet_assets.answers.sentences import ROW, Sentence, sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
# A question is embedded with so many sentences at most: those that share words with it go first.
MOST_SENTENCES = 32
_PREFERENCE = 0.3


class Passage(NamedTuple):
    """A passage that search found.

    Attributes:
        similarity: Cosine of its vector and the question's.
        named: Name of the document and headings above the passage: words there are evidence too.
        headings: Those headings, which answer nothing by themselves.
        preferred: How far the question names its document, see `retrieval.naming`.
    """

    key: str
    text: str
    similarity: float
    named: str = ""
    headings: tuple[str, ...] = ()
    preferred: float = 0.0


class Support(NamedTuple):
    """A sentence that may answer the question.

    Attributes:
        score: Sum of four parts, see `weigh`; about 0.4 for a sentence that has nothing to do with
            the question, 2.5 for one that repeats it.
        named: What names and headings add to its place. They say where to look, not that there is
            an answer.
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
    half of the share of the question's words that it has, and that its passage has. The headings of
    the passage and the name of its document count for the place only. Words weigh by how rare they
    are among what was found, so no language needs a list of its stop words. The weights were chosen
    by looking at the questions that docs/quality.md reports on.

    Args:
        vector: Of the question, shape (dimension,).
        background: Texts of more passages that were found, to tell rare words from common ones.
        most: Sentences that are embedded.
    """
    import numpy as np

    weights = _weights(question, background)
    running = _running_lines(background)
    candidates = [
        (passage, sentence, _share(weights, sentence.text))
        for passage in passages
        for sentence in sentences(passage.text)
        if not _says_nothing(sentence.text, passage, running)
    ]
    candidates.sort(key=lambda item: (-item[2], -item[0].similarity))
    candidates = candidates[:most]
    if not candidates:
        return []
    near = (
        embedder.embed([_told(passage, sentence) for passage, sentence, _ in candidates]) @ vector
    )
    found = [
        Support(
            passage,
            sentence,
            float(cosine) + 0.5 * (passage.similarity + share + _share(weights, passage.text)),
            _named(weights, passage),
        )
        for (passage, sentence, share), cosine in zip(candidates, np.asarray(near), strict=True)
    ]
    return sorted(found, key=lambda support: -support.place)


def _named(weights: Mapping[str, float], passage: Passage) -> float:
    more = _share(weights, f"{passage.named} {passage.text}") - _share(weights, passage.text)
    return 0.5 * more + _PREFERENCE * passage.preferred


def _told(passage: Passage, sentence: Sentence) -> str:
    """A sentence as it is compared: figures in a row mean little without their heading."""
    if ROW in sentence.text and passage.headings:
        return f"{passage.headings[-1]}: {sentence.text}"
    return sentence.text


def _running_lines(background: Collection[str]) -> set[str]:
    """Lines that stand in several passages and differ in figures only: heads and feet of pages."""
    seen = Counter(line for text in background for line in {*map(_shape, text.split("\n"))})
    return {line for line, count in seen.items() if count > 1 and "#" in line}


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
    return len(lines) == 1 and "|" in text and _shape(text) in running and len(_words(text)) < 12


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _weights(question: str, background: Collection[str]) -> dict[str, float]:
    """Word of the question -> its weight: inverse document frequency among what was found."""
    having: Counter[str] = Counter()
    for text in background:
        having.update(_words(text))
    return {word: math.log(1 + len(background) / (1 + having[word])) for word in _words(question)}


def _share(weights: Mapping[str, float], text: str) -> float:
    """How much of the question's words, by weight, a text has: 0 to 1."""
    whole = sum(weights.values())
    shared = sum(weights[word] for word in weights.keys() & _words(text))
    return shared / whole if whole else 0.0
