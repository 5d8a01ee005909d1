"""Titan Text Embeddings v2 on Bedrock: one text a call, several calls at once, each paid for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from resources.aws.bedrock import ModelCalls, ModelFailedError, RequestRefusedError
from resources.aws.clients import AwsClients
from resources.aws.limits import Limiter
from resources.embeddings import EmbeddedText, EmbeddedTexts
from resources.embeddings.wordpiece import WordPiece
from resources.failure import FailureKind, SparknetError
from resources.model_ids import model_name
from resources.prices import Prices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html
_MOST_TOKENS = 8192
_MOST_CHARACTERS = 50_000
# A service that fails at so many texts in succession, each through all attempts, is down.
_FAILURES_IN_A_ROW = 8
_JSON = "application/json"


class TitanEmbedder:
    """Vectors of 256, 512 or 1024 numbers, normalised by the model and again here.

    Titan's tokenizer is not public, so `count_tokens` estimates by the WordPiece tokenizer that
    MiniLM uses: the same text is then cut into the same chunks whichever of the two embeds it. What
    was paid for is what the service counted (`inputTextTokenCount`). A text past 8,192 tokens by
    that estimate, or past 50,000 characters, is cut here; one that Titan finds too long all the
    same is an error and not a vector of half the text.
    """

    def __init__(
        self,
        clients: AwsClients,
        model: str,
        dimension: int,
        limiter: Limiter,
        prices: Prices | None = None,
        *,
        at_once: int = 8,
        tokenizer: WordPiece | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remembers whom to ask; asks nothing.

        Args:
            model: Id of the model, or id or ARN of an inference profile.
            limiter: Of calls, shared with other processes.
            prices: None: no cost is known.
            at_once: Calls of this process that may wait for an answer or for the limiter.
            sleep: Waits between attempts.
        """
        self._clients = clients
        self._model = model
        self._dimension = dimension
        self._calls = ModelCalls(model, "SPARKNET_TITAN_MODEL", limiter, sleep)
        self._prices = prices
        self._at_once = at_once
        self._tokenizer = tokenizer or WordPiece()

    @property
    def identity(self) -> str:
        """Model and dimension, e.g. `titan-embed-text-v2-0-1024`; the same in every account."""
        return f"{model_name(self._model).replace(':', '-')}-{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def max_tokens(self) -> int:
        return _MOST_TOKENS

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate, see the class; asks no service. Counts of words add up."""
        return self._tokenizer.count(texts)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of shape (len(texts), dimension).

        Raises:
            SparknetError: That of the first text without a vector: `throttled`, `unavailable`,
                `refused`, `too_large` or `internal`.
        """
        import numpy as np

        vectors = np.empty((len(texts), self._dimension), np.float32)
        for row, (vector, error, *_) in enumerate(self.embed_each(texts).texts):
            if error is not None:
                raise error
            vectors[row] = vector
        return vectors

    def embed_each(self, texts: Sequence[str]) -> EmbeddedTexts:
        """A vector or an error for each text, and what each has cost."""
        attempt = _Round(self._request)
        if len(texts) <= 1 or self._at_once == 1:
            return EmbeddedTexts([attempt.embed(text) for text in texts], attempt.stopped)
        pool = ThreadPoolExecutor(min(self._at_once, len(texts)), "titan")
        try:
            return EmbeddedTexts(list(pool.map(attempt.embed, texts)), attempt.stopped)
        finally:
            pool.shutdown(cancel_futures=True)  # of a run that is interrupted

    def _request(self, text: str) -> EmbeddedText:
        cut = self._tokenizer.cut(text[:_MOST_CHARACTERS], _MOST_TOKENS)
        price = self._price and self._price * self._tokenizer.count([cut])[0]
        body = json.dumps(
            {
                "inputText": cut,
                "dimensions": self._dimension,
                "normalize": True,
                "embeddingTypes": ["float"],
            }
        )
        client = self._clients.client("bedrock-runtime")

        def invoke() -> bytes:
            answer = client.invoke_model(
                modelId=self._model, body=body, contentType=_JSON, accept=_JSON
            )
            data: bytes = answer["body"].read()
            return data

        return self._read(self._calls.run(invoke, "bedrock:InvokeModel", price, self._cost))

    def _cost(self, data: bytes) -> float | None:
        """What an answer is charged; None where it does not say how much was read."""
        try:
            return self._price and self._price * int(json.loads(data)["inputTextTokenCount"])
        except (ValueError, TypeError, KeyError):
            return None

    def _read(self, data: bytes) -> EmbeddedText:
        try:
            answer = json.loads(data)
            numbers = answer.get("embeddingsByType", {}).get("float") or answer["embedding"]
            tokens = int(answer["inputTextTokenCount"])
            vector = self._unit(numbers)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelFailedError(
                FailureKind.INTERNAL,
                f"{self._model} answered without {self._dimension} usable numbers"
                f" ({type(error).__name__}); nothing was stored.",
            ) from error
        price = self._price
        return EmbeddedText(vector, None, tokens, None if price is None else price * tokens)

    def _unit(self, numbers: Any) -> NDArray[np.float32]:
        import numpy as np

        vector = np.array(numbers, np.float64)
        length = float(np.linalg.norm(vector))
        if vector.shape != (self._dimension,) or not 0 < length < float("inf"):
            raise ValueError
        return (vector / length).astype(np.float32)

    @cached_property
    def _price(self) -> float | None:
        return self._prices.embedding_tokens(self._model) if self._prices else None


class _Round:
    """The texts of one call, until something makes it pointless to send more of them."""

    def __init__(self, request: Callable[[str], EmbeddedText]) -> None:
        self._request = request
        self._lock = Lock()
        self._failed_in_a_row = 0
        self.stopped: SparknetError | None = None

    def embed(self, text: str) -> EmbeddedText:
        if self.stopped is not None:
            return EmbeddedText(None, self.stopped)
        try:
            embedded = self._request(text)
        except RequestRefusedError as error:
            return EmbeddedText(None, error)
        except SparknetError as error:
            self._note(error)
            return EmbeddedText(None, error)
        self._note(None)
        return embedded

    def _note(self, error: SparknetError | None) -> None:
        """One text that was unlucky must not end the run: what may pass has to happen often."""
        with self._lock:
            self._failed_in_a_row = self._failed_in_a_row + 1 if error else 0
            if error and (not error.retryable or self._failed_in_a_row >= _FAILURES_IN_A_ROW):
                self.stopped = error
