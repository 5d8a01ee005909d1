"""Which documents the commands that run now are still going to take, batch by batch.

A command leases the documents of its present batch only, and makes a run for each batch when that
begins. Without a word from it the sensor would take those of the later batches for forgotten.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparknet_assets.run_owner import is_alive, this_process

if TYPE_CHECKING:
    from resources.catalog import Catalog

PREFIX = "announced/"
# Of a process on another host nobody can tell whether it still runs.
_BELIEVED_SECONDS = 24 * 3600


@contextmanager
def announced(catalog: Catalog, doc_ids: Collection[str]) -> Iterator[None]:
    """Says that this process is about to run these documents, until the context ends."""
    name = f"{PREFIX}{uuid.uuid4().hex[:8]}/{this_process()}"
    catalog.put_facts({name: json.dumps([time.time(), sorted(doc_ids)])})
    try:
        yield
    finally:
        catalog.delete_facts([name])


def announced_documents(catalog: Catalog) -> set[str]:
    """The documents that processes which still run have announced.

    What a killed process announced is forgotten at the first look.
    """
    found: set[str] = set()
    void = []
    for name, value in catalog.facts(PREFIX).items():
        since, doc_ids = json.loads(value)
        process = name.removeprefix(PREFIX).partition("/")[2]
        if is_alive(process) and time.time() - since < _BELIEVED_SECONDS:
            found.update(doc_ids)
        else:
            void.append(name)
    if void:
        catalog.delete_facts(void)
    return found
