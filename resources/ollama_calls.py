"""Calls of an Ollama server: tried again while it is busy, errors in words, tokens estimated."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    from ollama import Client

T = TypeVar("T")

_WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before each further attempt at a busy server
BUSY = frozenset({429, 503})
_LOOPBACK = re.compile(r"(https?://)?(localhost|127\.|\[::1\])")
TOKEN_RUNS = re.compile(r"[A-Za-z]+|[^\x00-\x7f]+|\S")


class OllamaCalls:
    """Calls of one model on one server.

    Args:
        host: Base address, e.g. `http://127.0.0.1:11434`.
        model: Name with or without a tag.
        timeout: Seconds that the server may be silent.
        setting: That holds the timeout, for messages.
        refusal: What a status and the server's words mean for this kind of call; None for what
            they always mean.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        host: str,
        model: str,
        timeout: float,
        setting: str,
        refusal: Callable[[int, str], SparknetError | None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = host
        self._model = model
        self._timeout = timeout
        self._setting = setting
        self._refusal = refusal
        self._sleep = sleep

    @cached_property
    def client(self) -> Client:
        from ollama import Client

        # A proxy that the environment names does not know this machine.
        trust = _LOOPBACK.match(self._host) is None
        return Client(host=self._host, timeout=self._timeout, trust_env=trust)

    @cached_property
    def identity(self) -> str:
        """Model and the first digits of its digest, which is asked for once.

        Raises:
            SparknetError: `unavailable` when the server or the model is not there: without the
                digest, what an older pull under the same name made would pass for this one's.
        """
        listed = self.ask(lambda client: client.list()).models
        name = self._model if ":" in self._model else f"{self._model}:latest"
        for entry in listed:
            if entry.model == name:
                return f"ollama-{self._model}-{(entry.digest or '').removeprefix('sha256:')[:12]}"
        raise self._missing_model()

    def ask(self, request: Callable[[Client], T]) -> T:
        """Sends a request, waiting and trying again while the server is busy."""
        for wait in (*_WAITS, None):
            try:
                return request(self.client)
            except Exception as error:
                if wait is None or getattr(error, "status_code", None) not in BUSY:
                    typed = self.typed(error)
                    if typed is None:
                        raise
                    raise typed from error
                self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def typed(self, error: Exception) -> SparknetError | None:
        """An error of the client as one with its remedy; None for one that is not the client's."""
        import httpx
        from ollama import ResponseError

        if isinstance(error, ResponseError):
            return self._said(error.status_code, error.error)
        if isinstance(error, httpx.TimeoutException):
            return SparknetError(
                FailureKind.TIMED_OUT,
                f"Ollama at {self._host} did not answer within {self._timeout:g} s. Try again,"
                f" or raise {self._setting}.",
            )
        if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"Ollama at {self._host} broke off its answer. Try again; the server's log says"
                " more.",
            )
        if isinstance(error, ConnectionError | httpx.TransportError):
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"There is no Ollama server at {self._host}. Start one with `ollama serve`, or"
                " set SPARKNET_OLLAMA_HOST.",
            )
        if isinstance(error, ValueError) and not isinstance(error, SparknetError):
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"What answers at {self._host} does not speak Ollama's protocol; check"
                " SPARKNET_OLLAMA_HOST.",
                retryable=False,
            )
        return None

    def _said(self, status: int, message: str) -> SparknetError:
        if status in BUSY:
            said = f"Ollama says: {message.strip()[:300]}"
            return SparknetError(FailureKind.THROTTLED, f"Ollama at {self._host} is busy. {said}")
        if status == 404:
            return self._missing_model()
        kind = FailureKind.INTERNAL if status >= 500 else FailureKind.REFUSED
        return self._refusal(status, message) or SparknetError(
            kind, f"{self._model} did not answer. Ollama says: {message.strip()[:300]}"
        )

    def _missing_model(self) -> SparknetError:
        return SparknetError(
            FailureKind.UNAVAILABLE,
            f"Ollama at {self._host} does not have {self._model}. Get it with"
            f" `ollama pull {self._model}`.",
            retryable=False,
        )


def run_tokens(run: str) -> int:
    """Tokens of letters, of a stretch of another script, or of one sign; never too few."""
    if run.isascii():
        return -(-len(run) // 3)
    return -(-len(run.encode("utf-8", "replace")) // 2)


def tokens_at_most(text: str) -> int:
    """A token for every three Latin letters, two bytes of another script, digit and sign."""
    return sum(map(run_tokens, TOKEN_RUNS.findall(text)))
