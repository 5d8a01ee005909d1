"""The language model port: prompts to text, with what that took and whether it is all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from resources.failure import FailureKind, SparknetError

ANSWER_TOKENS = 2048
"""The most tokens of an answer, where the caller does not say."""


class Message(NamedTuple):
    """A turn of a conversation. The first is the user's, and turns alternate."""

    role: Literal["user", "assistant"]
    text: str


class StopReason(StrEnum):
    """Why an answer ends where it ends."""

    END = "end"
    LENGTH = "length"  # the most tokens asked for, or the model's window, were reached
    REFUSED = "refused"  # by the model, or by a filter on what goes in or comes out
    OTHER = "other"


class Usage(NamedTuple):
    """What calls took, as the service counted.

    Attributes:
        cost_usd: None where the price is unknown.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def plus(self, other: Usage) -> Usage:
        """Both together; a cost that is unknown makes the sum unknown."""
        unknown = self.cost_usd is None or other.cost_usd is None
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            None if unknown else (self.cost_usd or 0.0) + (other.cost_usd or 0.0),
        )


class Completion(NamedTuple):
    """An answer. `text` is all of it only where `stop` is END: ask for `whole` to be sure."""

    text: str
    stop: StopReason
    usage: Usage

    @property
    def whole(self) -> str:
        """The text of an answer that came to its end.

        Raises:
            SparknetError: `too_large`: it was cut off; `refused`; `internal`: it is unusable.
        """
        if self.stop is StopReason.LENGTH:
            raise SparknetError(
                FailureKind.TOO_LARGE,
                f"The language model's answer was cut off after {self.usage.output_tokens} tokens:"
                " allow it more, or give it less to read.",
            )
        if self.stop is StopReason.REFUSED:
            raise SparknetError(
                FailureKind.REFUSED, "The language model, or a filter around it, refused to answer."
            )
        if self.stop is StopReason.OTHER:
            raise SparknetError(
                FailureKind.INTERNAL, "The language model ended its answer in an unusable way."
            )
        return self.text


class Ending(NamedTuple):
    """The last thing that a stream of text yields."""

    stop: StopReason
    usage: Usage


class LLMAdapter(Protocol):
    """A language model. Construction is cheap, and asks no service.

    All calls raise SparknetError: `throttled` and `unavailable` (try again later), `refused` (what
    was sent, or a permission), `too_large` (more than the model reads).
    """

    @property
    def identity(self) -> str:
        """The model: part of fingerprints and cache keys."""
        ...

    @property
    def context_tokens(self) -> int | None:
        """Tokens that prompt and answer may have together; None where that is unknown."""
        ...

    def count_tokens(self, text: str) -> int:
        """An estimate from above of the tokens of a text; `Usage` tells what they were."""
        ...

    def generate(self, prompt: str) -> str:
        """The whole answer to a prompt; one that was cut off or refused raises, see Completion."""
        ...

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        """The next turn of a conversation.

        Args:
            system: What holds for the whole conversation.
            max_tokens: Of the answer; the model's own limit if that is lower.
            temperature: 0 (always the likeliest word) to 1. A model that takes none gets none.
        """
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Iterator[str | Ending]:
        """As `complete`: pieces of text as they come, then one Ending. Raises as it is read."""
        ...


def estimate_tokens(text: str) -> int:
    """A token for every three bytes of UTF-8: for English about a third more than models count."""
    return -(-len(text.encode("utf-8", "replace")) // 3)
