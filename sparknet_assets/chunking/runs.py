"""Words of one line with their tokens and places: what passages and chunks are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resources.embeddings import Embedder
from resources.ocr import Box


@dataclass(slots=True)
class Run:
    """Consecutive words of one line, or of one table row.

    Attributes:
        line: Number of the line or row within the document; two runs of one line share it.
        counts: Tokens of each word.
        boxes: Place of each word; of a table row, the row's.
    """

    page: int
    line: int
    words: list[str]
    counts: list[int]
    boxes: list[Box]

    @property
    def tokens(self) -> int:
        return sum(self.counts)

    def cut(self, start: int, stop: int) -> Run:
        """The words from `start` to before `stop`."""
        part = slice(start, stop)
        return Run(self.page, self.line, self.words[part], self.counts[part], self.boxes[part])


def tokens_of(runs: Iterable[Run]) -> int:
    return sum(sum(run.counts) for run in runs)


def text_of(runs: Iterable[Run]) -> str:
    return " ".join(word for run in runs for word in run.words)


def cut_runs(runs: Sequence[Run], start: int, stop: int) -> list[Run]:
    """The words from number `start` to before `stop`, counted over all runs."""
    found = []
    for run in runs:
        if start < len(run.words) and stop > 0:
            found.append(run.cut(max(start, 0), min(stop, len(run.words))))
        start -= len(run.words)
        stop -= len(run.words)
    return found


class TokenCounts:
    """Tokens of words, special tokens not included; each distinct word is tokenised once.

    Attributes:
        special: Tokens that the model adds to a text.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, int] = {}
        self.special = embedder.count_tokens([""])[0]

    def add(self, words: Iterable[str]) -> None:
        """Tokenises those words that are new, together."""
        new = list(dict.fromkeys(word for word in words if word not in self._known))
        if new:
            counted = self._embedder.count_tokens(new)
            self._known.update(
                (word, count - self.special) for word, count in zip(new, counted, strict=True)
            )

    def __getitem__(self, word: str) -> int:
        if word not in self._known:
            self.add([word])
        return self._known[word]

    def cut(self, word: str, most: int) -> list[str]:
        """The word, in pieces of at most `most` tokens: a line of Chinese may be one word."""
        if self[word] <= most:
            return [word]
        from semantic_text_splitter import TextSplitter

        def count(text: str) -> int:  # past the memory of words: pieces don't come again
            return self._embedder.count_tokens([text])[0] - self.special

        return TextSplitter.from_callback(count, most).chunks(word)
