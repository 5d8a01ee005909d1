"""How much of the words of a question a text has, by their weight."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Set
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ing", "ed", "es", "s", "e")
_LEAST_STEM = 4


class Shares:
    """The words of a question, each by how rare it is among what was found: no list of stop words.

    Words weigh their inverse document frequency. What a text has is looked for once.

    Attributes:
        words: Of the question.
    """

    def __init__(self, question: str, background: Collection[str]) -> None:
        self.words: Set[str] = words_of(question)
        self._had: dict[str, Set[str]] = {}
        having = Counter(word for text in background for word in self._had_by(text))
        self._weights = {
            word: math.log(1 + len(background) / (1 + having[word])) for word in self.words
        }
        self._whole = sum(self._weights.values())

    def of(self, *texts: str) -> float:
        """How much of the question's words, by weight, texts have together: 0 to 1."""
        had = set[str]().union(*(self._had_by(text) for text in texts))
        return sum(self._weights[word] for word in had) / self._whole if self._whole else 0.0

    def _had_by(self, text: str) -> Set[str]:
        had = self._had.get(text)
        if had is None:
            had = self._had[text] = self.words & words_of(text)
        return had


def words_of(text: str) -> set[str]:
    """The words of a text as they are compared: in small letters, without the ending of a form."""
    return {_stem(word) for word in set(_WORD.findall(text.casefold()))}


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """A word without the ending of its form in English: `caused`, `causes`, `cause` are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word
