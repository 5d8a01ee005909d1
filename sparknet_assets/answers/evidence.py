"""The sentences of the passages found for a question, by how well each supports an answer."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from resources.embeddings import Embedder
from sparknet_assets.answers.sentences import Sentence, sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
# A question is embedded with so many sentences at most: those that share words with it go first.
MOST_SENTENCES = 32


class Passage(NamedTuple):
    """A passage that search found.

    Attributes:
        similarity: Cosine of its vector and the question's.
    """

    key: str
    text: str
    similarity: float


class Support(NamedTuple):
    """A sentence that may answer the question.

    Attributes:
        score: Sum of four parts, see `weigh`; about 0.4 for a sentence that has nothing to do with
            the question, 2.5 for one that repeats it.
    """

    passage: Passage
    sentence: Sentence
    score: float


def weigh(
    question: str,
    vector: NDArray[np.float32],
    passages: Sequence[Passage],
    background: Collection[str],
    embedder: Embedder,
) -> list[Support]:
    """Every sentence of the passages, the best support first.

    A sentence scores the cosine of its vector and the question's, half of that of its passage, and
    half of the share of the question's words that it has, and that its passage has. Words weigh by
    how rare they are among what was found, so no language needs a list of its stop words. The
    weights were chosen by looking at the questions that docs/quality.md reports on.

    Args:
        vector: Of the question, shape (dimension,).
        background: Texts of more passages that were found, to tell rare words from common ones.
    """
    import numpy as np

    weights = _weights(question, background)
    candidates = [
        (passage, sentence, _share(weights, sentence.text))
        for passage in passages
        for sentence in sentences(passage.text)
    ]
    candidates.sort(key=lambda item: (-item[2], -item[0].similarity))
    candidates = candidates[:MOST_SENTENCES]
    if not candidates:
        return []
    near = embedder.embed([sentence.text for _, sentence, _ in candidates]) @ vector
    found = [
        Support(
            passage,
            sentence,
            float(cosine) + 0.5 * (passage.similarity + share + _share(weights, passage.text)),
        )
        for (passage, sentence, share), cosine in zip(candidates, np.asarray(near), strict=True)
    ]
    return sorted(found, key=lambda support: -support.score)


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
