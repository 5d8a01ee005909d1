"""Plans for requests: made one at a time, since each compares all originals with all rows."""

from __future__ import annotations

import threading
import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import CapacityLimiter, to_thread

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from schedules.plan import Plan
    from schedules.plan_reasons import PlannedReason

_KEPT_SECONDS = 60.0
# Who waits for a plan must not hold the threads of all other requests.
_AT_ONCE = 4


class Made(NamedTuple):
    """A plan, and what is the same for each part of it."""

    plan: Plan
    totals: dict[str, Any]
    reasons: list[PlannedReason]


class PlansMade:
    """Makes plans; requests that come while one is made share the next."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._made: Made | None = None
        self._began = self._ended = 0.0

    async def plan(self, *, go_on: bool) -> Made:
        """A plan that was begun after this call.

        Args:
            go_on: One of the last minute does, so that the parts of a listing are of one plan. Any
                other is as good: where another server has made that one, it is made anew.
        """
        asked = time.monotonic()
        return await to_thread.run_sync(partial(self._get, asked, go_on), limiter=self._limiter)

    def _get(self, asked: float, go_on: bool) -> Made:
        with self._lock:
            kept = go_on and time.monotonic() < self._ended + _KEPT_SECONDS
            if self._made is None or not (kept or self._began >= asked):
                self._began = time.monotonic()
                self._made = _made(self._deployment)
                self._ended = time.monotonic()
            return self._made

    @cached_property
    def _limiter(self) -> CapacityLimiter:
        return CapacityLimiter(_AT_ONCE)


def _made(deployment: Deployment) -> Made:
    from schedules.plan_reasons import by_reason
    from schedules.reconciliation import gather_settled

    plan = gather_settled(deployment).plan
    return Made(plan, plan.totals(), by_reason(plan.documents))
