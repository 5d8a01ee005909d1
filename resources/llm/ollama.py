"""A language model that an Ollama server runs, by /api/chat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from resources.failure import FailureKind, SparknetError
from resources.llm import ANSWER_TOKENS, Completion, Ending, Message, StopReason, Usage
from resources.ollama_calls import OllamaCalls, tokens_at_most

if TYPE_CHECKING:
    from ollama import ChatResponse

_STOPS = {"stop": StopReason.END, "length": StopReason.LENGTH}
# What a chat template adds to a message, and around all of them: role names and special tokens.
_TOKENS_PER_MESSAGE = 16
_TOKENS_OF_TEMPLATE = 64


class OllamaAdapter:
    """A model that was pulled, by its name.

    Ollama cuts a prompt that is longer than the window it gave the model, and says nothing. So the
    window is set with each request, a prompt that may not fit is not sent, and an answer to a
    prompt that filled the window is an error.
    """

    def __init__(
        self,
        host: str,
        model: str,
        timeout: float,
        context: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remembers where the server is; asks it nothing.

        Args:
            host: Base address, e.g. `http://127.0.0.1:11434`.
            model: Name with or without a tag, e.g. `llama3.2`.
            timeout: Seconds that the server may be silent; loading a model takes some.
            context: Most tokens of prompt and answer together: the server takes memory for so many.
            sleep: Waits between attempts.
        """
        self._model = model
        self._context = context
        self._calls = OllamaCalls(
            host, model, timeout, "SPARKNET_OLLAMA_LLM_TIMEOUT", self._refusal, sleep
        )

    @property
    def identity(self) -> str:
        """Model and the first digits of its digest. Raises as `OllamaCalls.identity` does."""
        return self._calls.identity

    @cached_property
    def context_tokens(self) -> int:
        """What the model reads, as /api/show tells, or the limit in the settings if that is lower.

        Raises:
            SparknetError: `unavailable` when the server or the model is not there.
        """
        facts = self._calls.ask(lambda client: client.show(self._model)).modelinfo or {}
        length = facts.get(f"{facts.get('general.architecture')}.context_length")
        return min(self._context, length) if isinstance(length, int) else self._context

    def count_tokens(self, text: str) -> int:
        """An estimate from above; needs no server, which tells counts only afterwards."""
        return tokens_at_most(text)

    def generate(self, prompt: str) -> str:
        """The whole answer to a prompt; one that was cut off raises."""
        return self.complete([Message("user", prompt)]).whole

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        """The next turn of a conversation, in one piece.

        It is streamed from the server all the same, so that the timeout is one of silence.
        """
        pieces: list[str] = []
        for piece in self.stream(
            messages, system=system, max_tokens=max_tokens, temperature=temperature
        ):
            if isinstance(piece, Ending):
                return Completion("".join(pieces), piece.stop, piece.usage)
            pieces.append(piece)
        raise AssertionError("a stream yields its ending, or raises")

    def stream(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Iterator[str | Ending]:
        """The next turn of a conversation as it is written, then its Ending."""
        request = self._request(messages, system, max_tokens, temperature)

        def begun(client: Any) -> tuple[ChatResponse | None, Iterator[ChatResponse]]:
            answer = client.chat(**request, stream=True)
            return next(answer, None), answer

        # A server that is busy says so before the first piece: until then it is asked again.
        response, rest = self._calls.ask(begun)
        while response is not None:
            if text := response.message.content:
                yield text
            if response.done:
                yield self._ending(response)
                return
            try:
                response = next(rest, None)
            except Exception as error:
                typed = self._calls.typed(error)
                if typed is None:
                    raise
                raise typed from error
        raise SparknetError(
            FailureKind.UNAVAILABLE, f"The answer of {self._model} broke off: try again."
        )

    def _request(
        self,
        messages: Sequence[Message],
        system: str,
        max_tokens: int,
        temperature: float | None,
    ) -> dict[str, Any]:
        turns = [{"role": role, "content": text} for role, text in messages]
        if system:
            turns.insert(0, {"role": "system", "content": system})
        window = self.context_tokens
        prompt = _TOKENS_OF_TEMPLATE + sum(
            _TOKENS_PER_MESSAGE + self.count_tokens(turn["content"]) for turn in turns
        )
        if prompt + max_tokens > window:
            raise SparknetError(
                FailureKind.TOO_LARGE,
                f"A prompt of up to {prompt:,} tokens and an answer of up to {max_tokens:,} may not"
                f" fit the {window:,} tokens of {self._model}; it was not sent. Raise"
                " SPARKNET_OLLAMA_CONTEXT if the model reads more.",
            )
        options: dict[str, Any] = {"num_ctx": window, "num_predict": max_tokens}
        if temperature is not None:
            options["temperature"] = temperature
        return {"model": self._model, "messages": turns, "options": options}

    def _ending(self, response: ChatResponse) -> Ending:
        read, written = response.prompt_eval_count or 0, response.eval_count or 0
        if read >= self.context_tokens:
            raise SparknetError(
                FailureKind.TOO_LARGE,
                f"The prompt filled the {self.context_tokens:,} tokens of {self._model}, so part of"
                " it was cut and the answer is not to be relied on. Raise SPARKNET_OLLAMA_CONTEXT.",
            )
        stop = _STOPS.get(response.done_reason or "stop", StopReason.OTHER)
        return Ending(stop, Usage(read, written, 0.0))

    def _refusal(self, status: int, message: str) -> SparknetError | None:
        """What the server's answer means for a conversation."""
        said = f"Ollama says: {message.strip()[:300]}"
        if "does not support chat" in message:
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"{self._model} does not chat; set SPARKNET_OLLAMA_MODEL to a model that does,"
                f" e.g. llama3.2. {said}",
                retryable=False,
            )
        if "system memory" in message or "out of memory" in message:
            return SparknetError(
                FailureKind.OUT_OF_MEMORY,
                f"{self._model} does not fit the memory of the server: lower"
                f" SPARKNET_OLLAMA_CONTEXT, or choose a smaller model. {said}",
            )
        return None
