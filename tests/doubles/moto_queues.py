"""Queues of moto without what makes thousands of messages slow; their answers stay the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

_COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)


_ahead = 0.0


def _now() -> float:
    return (time.time() + _ahead) * 1000


def pass_seconds(seconds: float) -> None:
    """Sets the clock of the queues forward."""
    global _ahead
    _ahead += seconds


def quicken_queues() -> None:
    """Takes the time from the clock, and counts messages only for who asks how many there are.

    moto makes two dates for each message that it looks at, and counts all messages three times for
    each one that is sent or received.
    """
    from moto.sqs import models

    models.unix_time_millis = _now  # type: ignore[assignment]
    busy = threading.local()

    def count(counted: Callable[[Any], int]) -> property:
        return property(lambda queue: 0 if getattr(busy, "now", False) else counted(queue))

    def uncounted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            busy.now = True
            try:
                return method(*arguments, **named)
            finally:
                busy.now = False

        return call

    for name in _COUNTS:
        setattr(models.Queue, name, count(getattr(models.Queue, name).fget))
    for name in ("send_message", "receive_message"):
        setattr(models.SQSBackend, name, uncounted(getattr(models.SQSBackend, name)))
