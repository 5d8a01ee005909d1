"""What can go wrong with a document, as a value that is recorded and shown."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class FailureKind(StrEnum):
    """The closed list of reasons a document, a stage or a page can fail for."""

    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    INTERNAL = "internal"


# Kinds that the state of the machine or a service can cause: the same bytes may succeed later.
RETRYABLE_KINDS = frozenset(
    {
        FailureKind.TIMED_OUT,
        FailureKind.OUT_OF_MEMORY,
        FailureKind.CRASHED,
        FailureKind.THROTTLED,
        FailureKind.UNAVAILABLE,
        FailureKind.INTERNAL,
    }
)


class Failure(BaseModel):
    """A recorded failure.

    Attributes:
        message: One or two sentences for people: what is wrong, with which document, what to do.
        attempts: How often the work was tried, this time included.
        next_retry_at: When a scheduled retry is due (UTC); None when none is planned.
        cost_usd: Paid to services before it failed.
    """

    model_config = ConfigDict(frozen=True)

    kind: FailureKind
    message: str
    retryable: bool
    attempts: int = 1
    next_retry_at: datetime | None = None
    cost_usd: float = 0.0


class SparknetError(Exception):
    """An error that carries its kind and a message fit for people.

    Adapters and stages raise it; the batch turns it into a `Failure`. Plain arguments only, so
    that it survives the pickling between worker and parent.
    """

    def __init__(self, kind: FailureKind, message: str, retryable: bool | None = None) -> None:
        super().__init__(kind, message, retryable)
        self.kind = FailureKind(kind)
        self.message = message
        self.retryable = self.kind in RETRYABLE_KINDS if retryable is None else retryable

    def __str__(self) -> str:
        return self.message

    def to_failure(self, attempts: int = 1) -> Failure:
        """Returns the value that is recorded for this error."""
        return Failure(
            kind=self.kind, message=self.message, retryable=self.retryable, attempts=attempts
        )
