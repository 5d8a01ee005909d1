"""An embedder without a model: hashed bags of words, so that near texts are near."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


class WordEmbedder:
    """A token is four characters of a word.

    Attributes:
        calls: The texts of each call of `embed`.
        refuses: Called with the texts before each call; may raise.
    """

    def __init__(
        self,
        dimension: int = 32,
        max_tokens: int = 64,
        refuses: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self.identity = f"words-{dimension}"
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.refuses = refuses
        self.calls: list[list[str]] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [2 + sum(-(-len(word) // 4) for word in text.split()) for text in texts]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append(list(texts))
        if self.refuses:
            self.refuses(texts)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for word in (text.lower() + " \0").split():
                vectors[row, zlib.crc32(word.encode()) % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
