"""Claude and Titan Text on Bedrock, by Converse and ConverseStream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from resources.aws.bedrock import ATTEMPTS, Bill, ModelCalls, ModelFailedError
from resources.aws.clients import AwsClients
from resources.aws.limits import Limiter
from resources.failure import FailureKind, SparknetError
from resources.llm import (
    ANSWER_TOKENS,
    Completion,
    Ending,
    Message,
    StopReason,
    Usage,
    estimate_tokens,
)
from resources.llm.bedrock_models import facts_of
from resources.model_ids import plain_id
from resources.prices import Prices

# IAM knows no bedrock:Converse; https://docs.aws.amazon.com/bedrock/latest/APIReference/
# API_runtime_Converse.html and ..._ConverseStream.html name these.
_INVOKE = "bedrock:InvokeModel"
_STREAM = "bedrock:InvokeModelWithResponseStream"
# An answer that is not streamed arrives at once, when all of it is written.
_READ_SECONDS = 600
_STOPS = {
    "end_turn": StopReason.END,
    "stop_sequence": StopReason.END,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "content_filtered": StopReason.REFUSED,
    "guardrail_intervened": StopReason.REFUSED,
    "refusal": StopReason.REFUSED,
}


class BedrockAdapter:
    """A model on Bedrock, by its id or through an inference profile.

    What the model would refuse is left out of a request (see `bedrock_models`): temperature where
    it takes none; system text where it takes none goes before the first message.
    """

    def __init__(
        self,
        clients: AwsClients,
        model: str,
        limiter: Limiter,
        prices: Prices | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remembers whom to ask; asks nothing.

        Args:
            model: Id of a model, or id or ARN of an inference profile.
            limiter: Of calls, shared with other processes.
            prices: None: no cost is known.
            sleep: Waits between attempts.
        """
        self._clients = clients
        self._model = model
        self._facts = facts_of(model)
        self._calls = ModelCalls(model, "SPARKNET_BEDROCK_MODEL", limiter, sleep)
        self._prices = prices

    @property
    def identity(self) -> str:
        return plain_id(self._model)

    @property
    def context_tokens(self) -> int | None:
        return self._facts.context_tokens

    def count_tokens(self, text: str) -> int:
        """An estimate from above; asks no service."""
        return estimate_tokens(text)

    def generate(self, prompt: str) -> str:
        """The whole answer to a prompt; one that was cut off or refused raises."""
        return self.complete([Message("user", prompt)]).whole

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        """The next turn of a conversation, in one piece."""
        request = self._request(messages, system, max_tokens, temperature)
        client = self._client
        cost = self._cost_at_most(request)
        answer = self._calls.run(
            lambda: client.converse(**request),
            _INVOKE,
            cost,
            lambda answer: self._usage(answer["usage"]).cost_usd,
        )
        content = answer["output"]["message"]["content"]
        text = "".join(block.get("text", "") for block in content)
        return Completion(text, _stop(answer["stopReason"]), self._usage(answer["usage"]))

    def stream(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Iterator[str | Ending]:
        """The next turn of a conversation as it is written, then its Ending.

        A model that fails before its first words is asked again; after them, the error is raised.
        """
        request = self._request(messages, system, max_tokens, temperature)
        bill = Bill(self._cost_at_most(request))
        for attempt in range(ATTEMPTS):
            begun = False
            try:
                for piece in self._pieces(request, bill):
                    begun = True
                    yield piece
                return
            except SparknetError as error:
                if begun:  # what was written is charged, and nobody says how much
                    raise
                if attempt == ATTEMPTS - 1 or not isinstance(error, ModelFailedError):
                    bill.settle(0.0)
                    raise
            self._calls.wait(attempt)

    def _pieces(self, request: dict[str, Any], bill: Bill) -> Iterator[str | Ending]:
        stop: StopReason | None = None
        usage = Usage(cost_usd=None)
        with (
            self._calls.under_way(_STREAM, bill),
            closing(self._client.converse_stream(**request)["stream"]) as events,
        ):
            for event in events:
                if text := event.get("contentBlockDelta", {}).get("delta", {}).get("text"):
                    yield text
                elif "messageStop" in event:
                    stop = _stop(event["messageStop"]["stopReason"])
                elif "metadata" in event:
                    usage = self._usage(event["metadata"]["usage"])
                    bill.settle(usage.cost_usd)
        if stop is None:
            raise ModelFailedError(
                FailureKind.UNAVAILABLE, f"The answer of {self._model} broke off: try again."
            )
        yield Ending(stop, usage)

    def _request(
        self,
        messages: Sequence[Message],
        system: str,
        max_tokens: int,
        temperature: float | None,
    ) -> dict[str, Any]:
        facts = self._facts
        limit = min(max_tokens, facts.output_tokens or max_tokens)
        self._check_length(messages, system, limit)
        turns = [{"role": role, "content": [{"text": text}]} for role, text in messages]
        settings: dict[str, Any] = {"maxTokens": limit}
        if temperature is not None and facts.temperature:
            settings["temperature"] = temperature
        request = {"modelId": self._model, "messages": turns, "inferenceConfig": settings}
        if system and facts.system:
            request["system"] = [{"text": system}]
        elif system:
            turns[0]["content"] = [{"text": f"{system}\n\n{messages[0].text}"}]
        return request

    def _check_length(self, messages: Sequence[Message], system: str, answer: int) -> None:
        window = self._facts.context_tokens
        if window is None:
            return
        prompt = sum(map(self.count_tokens, [system, *(message.text for message in messages)]))
        if prompt + answer > window:
            raise SparknetError(
                FailureKind.TOO_LARGE,
                f"A prompt of about {prompt:,} tokens and an answer of up to {answer:,} do not fit"
                f" the {window:,} tokens of {self._model}; it was not sent.",
            )

    def _cost_at_most(self, request: dict[str, Any]) -> float | None:
        """What the budget has to allow: the prompt by estimate, and the longest answer."""
        if self._prices is None:
            return None
        parts = [
            *request.get("system", ()),
            *(b for m in request["messages"] for b in m["content"]),
        ]
        prompt = sum(self.count_tokens(part["text"]) for part in parts)
        answer = request["inferenceConfig"]["maxTokens"]
        return self._prices.llm_tokens(self._model, prompt, answer)

    def _usage(self, counted: dict[str, int]) -> Usage:
        read, written = counted["inputTokens"], counted["outputTokens"]
        cost = self._prices.llm_tokens(self._model, read, written) if self._prices else None
        return Usage(read, written, cost)

    @property
    def _client(self) -> Any:
        return self._clients.client("bedrock-runtime", _READ_SECONDS)


def _stop(reason: str) -> StopReason:
    return _STOPS.get(reason, StopReason.OTHER)
