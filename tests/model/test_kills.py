"""SIGKILL while documents are added, changed and removed: one reconciliation puts all right."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from resources.storage.keys import TEMPORARY_PREFIX as TEMPORARY
from sparknet_assets.removal.intents import unfinished
from sparknet_assets.verification import verify
from tests.model import victim
from tests.model.reconciling import reconcile
from tests.model.world import SmallDeployment, close_index, one_thread
from tests.removal.homes import files_with

KILLS = 10
# With what the victim imports when it first needs it.
PRELOADED = [
    "tests.model.victim",
    "sparknet_assets.runs.execution",
    "sparknet_assets.removal.job",
    "semantic_text_splitter",
    "pyarrow.parquet",
    "chromadb",
]
STEADY = tuple(f"steady-{n}" for n in range(4))

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def inline() -> Iterator[None]:
    with one_thread():
        yield


class Victim:
    """A process at work. Forked from one that has all modules: each would need seconds else."""

    def __init__(self, home: Path, what: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._heard, said = context.Pipe(duplex=False)
        self._process = context.Process(target=victim.work, args=(home, what, said), daemon=True)
        self._process.start()
        said.close()

    def hear(self) -> int:
        assert isinstance(self._heard, Connection)
        assert self._heard.poll(60), "the victim does nothing"
        return int(self._heard.recv())

    def kill(self) -> None:
        assert self._process.is_alive(), "it must be killed at work"
        self._process.kill()
        self._process.join(30)
        assert self._process.exitcode == -signal.SIGKILL
        self._heard.close()


def raw(deployment: SmallDeployment) -> dict[str, str]:
    keys = [info.key for info in deployment.storage.list("raw/")]
    return {key.split("/")[1]: deployment.storage.get(key).decode() for key in keys}


def check_whole(home: Path) -> None:
    """Nothing is lost, doubled or left behind after one reconciliation."""
    deployment = victim.opened(home)
    reconcile(deployment, victim.GRAPH)
    worked_on = {doc_id for doc_id, _ in deployment.calls}
    assert worked_on.isdisjoint(STEADY), "done again, though nobody touched it"
    there = raw(deployment)
    assert set(STEADY) <= set(there)
    assert set(victim.CHANGED) <= set(there)
    hits = deployment.vector_store.search_text("harbour", 100)
    assert sorted((hit.chunk.doc_id, hit.chunk.text) for hit in hits) == sorted(there.items())
    assert deployment.vector_store.count() == (len(there), len(there))
    processed = {info.key.split("/")[1] for info in deployment.storage.list("processed/")}
    assert processed == set(there)
    assert unfinished(deployment.catalog) == []
    assert list(verify(deployment, victim.GRAPH)) == []
    for doc_id in {*victim.ADDED, *victim.DOOMED}.difference(there):
        left = files_with(home, f"{doc_id} of the harbour")
        # What was being put into raw/ goes with the next removal, or after a day.
        assert [name for name in left if not name.startswith(f"raw/{doc_id}/{TEMPORARY}")] == []
    deployment.calls.clear()
    deployment.embedded.clear()
    reconcile(deployment, victim.GRAPH)
    assert not deployment.calls
    assert not deployment.embedded
    close_index(deployment)


def prepare(home: Path) -> None:
    deployment = victim.opened(home)
    victim.put(deployment, [*STEADY, *victim.CHANGED])
    reconcile(deployment, victim.GRAPH)
    close_index(deployment)


def test_killed_while_a_file_is_put(tmp_path: Path) -> None:
    home = tmp_path / "data"
    prepare(home)
    doc_id = victim.DOOMED[0]
    folder = home / "raw" / doc_id
    folder.mkdir()
    (folder / f"{TEMPORARY}0").write_text(f"{doc_id} of the harbour")
    check_whole(home)


@pytest.mark.parametrize("what", victim.WORK)
def test_killed_at_any_moment(tmp_path: Path, what: str) -> None:
    home = tmp_path / "data"
    prepare(home)
    moments = random.Random(what)
    seconds = 0.0
    for _ in range(KILLS):
        process = Victim(home, what)
        process.hear()
        if not seconds:
            began = time.monotonic()
            process.hear()
            seconds = time.monotonic() - began
        time.sleep(moments.uniform(0, 1.2 * seconds))
        process.kill()
        check_whole(home)
