"""Embeddings by a model that an Ollama server runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from resources.ollama_calls import TOKEN_RUNS, OllamaCalls, run_tokens, tokens_at_most

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from ollama import Client

_BATCH = 32
_SPECIAL_TOKENS = 2


class OllamaEmbedder:
    """Vectors from `/api/embed`, normalised here.

    Ollama tells no token counts before it embeds, so `count_tokens` estimates from above: a token
    for every three Latin letters, every two bytes of another script, every digit and sign. On
    English prose that is about one and a half times what BERT's tokenizer counts, so chunks are
    smaller than they could be, and hardly ever too long for the model. A text of more than
    `max_tokens` by that estimate is cut here; the server is told not to cut, so one that is still
    too long for the model is an error and not a vector of half the text.
    """

    def __init__(
        self,
        host: str,
        model: str,
        timeout: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remembers where the server is; asks it nothing.

        Args:
            host: Base address, e.g. `http://127.0.0.1:11434`.
            model: Name with or without a tag, e.g. `nomic-embed-text`.
            timeout: Seconds a request may take.
            sleep: Waits between attempts.
        """
        self._host = host
        self._model = model
        self._calls = OllamaCalls(
            host, model, timeout, "SPARKNET_OLLAMA_TIMEOUT", self._refusal, sleep
        )

    @property
    def identity(self) -> str:
        """Model and the first digits of its digest, which is asked for once.

        Raises:
            SparknetError: `unavailable` when the server or the model is not there: without the
                digest, vectors of an older pull under the same name would pass for this one's.
        """
        return self._calls.identity

    @cached_property
    def dimension(self) -> int:
        """Length of a vector, learned from the server once."""
        return len(self._request(["dimension"])[0])

    @property
    def max_tokens(self) -> int:
        """512: what the common embedding models read at least, most of them more."""
        return 512

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate from above, see the class; needs no server. Counts of words add up."""
        return [_SPECIAL_TOKENS + tokens_at_most(text) for text in texts]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of shape (len(texts), dimension).

        Raises:
            SparknetError: `unavailable` (no server, no such model), `throttled` (busy after four
                more attempts), `timed_out`, `too_large` (a text is longer than the model reads),
                `refused` or `internal` (what the server said).
        """
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), np.float32)
        cut = [self._cut(text) for text in texts]
        rows: list[Sequence[float]] = []
        for start in range(0, len(cut), _BATCH):
            rows.extend(self._request(cut[start : start + _BATCH]))
        vectors = np.array(rows, np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        vectors /= lengths
        return vectors

    def _cut(self, text: str) -> str:
        room = self.max_tokens - _SPECIAL_TOKENS
        for found in TOKEN_RUNS.finditer(text):
            room -= run_tokens(found.group())
            if room < 0:
                return text[: found.start()]
        return text

    def _request(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        def embed(client: Client) -> Sequence[Sequence[float]]:
            return client.embed(self._model, texts, truncate=False).embeddings

        found: Sequence[Sequence[float]] = self._calls.ask(embed)
        if len(found) != len(texts) or len({len(vector) for vector in found}) != 1:
            raise SparknetError(
                FailureKind.INTERNAL,
                f"Ollama at {self._host} gave {len(found)} vectors for {len(texts)} texts.",
            )
        return found

    def _refusal(self, status: int, message: str) -> SparknetError:
        """What the server's answer means for a text to embed."""
        said = f"Ollama says: {message.strip()[:300]}"
        if "context length" in message:
            return SparknetError(
                FailureKind.TOO_LARGE,
                f"A text is longer than {self._model} reads. Lower SPARKNET_CHUNK_TOKENS, or choose"
                f" a model that reads more. {said}",
            )
        if "does not support" in message:
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"{self._model} makes no embeddings; set SPARKNET_OLLAMA_EMBEDDING_MODEL to a model"
                f" that does, e.g. nomic-embed-text. {said}",
                retryable=False,
            )
        kind = FailureKind.INTERNAL if status >= 500 else FailureKind.REFUSED
        return SparknetError(kind, f"{self._model} did not embed a text. {said}")
