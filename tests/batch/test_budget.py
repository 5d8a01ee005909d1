"""A run spends no more than its budget, and stops cleanly there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from pathlib import Path

import pytest

from resources.catalog import DocumentStatus, StageStatus
from resources.deployment import Deployment
from resources.failure import FailureKind
from resources.settings import Settings
from resources.spending import BudgetError, Ledger
from sparknet_assets.batch.running import run_batch
from tests.batch.toy_stages import DOLLARS, GRAPH, calls

NAMES = [f"doc-{number}" for number in range(8)]


def put(deployment: Deployment, names: Sequence[str]) -> None:
    for name in names:
        deployment.storage.put(f"raw/{name}/file.txt", f"fine\npay\n{name}".encode())


def paid(deployment: Deployment) -> int:
    return sum(calls(deployment, "paid", name) for name in NAMES)


def test_a_run_stops_cleanly_before_it_spends_more(settings: Settings) -> None:
    deployment = Deployment(settings.model_copy(update={"budget_usd": 4.5 * DOLLARS}))
    put(deployment, NAMES)
    list(run_batch(NAMES, deployment, graph=GRAPH))
    assert paid(deployment) == 4
    assert deployment.catalog.totals() == {"indexed": 4, "failed": 4}
    for row in deployment.catalog.documents(status=DocumentStatus.FAILED):
        assert row.failure is not None
        assert row.failure.kind is FailureKind.REFUSED
        assert not row.failure.retryable
        assert "SPARKNET_BUDGET_USD" in row.failure.message
        assert row.doc_id in row.failure.message
    assert list((deployment.state / "spending").iterdir()) == []

    list(run_batch(NAMES, deployment, graph=GRAPH))
    assert paid(deployment) == 8
    assert deployment.catalog.totals() == {"indexed": 8}


@pytest.mark.usefixtures("inline")
def test_a_document_that_lacks_pages_for_want_of_money_fails_whole(settings: Settings) -> None:
    deployment = Deployment(settings.model_copy(update={"budget_usd": 2.5 * DOLLARS}))
    deployment.storage.put("raw/doc-0/file.txt", b"fine\nfirst")
    list(run_batch(["doc-0"], deployment, graph=GRAPH))
    deployment.storage.put("raw/doc-0/file.txt", b"fine\n" + b"pay\n" * 6)
    results = list(run_batch(["doc-0"], deployment, graph=GRAPH))
    assert [r.record.status for r in results] == [StageStatus.DONE, StageStatus.FAILED]
    assert deployment.storage.get("index/doc-0") == b"FIRST"
    assert paid(deployment) == 2


@pytest.mark.usefixtures("inline")
def test_what_is_current_is_reused_when_the_budget_is_used_up(settings: Settings) -> None:
    deployment = Deployment(settings.model_copy(update={"budget_usd": 1.5 * DOLLARS, "workers": 1}))
    put(deployment, NAMES[:3])
    list(run_batch(NAMES[:1], deployment, graph=GRAPH))
    results = list(run_batch(NAMES[:3], deployment, graph=GRAPH))
    assert all(r.record.reused for r in results if r.ref.doc_id == NAMES[0])
    assert paid(deployment) == 2
    refused = [r for r in results if r.record.status is StageStatus.FAILED]
    assert len(refused) == 1


@pytest.mark.usefixtures("inline")
def test_without_a_budget_nothing_is_refused(deployment: Deployment) -> None:
    put(deployment, NAMES)
    list(run_batch(NAMES, deployment, graph=GRAPH))
    assert deployment.catalog.totals() == {"indexed": 8}


def _spend(path: Path) -> None:
    ledger = Ledger(path, 1.0)
    for _ in range(100):
        try:
            ledger.spend(0.01)
        except BudgetError:
            return


def test_processes_spend_from_one_budget(tmp_path: Path) -> None:
    path = tmp_path / "run"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_spend, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    ledger = Ledger(path, 1.0)
    assert ledger.spent == pytest.approx(1.0, abs=0.011)
    assert ledger.spent <= 1.0
    with pytest.raises(BudgetError):
        ledger.check()
