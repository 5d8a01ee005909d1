"""Worker processes: a bad document takes down itself only, and a killed batch leaves none."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import FailureKind
from resources.processes import this_host
from resources.settings import Settings
from sparknet_assets.batch import page_spans, workers
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.batch.running import run_batch
from sparknet_assets.batch.workers import WorkerPool, folder_prefix
from tests.batch.runs import ALL_DONE, GOOD, outcome, put, run
from tests.batch.toy_stages import GRAPH, calls

ROUGH = {
    "raise": FailureKind.INTERNAL,
    "refuse": FailureKind.ENCRYPTED,
    "hang": FailureKind.TIMED_OUT,
    "crash": FailureKind.CRASHED,
    "segfault": FailureKind.CRASHED,
    "bloat": FailureKind.OUT_OF_MEMORY,
}
"""What the first line of a document does -> how it fails."""
ROUGH_PAGES = ("raise", "hang", "crash")
LIMITS = {"workers": 2, "task_timeout": 3, "worker_memory_mb": 256, "chunk_tokens": 128}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "data", **LIMITS)  # type: ignore[arg-type]


class Batch(NamedTuple):
    """One batch, and what it came to."""

    deployment: Deployment
    results: list[StageResult]

    def row(self, doc_id: str) -> DocumentRecord:
        row = self.deployment.catalog.get(doc_id)
        assert row is not None
        return row


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """All that does harm in one batch, with good documents before, between and after."""
    home = tmp_path_factory.mktemp("rough") / "data"
    deployment = Deployment(Settings(home=home, **LIMITS))  # type: ignore[arg-type]
    texts = {
        "good": GOOD,
        **{f"bad-{word}": f"{word}\none" for word in ROUGH},
        "other": GOOD,
        **{f"torn-{word}": f"fine\none\n{word}\nthree\nfour\nfive" for word in ROUGH_PAGES},
        "killer": "fine\n" + "crash\n" * 8,
        "last": GOOD,
    }
    for doc_id, text in texts.items():
        put(deployment, doc_id, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_spans, "MOST_KILLED_PAGES", 2)
        return Batch(deployment, run(deployment, list(texts)))


@pytest.mark.parametrize("doc_id", ["good", "other", "last"])
def test_good_documents_pass_whatever_others_do(rough: Batch, doc_id: str) -> None:
    assert outcome(rough.results, doc_id) == ALL_DONE
    assert rough.row(doc_id).status is DocumentStatus.INDEXED


@pytest.mark.parametrize("word", ROUGH)
def test_a_bad_document_fails_alone_with_its_reason(rough: Batch, word: str) -> None:
    doc_id = f"bad-{word}"
    assert outcome(rough.results, doc_id) == {"documents": "failed"}
    row = rough.row(doc_id)
    assert row.status is DocumentStatus.FAILED
    assert row.failure is not None
    assert row.failure.kind is ROUGH[word]
    assert doc_id in row.failure.message


@pytest.mark.parametrize("word", ROUGH_PAGES)
def test_a_bad_page_costs_that_page_only(rough: Batch, word: str) -> None:
    doc_id = f"torn-{word}"
    assert outcome(rough.results, doc_id) == {**ALL_DONE, "ocr_text": "partial"}
    text = rough.deployment.storage.get(f"processed/{doc_id}/text.json")
    assert text == b"ONE\nTHREE\nFOUR\nFIVE"
    record = rough.deployment.catalog.stages([doc_id])[doc_id]["ocr_text"]
    assert record.failed_pages == [2]
    assert record.failure is not None
    assert f"{doc_id}, page 2" in record.failure.message
    assert rough.row(doc_id).status is DocumentStatus.PARTIAL


def test_a_document_that_kills_page_after_page_is_given_up(rough: Batch) -> None:
    assert outcome(rough.results, "killer") == {"documents": "done", "ocr_text": "failed"}
    failure = rough.row("killer").failure
    assert failure is not None
    assert failure.kind is FailureKind.CRASHED
    assert "more than 2 pages" in failure.message


def test_all_documents_of_a_rough_batch_are_accounted_for(rough: Batch) -> None:
    totals = rough.deployment.catalog.totals()
    assert totals == {"failed": len(ROUGH) + 1, "partial": len(ROUGH_PAGES), "indexed": 3}


def test_documents_are_indexed_while_others_are_read(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparknet_assets.batch.running.WAVE_SECONDS", 0.0)
    put(deployment, "slow", "hang\none")
    put(deployment, "quick", GOOD)
    results = run(deployment, ["slow", "quick"])
    stages = [(result.ref.doc_id, result.stage) for result in results]
    assert stages.index(("quick", "vector_index")) < stages.index(("slow", "documents"))


def test_an_interrupted_batch_records_no_failures(deployment: Deployment) -> None:
    for number in range(4):
        put(deployment, f"doc{number}", "hang\none")
    put(deployment, "good", GOOD)
    # None of them hangs long enough to fail by itself before it is interrupted.
    patient = Deployment(deployment.settings.model_copy(update={"task_timeout": 100.0}))
    batch = run_batch(["good", "doc0", "doc1", "doc2", "doc3"], patient, graph=GRAPH)
    next(batch)
    batch.close()  # type: ignore[attr-defined]
    assert "failed" not in deployment.catalog.totals()
    assert deployment.catalog.claim(["doc0"], f"{this_host()}:1:other", 1.0) == {"doc0"}


def _ingest_forever(settings: Settings, doc_ids: list[str]) -> None:
    list(run_batch(doc_ids, Deployment(settings), graph=GRAPH))


def test_a_killed_batch_leaves_no_worker_and_no_claim_behind(
    deployment: Deployment, settings: Settings
) -> None:
    for number in range(3):
        put(deployment, f"doc{number}", "hang\none")
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_ingest_forever, args=(settings, ["doc0", "doc1", "doc2"]))
    process.start()
    deadline = time.monotonic() + 100
    while not calls(deployment, "documents", "doc0") and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = {int(p.name.rsplit(".", 1)[1]) for p in (deployment.home / "calls").iterdir()}
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    put(deployment, "doc0", GOOD)
    assert outcome(run(deployment, ["doc0"]), "doc0") == ALL_DONE
    deadline = time.monotonic() + 60
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_alive, workers))


def test_folders_of_killed_processes_are_swept(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    nobody = 2**22 + 1  # beyond the highest pid
    dead = tmp_path / f"{folder_prefix()}{nobody}-abc"
    alive = tmp_path / f"{folder_prefix()}{os.getpid()}-abc"
    other = tmp_path / "sparknet-workers-notes"
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(workers, "this_host", lambda: f"{this_host()}0")
        of_another_host = tmp_path / f"{folder_prefix()}{nobody}-abc"
    for folder in (dead, alive, other, of_another_host):
        folder.mkdir()
    WorkerPool(deployment).close()
    left = sorted(tmp_path.glob("sparknet-workers-*"))
    assert left == sorted([alive, other, of_another_host])


def test_a_folder_in_use_is_not_swept(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = WorkerPool(deployment)
    (mine,) = tmp_path.glob(f"{folder_prefix()}{os.getpid()}-*")
    WorkerPool(deployment).close()
    assert mine.is_dir()
    first.close()
    assert list(tmp_path.glob("sparknet-workers-*")) == []


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
