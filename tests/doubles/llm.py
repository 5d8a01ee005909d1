"""Language models that say what they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.failure import SparknetError
from resources.llm import ANSWER_TOKENS, Completion, Ending, Message, StopReason, Usage
from resources.llm import estimate_tokens as estimate

Writer = Callable[[str, str], str]


class WholeModel:
    """An LLMAdapter but for `complete`, which it asks for all else."""

    identity = "scripted"
    context_tokens: int | None = None

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    def generate(self, prompt: str) -> str:
        return self.complete([Message("user", prompt)]).whole

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        raise NotImplementedError

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[str | Ending]:
        text, stop, usage = self.complete(messages, **options)
        yield text
        yield Ending(stop, usage)


@dataclass
class ScriptedModel(WholeModel):
    """An LLMAdapter that speaks in pieces of any size.

    Attributes:
        answer: A text, or a function of system text and prompt.
        size: Characters of a piece.
        error: Raised after `error_after` pieces.
        prompts: System text and prompt of each call.
    """

    answer: str | Writer = "NOT IN THE DOCUMENTS"
    size: int = 7
    stop: StopReason = StopReason.END
    context_tokens: int | None = 8192
    identity: str = "scripted-1"
    error: SparknetError | None = None
    error_after: int = 0
    prompts: list[tuple[str, str]] = field(default_factory=list)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        *pieces, ending = self.stream(messages, system=system, max_tokens=max_tokens)
        assert isinstance(ending, Ending)
        return Completion("".join(map(str, pieces)), ending.stop, ending.usage)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Iterator[str | Ending]:
        prompt = messages[-1].text
        self.prompts.append((system, prompt))
        text = self.answer if isinstance(self.answer, str) else self.answer(system, prompt)
        for number, start in enumerate(range(0, len(text), self.size)):
            if self.error and number == self.error_after:
                raise self.error
            yield text[start : start + self.size]
        if self.error:
            raise self.error
        yield Ending(self.stop, Usage(estimate(system + prompt), estimate(text), 0.25))
