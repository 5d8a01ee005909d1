"""One process works on a document at a time: leases in the catalog, renewed while it lives."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Sequence

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.processes import this_host

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0
_POLL_SECONDS = 0.2


class Claims:
    """The documents that this process works on, from entering the context until it ends."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._owner = f"{this_host()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Claims:
        threading.Thread(target=self._renew, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self.give_back(list(self._held))

    def take(self, doc_ids: Sequence[str]) -> list[str]:
        """Those of `doc_ids` that nobody else works on, now ours, in the order given."""
        taken = self._deployment.catalog.claim(doc_ids, self._owner, LEASE_SECONDS)
        with self._lock:
            self._held |= taken
        return [doc_id for doc_id in doc_ids if doc_id in taken]

    def wait_for(
        self, doc_ids: Sequence[str], seconds: float
    ) -> tuple[list[str], dict[str, SparknetError]]:
        """Waits for those who work on these documents.

        Returns:
            The documents that are ours, and for each other one who still works on it.
        """
        mine, waiting = self.take(doc_ids), list(doc_ids)
        deadline = time.monotonic() + seconds
        while waiting := [doc_id for doc_id in waiting if doc_id not in mine]:
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
            mine += self.take(waiting)
        owners = self._deployment.catalog.owners(waiting)
        return mine, {doc_id: _worked_on(doc_id, owners.get(doc_id, "")) for doc_id in waiting}

    def give_back(self, doc_ids: Sequence[str]) -> None:
        """Lets others have these documents."""
        if not doc_ids:
            return
        with self._lock:
            self._held.difference_update(doc_ids)
            self._deployment.catalog.release(doc_ids, self._owner)

    def _renew(self) -> None:
        while not self._closed.wait(RENEW_SECONDS):
            with self._lock:
                if self._held:
                    try:
                        self._deployment.catalog.claim(self._held, self._owner, LEASE_SECONDS)
                    except Exception as error:  # a full disk or a long lock may pass
                        logger.warning("claims on documents were not renewed this time: %s", error)


def _worked_on(doc_id: str, owner: str) -> SparknetError:
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    where = "" if host == this_host() else f" on {host}"
    who = f"process {pid}{where}" if pid else "another process"
    return SparknetError(
        FailureKind.UNAVAILABLE,
        f"{doc_id} is being worked on by {who}: try again when that is done, or stop it first.",
    )
