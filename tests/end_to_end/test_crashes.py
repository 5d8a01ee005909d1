"""SIGKILL at random moments, and two at once: nothing lost, nothing twice."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.artifacts import CHUNKS, ChunkList, DocumentRef
from tests.end_to_end.command import Sparknet

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
DOCUMENTS = 16
KILLS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from examples.many import write_many

    folder = tmp_path / "in"
    write_many(folder, DOCUMENTS, seed=7)
    return folder


@pytest.fixture
def sparknet(tmp_path: Path) -> Sparknet:
    return Sparknet(tmp_path / "home")


def assert_whole(sparknet: Sparknet) -> None:
    """Every document indexed once, and exactly its chunks in the index."""
    verified = sparknet.run("verify", "--json")
    assert verified.json == {"ok": True, "problems": [], "warnings": []}
    status = sparknet.run("status", "--json").json
    assert status["totals"] == {"indexed": DOCUMENTS}
    deployment = Deployment(Settings(home=sparknet.home))
    wanted: Counter[str] = Counter()
    doc_ids = [document["doc_id"] for document in status["documents"]]
    for doc_id in doc_ids:
        data = deployment.storage.get(DocumentRef(doc_id, "").key(CHUNKS))
        wanted.update(chunk.chunk_id for chunk in ChunkList.model_validate_json(data).chunks)
    stored = deployment.vector_store.chunk_ids(doc_ids)
    assert set(wanted) == set().union(*stored.values())
    assert max(wanted.values()) == 1
    assert deployment.vector_store.count() == (len(wanted), len(wanted))


def test_killed_again_and_again_it_ends_whole(sparknet: Sparknet, folder: Path) -> None:
    clock = random.Random(20261122)
    killed, longest = 0, 12.0
    command = ["ingest", str(folder)]
    for _ in range(4 * KILLS):
        process = sparknet.start(*command, "--json")
        time.sleep(clock.uniform(1.5, longest))
        if process.poll() is None:
            killed += 1
        else:  # a fast machine: once all is done, all is to be done again
            longest = max(3.0, 0.8 * longest)
            command = ["materialize", "--force"]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if killed == KILLS:
            break
    assert killed == KILLS
    final = sparknet.run("ingest", folder, "--json")
    assert final.code == 0, final.stderr
    assert_whole(sparknet)


def test_two_at_once_lose_nothing(sparknet: Sparknet, folder: Path) -> None:
    processes = [sparknet.start("ingest", folder, "--json") for _ in range(2)]
    for process in processes:
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
    assert_whole(sparknet)


def test_two_at_once_on_different_documents(
    sparknet: Sparknet, folder: Path, tmp_path: Path
) -> None:
    halves = [tmp_path / "a", tmp_path / "b"]
    for number, path in enumerate(sorted(folder.iterdir())):
        half = halves[number % 2]
        half.mkdir(exist_ok=True)
        path.rename(half / path.name)
    processes = [sparknet.start("ingest", half, "--json") for half in halves]
    for process in processes:
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
    assert_whole(sparknet)
