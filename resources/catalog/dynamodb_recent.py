"""Items that were read a moment ago, so that a write of theirs need not read them once more."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping

from resources.catalog.dynamodb_table import Item, Key

_SECONDS = 60.0
_MOST = 1000


class Recent:
    """What this process read or wrote last of some items. Shared between threads.

    Others may have changed an item meanwhile. So it serves only to plan a write which asks whether
    the item is as it was, and reads it again when it is not.
    """

    def __init__(self) -> None:
        self._items: dict[Key, tuple[float, Item]] = {}
        self._lock = threading.Lock()

    def note(self, items: Mapping[Key, Item]) -> None:
        """Notes items as they are now, the empty item for one that is not there."""
        now = time.monotonic()
        with self._lock:
            for key, item in list(items.items())[-_MOST:]:
                self._items.pop(key, None)
                self._items[key] = (now, item)
            while len(self._items) > _MOST:
                del self._items[next(iter(self._items))]

    def take(self, keys: Collection[Key]) -> dict[Key, Item]:
        """Those of the items that are known, which are forgotten: a write changes them."""
        oldest = time.monotonic() - _SECONDS
        with self._lock:
            found = {key: self._items.pop(key) for key in keys if key in self._items}
        return {key: item for key, (read, item) in found.items() if read > oldest}
