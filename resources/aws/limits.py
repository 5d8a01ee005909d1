"""Limits of a service that all processes of a run keep together: calls at once, calls a second."""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.locks import file_lock

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_POLL_SECONDS = 0.02
# A later time than this was left by a boot of before: the clock starts anew with the machine.
_FURTHEST_SECONDS = 600.0


class Payment:
    """What is paid for a call: by estimate before it, set right once its cost is known."""

    def __init__(self, usd: float, correct: Callable[[float], None] | None) -> None:
        self._usd = usd
        self._correct = correct

    def settle(self, usd: float | None) -> None:
        """The call has cost this much; None, unknown, leaves the estimate."""
        if self._correct is not None and usd is not None:
            self._correct(usd - self._usd)
            self._usd = usd


class Limiter:
    """Files in a folder hold the state, so a process that is killed gives its place back.

    Args:
        folder: On a disk of this machine; shared by the processes that keep the limit together.
        name: Of the service or operation.
        per_second: Calls that may begin in a second, averaged; None for any number.
        at_once: Calls that may be under way.
        pay: Told what a call costs before it begins; it raises what forbids the call, and may
            return what takes a correction of that cost.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        per_second: float | None,
        at_once: int,
        pay: Callable[[float], Callable[[float], None] | None] | None = None,
    ) -> None:
        self._slots = [folder / f"{name}.slot{number}" for number in range(at_once)]
        self._clock = folder / f"{name}.next"
        self._interval = 1.0 / per_second if per_second else 0.0
        self._pay = pay

    @contextmanager
    def call(self, usd: float = 0.0) -> Iterator[Payment]:
        """Waits until a call may begin; it is under way until the context ends.

        Args:
            usd: What it costs.

        Raises:
            BudgetError: The run's budget does not allow that.
        """
        correct = self._pay(usd) if self._pay and usd else None
        descriptor = self._slot()
        try:
            if self._interval:
                time.sleep(max(0.0, self._turn() - time.monotonic()))
            yield Payment(usd, correct)
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _slot(self) -> int:
        self._clock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            for path in random.sample(self._slots, len(self._slots)):
                descriptor = os.open(path, _FLAGS, 0o666)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return descriptor
                except BlockingIOError:
                    os.close(descriptor)
            time.sleep(_POLL_SECONDS * (0.5 + random.random()))

    def _turn(self) -> float:
        """Takes the next place in the line; the time at which it comes up."""
        now = time.monotonic()
        with file_lock(self._clock.with_suffix(".lock")):
            try:
                due = float(self._clock.read_text())
            except (FileNotFoundError, ValueError):
                due = now
            if due > now + _FURTHEST_SECONDS:
                due = now
            turn = max(now, due)
            self._clock.write_text(str(turn + self._interval))
        return turn
