"""The event queue port: what a storage says has happened to its objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EventKind(StrEnum):
    """What happened to an object."""

    CREATED = "created"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class StorageEvent:
    """One message: something happened to an object. It may be late, repeated or out of order.

    Attributes:
        receipt: Names the message when it is deleted.
    """

    key: str
    kind: EventKind
    receipt: str


class EventQueue(Protocol):
    """Messages that come again, after a while, until they are deleted."""

    def receive(self, limit: int) -> Sequence[StorageEvent]:
        """Up to `limit` messages, hidden from others for a while. Fewer, or none, proves nothing.

        Keys outside `raw/` may be among them. A message that tells of several objects gives an
        event for each, so there may be more events than `limit`.

        A message that can't be read as an event must not keep the others from being read: the
        adapter leaves it alone, with a warning once, and the queue moves it elsewhere after some
        receptions (on SQS by the queue's redrive policy).
        """
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Deletes messages; what is unknown or expired is passed over."""
        ...
