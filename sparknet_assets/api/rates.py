"""How often a caller may ask: a token bucket each."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread

from resources.cache.buckets import Bucket

if TYPE_CHECKING:
    from resources.cache import Cache

# Addresses are many: those not seen for longest are forgotten.
_REMEMBERED = 10_000
# Requests that work hold the threads of all: who is to be let in must not wait behind them.
_ASKED_AT_ONCE = 8


class Rates:
    """Token buckets by caller: `burst` requests at once, `per_second` on average.

    Args:
        shared: Where the buckets are that several servers keep together. While it can't be asked,
            and where it is None, each server counts by itself: a limit there is, in any case.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        shared: Callable[[], Cache] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._shared = shared
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    async def take(self, who: str, price: float = 1.0) -> int:
        """Takes tokens; 0, or the whole seconds until there are enough."""
        price = min(price, self._burst)
        wait = None
        if self._shared is not None:
            wait = await to_thread.run_sync(self._take_shared, who, price, limiter=self._limiter)
        if wait is None:
            wait = self._take_own(who, price)
        return math.ceil(wait)

    def _take_shared(self, who: str, price: float) -> float | None:
        assert self._shared is not None
        # Others may look into the cache: names and addresses are none of its business.
        name = "api/" + hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:32]
        return self._shared().take(name, price, self._per_second, self._burst)

    def _take_own(self, who: str, price: float) -> float:
        now = self._clock()
        with self._lock:
            before = self._buckets.pop(who, Bucket(self._burst, now))
            bucket, wait = before.after_taking(price, self._per_second, self._burst, now)
            self._buckets[who] = bucket
            while len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        return wait

    @cached_property
    def _limiter(self) -> CapacityLimiter:
        return CapacityLimiter(_ASKED_AT_ONCE)
