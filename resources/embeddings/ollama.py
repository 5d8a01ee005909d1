"""Embeddings by a model that an Ollama server runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from ollama import Client

_BATCH = 32
_WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before each further attempt at a busy server
_SPECIAL_TOKENS = 2
_LOOPBACK = re.compile(r"(https?://)?(localhost|127\.|\[::1\])")
_RUNS = re.compile(r"[A-Za-z]+|[^\x00-\x7f]+|\S")


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
        self._timeout = timeout
        self._sleep = sleep

    @cached_property
    def identity(self) -> str:
        """Model and the first digits of its digest, which is asked for once.

        Raises:
            SparknetError: `unavailable` when the server or the model is not there: without the
                digest, vectors of an older pull under the same name would pass for this one's.
        """
        listed = self._ask(lambda client: client.list()).models
        name = self._model if ":" in self._model else f"{self._model}:latest"
        for entry in listed:
            if entry.model == name:
                return f"ollama-{self._model}-{(entry.digest or '').removeprefix('sha256:')[:12]}"
        raise self._missing_model()

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
        return [_SPECIAL_TOKENS + sum(map(_run_tokens, _RUNS.findall(text))) for text in texts]

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
        for found in _RUNS.finditer(text):
            room -= _run_tokens(found.group())
            if room < 0:
                return text[: found.start()]
        return text

    def _request(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        def embed(client: Client) -> Sequence[Sequence[float]]:
            return client.embed(self._model, texts, truncate=False).embeddings

        found: Sequence[Sequence[float]] = self._ask(embed)
        if len(found) != len(texts) or len({len(vector) for vector in found}) != 1:
            raise SparknetError(
                FailureKind.INTERNAL,
                f"Ollama at {self._host} gave {len(found)} vectors for {len(texts)} texts.",
            )
        return found

    @cached_property
    def _client(self) -> Client:
        from ollama import Client

        # A proxy that the environment names does not know this machine.
        trust = _LOOPBACK.match(self._host) is None
        return Client(host=self._host, timeout=self._timeout, trust_env=trust)

    def _ask(self, request: Callable[[Client], Any]) -> Any:
        """Sends a request, waiting and trying again while the server is busy."""
        import httpx
        from ollama import ResponseError

        for wait in (*_WAITS, None):
            try:
                return request(self._client)
            except ResponseError as error:
                if wait is None or error.status_code not in (429, 503):
                    raise self._error(error.status_code, error.error) from error
                self._sleep(wait)
            except httpx.TimeoutException as error:
                raise SparknetError(
                    FailureKind.TIMED_OUT,
                    f"Ollama at {self._host} did not answer within {self._timeout:g} s. Try again,"
                    " or raise SPARKNET_OLLAMA_TIMEOUT.",
                ) from error
            except (ConnectionError, httpx.TransportError) as error:
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"There is no Ollama server at {self._host}. Start one with `ollama serve`, or"
                    " set SPARKNET_OLLAMA_HOST.",
                ) from error
            except ValueError as error:
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"What answers at {self._host} does not speak Ollama's protocol; check"
                    " SPARKNET_OLLAMA_HOST.",
                    retryable=False,
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _error(self, status: int, message: str) -> SparknetError:
        """The server's answer as an error with its remedy."""
        said = f"Ollama says: {message.strip()[:300]}"
        if status in (429, 503):
            return SparknetError(FailureKind.THROTTLED, f"Ollama at {self._host} is busy. {said}")
        if status == 404:
            return self._missing_model()
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

    def _missing_model(self) -> SparknetError:
        return SparknetError(
            FailureKind.UNAVAILABLE,
            f"Ollama at {self._host} does not have {self._model}. Get it with"
            f" `ollama pull {self._model}`.",
            retryable=False,
        )


def _run_tokens(run: str) -> int:
    """Tokens of letters, of a stretch of another script, or of one sign; never too few."""
    if run.isascii():
        return -(-len(run) // 3)
    return -(-len(run.encode("utf-8", "replace")) // 2)
