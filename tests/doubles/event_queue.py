"""An event queue in memory that behaves as badly as a real one may."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from resources.event_queue import EventKind, StorageEvent


class MemoryEventQueue:
    """Gives messages in any order, few or none at a time, and again after `reappear`.

    Attributes:
        deleted: Receipts that were deleted, in order.
    """

    def __init__(self, seed: int = 0, *, moody: bool = False) -> None:
        self.deleted: list[str] = []
        self._messages: dict[str, StorageEvent] = {}
        self._hidden: set[str] = set()
        self._random = Random(seed)
        self._moody = moody
        self._numbers = 0

    def send(self, key: str, kind: EventKind = EventKind.CREATED) -> str:
        self._numbers += 1
        receipt = f"message-{self._numbers}"
        self._messages[receipt] = StorageEvent(key, kind, receipt)
        return receipt

    def reappear(self) -> None:
        """What happens when the time that messages stay hidden is over."""
        self._hidden.clear()

    def left(self) -> list[str]:
        """Keys of the messages that are not deleted."""
        return sorted(event.key for event in self._messages.values())

    def receive(self, limit: int) -> Sequence[StorageEvent]:
        visible = [receipt for receipt in self._messages if receipt not in self._hidden]
        if self._moody:
            self._random.shuffle(visible)
            limit = min(limit, self._random.randint(1, 3))
        self._hidden.update(visible[:limit])
        return [self._messages[receipt] for receipt in visible[:limit]]

    def delete(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            if self._messages.pop(receipt, None):
                self.deleted.append(receipt)
