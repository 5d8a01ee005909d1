"""Adds, changes or removes documents without end, in a process that is to be killed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from resources.settings import Settings
from sparknet_assets.removal.removing import remove
from tests.model.reconciling import reconcile
from tests.model.small_stages import NAMES, graph
from tests.model.world import Fuse, SmallDeployment, Trouble, age, one_thread

GRAPH = graph(dict.fromkeys(NAMES, 1))
ADDED = ("added-1", "added-2", "added-3")
CHANGED = ("changed-1", "changed-2")
DOOMED = ("doomed-1", "doomed-2")


def opened(home: Path) -> SmallDeployment:
    settings = Settings(home=home, embedder="ollama", ollama_embedding_model="words-32")
    return SmallDeployment(settings, Trouble(), Fuse())


def put(deployment: SmallDeployment, doc_ids: Sequence[str]) -> None:
    """Writes a text into raw/ that no document had before."""
    for doc_id in doc_ids:
        key = f"raw/{doc_id}/a.txt"
        text = f"{doc_id} of the harbour: marker{time.time_ns()}q"
        deployment.storage.put(key, text.encode())
        age(deployment, key, time.time() - 3600)


def add(deployment: SmallDeployment) -> None:
    for doc_id in ADDED:
        deployment.storage.delete(f"raw/{doc_id}/a.txt")
    reconcile(deployment, GRAPH)
    put(deployment, ADDED)
    reconcile(deployment, GRAPH)


def change(deployment: SmallDeployment) -> None:
    put(deployment, CHANGED)
    reconcile(deployment, GRAPH)


def delete(deployment: SmallDeployment) -> None:
    """Ends with compaction, which is most of it."""
    put(deployment, DOOMED)
    reconcile(deployment, GRAPH)
    remove(deployment, DOOMED, reason="a test", requested_by="a test")


WORK = {"add": add, "change": change, "delete": delete}


def work(home: Path, what: str, said: Connection) -> None:
    """Does this again and again, and says how many times it did."""
    deployment = opened(home)
    with one_thread():
        for turn in itertools.count():
            said.send(turn)
            WORK[what](deployment)
