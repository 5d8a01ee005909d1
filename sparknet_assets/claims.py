"""One process works on a document at a time: leases in the catalog, renewed while it lives."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Sequence

from resources.deployment import Deployment
from resources.processes import this_host

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0


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
