"""An index of generated chunks: words as frequent as in English, vectors in clusters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from resources.vector_store import Chunk, PageBox, VectorStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS_PER_CHUNK = 150
CHUNKS_PER_DOCUMENT = 50
WINDOW = 2000
CLUSTERS = 1000
# Sentence embeddings lie near a surface of far fewer dimensions than their length.
LATENT_DIMENSIONS = 48
_FUNCTION_WORDS = (
    "the of and to a in is that for it was on are as with be by this from at or an have not which"
)
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "il")]


class Words:
    """Draws words by Zipf's law: function words first, then words made of syllables.

    Args:
        seed: Of the vocabulary.
        draws: Seed of what is drawn from it; by default it goes on from the vocabulary.
    """

    def __init__(self, seed: int, size: int = 30_000, draws: int | None = None) -> None:
        self._random = Random(seed)
        self._words = _FUNCTION_WORDS.split()
        known = set(self._words)
        while len(self._words) < size:
            word = "".join(self._random.choices(_SYLLABLES, k=self._random.randint(2, 4)))
            if word not in known:
                known.add(word)
                self._words.append(word)
        if draws is not None:
            self._random = Random(draws)
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(size)))

    def text(self, words: int) -> str:
        """A text of so many words."""
        return " ".join(self._random.choices(self._words, cum_weights=self._weights, k=words))


class Vectors:
    """Draws unit vectors around cluster centres."""

    def __init__(self, seed: int, dimension: int) -> None:
        import numpy as np

        self._random = np.random.default_rng(seed)
        self._centres = self._random.normal(size=(CLUSTERS, LATENT_DIMENSIONS))
        self._projection = self._random.normal(size=(LATENT_DIMENSIONS, dimension))

    def draw(self, count: int) -> NDArray[np.float32]:
        """Unit vectors, shape (count, dimension)."""
        import numpy as np

        latent = self._centres[self._random.integers(0, CLUSTERS, count)]
        latent = latent + 0.7 * self._random.normal(size=latent.shape)
        vectors = latent @ self._projection
        vectors += 0.5 * self._random.normal(size=vectors.shape)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit.astype(np.float32)


def fill(store: VectorStore, chunks: int, words: Words, vectors: Vectors) -> NDArray[np.float32]:
    """Writes generated chunks, unless that many are there, and returns their vectors.

    Chunk n has the id `{n}`; equal seeds give equal chunks and vectors.
    """
    import numpy as np

    there = store.count() == (chunks, chunks)
    written = []
    for start in range(0, chunks, WINDOW):
        end = min(start + WINDOW, chunks)
        written.append(vectors.draw(end - start))
        if not there:
            store.add_chunks(list(_chunks(start, end, words)), written[-1])
    return np.concatenate(written)


def _chunks(first: int, end: int, words: Words) -> Iterator[Chunk]:
    for number in range(first, end):
        page = 1 + number % CHUNKS_PER_DOCUMENT
        lines = [PageBox(page, 0.1, 0.1 + n / 20, 0.9, 0.14 + n / 20) for n in range(12)]
        yield Chunk(
            chunk_id=str(number),
            doc_id=f"document-{number // CHUNKS_PER_DOCUMENT}",
            ordinal=number % CHUNKS_PER_DOCUMENT,
            text=words.text(WORDS_PER_CHUNK),
            text_sha256="0" * 64,
            tokens=200,
            pages=(page,),
            boxes=tuple(lines),
            section=("A heading",),
        )
