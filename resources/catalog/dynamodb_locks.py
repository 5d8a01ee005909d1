"""Named locks between machines, in the table of the catalog: holders mark that they live."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from resources.aws.clients import AwsClients
from resources.catalog.dynamodb_leases import process_is_gone, this_process
from resources.catalog.dynamodb_table import Change, ConditionFailed, Item, Key, Table
from resources.failure import SparknetError

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
# A holder whose mark stood still for so long, on the clock of the one who waits, is dead.
LEASE_SECONDS = 20.0
# For one who does not wait so long: then marks are compared with the time, on whose clock ever.
_LONG_DEAD_SECONDS = 600.0
_POLL_SECONDS = 0.2
_HANDOVERS = 200

Holders = dict[str, dict[str, Any]]


class DynamoDBLocks:
    """Locks as items: a holder's process that ends, wherever it ran, gives them up.

    At once for others on its host, `LEASE_SECONDS` later for other machines. A process that is
    stopped for longer than that may find its lock taken over; it is warned of in the log.

    Args:
        table: Name of the table of the catalog.
    """

    def __init__(
        self,
        table: str,
        clients: AwsClients,
        *,
        beat_seconds: float = BEAT_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._table = Table(table, clients)
        self._beat_seconds = beat_seconds
        self._lease_seconds = lease_seconds
        # (lock, holder) -> its last mark, and when that was first seen here.
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}

    def __reduce__(self) -> tuple[Callable[..., DynamoDBLocks], tuple[str, AwsClients]]:
        return DynamoDBLocks, (self._table.name, self._table.clients)

    @contextmanager
    def hold(
        self, name: str, *, shared: bool = False, timeout: float | None = None
    ) -> Iterator[None]:
        """Holds the lock `name`: one holder, or any number of shared ones. Not reentrant.

        Raises:
            TimeoutError: Another holder did not give way within `timeout` seconds.
            SparknetError: DynamoDB can't be asked.
        """
        token = uuid.uuid4().hex
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._acquired(name, token, shared):
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"The lock {name} is held by another process.")
            time.sleep(_POLL_SECONDS * random.uniform(0.5, 1.0))
        released = threading.Event()
        beats = threading.Thread(target=self._beat, args=(name, token, released), daemon=True)
        beats.start()
        try:
            yield
        finally:
            released.set()
            beats.join()
            self._release(name, token)

    def _acquired(self, name: str, token: str, shared: bool) -> bool:
        def take(holders: Holders) -> bool:
            for other in [other for other in holders if self._is_dead(name, other, holders[other])]:
                del holders[other]
            if token in holders:
                return True
            if holders and not (shared and all(held["shared"] for held in holders.values())):
                return False
            holders[token] = {"shared": shared, **this_process(token), **_mark()}
            return True

        return self._changed(name, take)

    def _beat(self, name: str, token: str, released: threading.Event) -> None:
        def mark(holders: Holders) -> bool:
            if token not in holders:
                return False
            holders[token] |= _mark()
            return True

        while not released.wait(self._beat_seconds):
            try:
                if not self._changed(name, mark):
                    log.warning("The lock %s was taken over: this process stood still.", name)
                    return
            except SparknetError as error:  # throttling may pass before the lease ends
                log.warning("The lock %s was not renewed this time: %s", name, error)

    def _release(self, name: str, token: str) -> None:
        def leave(holders: Holders) -> bool:
            return holders.pop(token, None) is not None

        try:
            self._changed(name, leave)
        except SparknetError as error:
            log.warning("The lock %s is given up when its lease ends: %s", name, error)

    def _changed(self, name: str, change: Callable[[Holders], bool]) -> bool:
        """Changes the holders as they are now; False when `change` says that there is no point."""
        key: Key = (f"K#{name}", "K")
        for _ in range(_HANDOVERS):
            item = self._table.get([key]).get(key)
            holders: Holders = json.loads(str(item["holders"])) if item else {}
            if not change(holders):
                return False
            try:
                self._table.transact([_replacement(key, item, holders)])
                return True
            except ConditionFailed:
                time.sleep(random.uniform(0, 0.05))
        return False

    def _is_dead(self, name: str, token: str, held: dict[str, Any]) -> bool:
        now = time.monotonic()
        mark, since = self._seen.get((name, token), ("", now))
        if mark != held["mark"]:
            since = now
        self._seen[name, token] = (held["mark"], since)
        return (
            process_is_gone(held)
            or now - since > self._lease_seconds
            or time.time() - held["time"] > _LONG_DEAD_SECONDS
        )


def _mark() -> dict[str, Any]:
    return {"mark": uuid.uuid4().hex, "time": time.time()}


def _replacement(key: Key, before: Item | None, holders: Holders) -> Change:
    condition, values = "attribute_not_exists(pk)", None
    if before:
        condition, values = "version = :before", {":before": before["version"]}
    item: Item = {"version": uuid.uuid4().hex, "holders": json.dumps(holders)}
    return Change("Put", key, item=item, condition=condition, values=values)
