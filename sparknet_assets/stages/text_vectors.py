"""Vectors of chunk texts: from the cache where they are known, from the embedder where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resources.cache import Cache
from resources.embeddings import EmbeddedText, Embedder, EmbedsEach
from resources.failure import Failure, FailureKind, SparknetError
from resources.vector_store import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Texts between two writes to the cache: what a crash can cost.
_GROUP = 128
# These say something about the service, not about a text: asking for fewer texts won't help.
SERVICE_KINDS = frozenset(
    {
        FailureKind.UNAVAILABLE,
        FailureKind.THROTTLED,
        FailureKind.TIMED_OUT,
        FailureKind.OUT_OF_MEMORY,
    }
)


@dataclass(frozen=True)
class Spent:
    """What a service charged.

    Attributes:
        cost_usd: Of the tokens whose price is known.
        unpriced: Tokens whose price is not known.
    """

    tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.tokens + other.tokens,
            self.cost_usd + other.cost_usd,
            self.unpriced + other.unpriced,
        )

    @property
    def metadata(self) -> dict[str, int]:
        """What to show of it; nothing where nothing was charged."""
        charged = {"charged_tokens": self.tokens} if self.tokens else {}
        return {**charged, "unpriced_tokens": self.unpriced} if self.unpriced else charged


NOTHING = Spent()


@dataclass
class Found:
    """What is known about a window of texts, by `text_sha256`: a vector or a failure each.

    Attributes:
        spent: On a text, for those that were paid for.
    """

    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    failures: dict[str, Failure] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=dict)


class TextVectors:
    """Looks vectors up and has the missing ones embedded. Equal texts are embedded once."""

    def __init__(self, embedder: Embedder, cache: Cache) -> None:
        self._embedder = embedder
        self._cache = cache

    def get(self, chunks: Sequence[Chunk]) -> Found:
        """A unit vector, or a failure, for the text of each chunk. Raises nothing of the embedder's
        typed errors."""
        found = Found()
        distinct = {chunk.text_sha256: chunk for chunk in chunks}
        if not distinct:
            return found
        try:
            self._read_cache(distinct, found)
            self._note_users(chunks)
            missing = [chunk for key, chunk in distinct.items() if key not in found.vectors]
        except SparknetError as error:  # the dimension of a remote model is asked for
            found.failures = dict.fromkeys(distinct, error.to_failure())
            return found
        missing.sort(key=lambda chunk: -chunk.tokens)
        for start in range(0, len(missing), _GROUP):
            group = missing[start : start + _GROUP]
            stopped = self._embed(group, found)
            self._write_cache(group, found)
            if stopped is not None:
                rest = (chunk.text_sha256 for chunk in missing[start + _GROUP :])
                found.failures.update(dict.fromkeys(rest, stopped))
                break
        return found

    def _read_cache(self, distinct: dict[str, Chunk], found: Found) -> None:
        import numpy as np

        size = 4 * self._embedder.dimension
        for key, data in self._cache.get_many(self._namespace, distinct).items():
            vector = np.frombuffer(data, "<f4") if len(data) == size else None
            if vector is not None and _is_unit(vector):
                found.vectors[key] = vector
                found.cached.add(key)

    def _note_users(self, chunks: Sequence[Chunk]) -> None:
        """Before anything is written: an entry that no document is noted for would never go."""
        users: dict[str, set[str]] = {}
        for chunk in chunks:
            users.setdefault(chunk.doc_id, set()).add(chunk.text_sha256)
        self._cache.use(self._namespace, users)

    def _write_cache(self, group: Sequence[Chunk], found: Found) -> None:
        entries = {
            chunk.text_sha256: found.vectors[chunk.text_sha256].astype("<f4").tobytes()
            for chunk in group
            if chunk.text_sha256 in found.vectors
        }
        if entries:
            self._cache.put_many(self._namespace, entries)

    @property
    def _namespace(self) -> str:
        return f"embeddings/{self._embedder.identity}"

    def _embed(self, group: Sequence[Chunk], found: Found) -> Failure | None:
        """Embeds a group, halving it to find a text that is refused.

        Returns:
            The failure that makes further requests pointless, if there was one.
        """
        if isinstance(self._embedder, EmbedsEach):
            return self._embed_each(self._embedder, group, found)
        try:
            vectors = self._embedder.embed([chunk.text for chunk in group])
            self._check_shape(vectors, len(group))
        except SparknetError as error:
            return self._divide(group, found, error)
        for chunk, vector in zip(group, vectors, strict=True):
            self._take(chunk.text_sha256, vector, found)
        return None

    def _embed_each(
        self, embedder: EmbedsEach, group: Sequence[Chunk], found: Found
    ) -> Failure | None:
        """As `_embed`, where the embedder itself tells a text that is refused from the others."""
        texts, stopped = embedder.embed_each([chunk.text for chunk in group])
        for chunk, text in zip(group, texts, strict=True):
            key = chunk.text_sha256
            if text.tokens:
                found.spent[key] = _spent(text)
            if text.error is not None:
                found.failures[key] = text.error.to_failure()
            elif text.vector is not None:
                self._take(key, text.vector, found)
        return stopped.to_failure() if stopped else None

    def _take(self, key: str, vector: NDArray[np.float32], found: Found) -> None:
        if _is_unit(vector):
            found.vectors[key] = vector
        else:
            found.failures[key] = SparknetError(
                FailureKind.INTERNAL,
                f"{self._embedder.identity} returned a vector that is not of length 1;"
                " it was not stored. Try again, or choose another embedder.",
            ).to_failure()

    def _divide(self, group: Sequence[Chunk], found: Found, error: SparknetError) -> Failure | None:
        failure = error.to_failure()
        if failure.kind in SERVICE_KINDS or len(group) == 1:
            found.failures.update(dict.fromkeys((c.text_sha256 for c in group), failure))
            return failure if failure.kind in SERVICE_KINDS else None
        middle = len(group) // 2
        for start, half in ((0, group[:middle]), (middle, group[middle:])):
            stopped = self._embed(half, found)
            if stopped is not None:
                rest = (chunk.text_sha256 for chunk in group[start + len(half) :])
                found.failures.update(dict.fromkeys(rest, stopped))
                return stopped
        return None

    def _check_shape(self, vectors: NDArray[np.float32], rows: int) -> None:
        expected = (rows, self._embedder.dimension)
        if vectors.shape != expected:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"{self._embedder.identity} returned vectors of shape {vectors.shape} instead of"
                f" {expected}; none of them were stored.",
            )


def _spent(text: EmbeddedText) -> Spent:
    if text.cost_usd is None:
        return Spent(text.tokens, 0.0, text.tokens)
    return Spent(text.tokens, text.cost_usd)


def _is_unit(vector: NDArray[np.float32]) -> bool:
    """Whether a vector is finite, not zero, and L2-normalised."""
    import numpy as np

    return bool(abs(float(np.dot(vector, vector)) - 1.0) < 1e-2)
