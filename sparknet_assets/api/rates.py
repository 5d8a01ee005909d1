"""How often a caller may ask: a token bucket each."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

# Addresses are many: those not seen for longest are forgotten.
_REMEMBERED = 10_000


class Rates:
    """Token buckets by caller: `burst` requests at once, `per_second` on average.

    In the memory of this process: several servers each allow as much.
    """

    def __init__(
        self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, price: float = 1.0) -> int:
        """Takes tokens; 0, or the whole seconds until there are enough."""
        now = self._clock()
        price = min(price, self._burst)
        with self._lock:
            left, seen = self._buckets.pop(who, (self._burst, now))
            left = min(self._burst, left + (now - seen) * self._per_second)
            short = price - left
            self._buckets[who] = (left if short > 0 else left - price, now)
            while len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        return math.ceil(short / self._per_second) if short > 0 else 0
