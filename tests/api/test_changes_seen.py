"""What changed in the catalog is seen, and nothing else is read."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resources.catalog import DocumentStatus, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.processes import this_host
from sparknet_assets.api.changes_seen import ChangesSeen
from sparknet_assets.api.costs_seen import CostsSeen, added_up
from sparknet_assets.api.elsewhere import RunsElsewhere
from sparknet_assets.records import new_document


def put(deployment: Deployment, doc_id: str, usd: float = 0.0, **more: Any) -> None:
    now = datetime.now(UTC)
    row = new_document(doc_id, doc_id, f"raw/{doc_id}/a.pdf")
    stage = StageRecord(
        doc_id=doc_id, stage="ocr_text", status=StageStatus.DONE, cost_usd=usd, updated_at=now
    )
    deployment.catalog.put_stages([stage], [row.model_copy(update={"updated_at": now, **more})])


@pytest.fixture
def no_listing(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Any:
    """From when it is called, the catalog is not to be listed."""

    def listed(*_: object, **__: object) -> None:
        raise AssertionError("the catalog was listed")

    return lambda: monkeypatch.setattr(deployment.catalog, "documents", listed)


def test_each_change_is_seen_once(deployment: Deployment, no_listing: Any) -> None:
    put(deployment, "a")
    put(deployment, "old", updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    changes, later = ChangesSeen(deployment.catalog), ChangesSeen(deployment.catalog, from_now=True)

    def seen(by: ChangesSeen) -> list[str]:
        return sorted(row.doc_id for row in by.look())

    assert (seen(changes), seen(changes)) == (["a", "old"], [])
    no_listing()
    put(deployment, "b")
    put(deployment, "a")
    assert seen(changes) == seen(later) == ["a", "b"]
    assert seen(changes) == seen(later) == []


def test_a_clock_that_runs_ahead_hides_nothing(deployment: Deployment) -> None:
    put(deployment, "ahead", updated_at=datetime.now(UTC) + timedelta(days=1))
    changes = ChangesSeen(deployment.catalog)
    assert [row.doc_id for row in changes.look()] == ["ahead"]
    put(deployment, "behind", updated_at=datetime.now(UTC) - timedelta(seconds=30))
    assert [row.doc_id for row in changes.look()] == ["behind"]
    assert changes.look() == []


def test_costs_and_runs_follow_the_changes(deployment: Deployment, no_listing: Any) -> None:
    put(deployment, "a", 0.5, run_id="one", status=DocumentStatus.INDEXED)
    put(deployment, "b", 0.0, run_id="one", status=DocumentStatus.INDEXED)
    costs, runs = CostsSeen(deployment), RunsElsewhere(deployment)
    assert added_up(costs.paid()[0], "stage") == costs.sums().by_stage == {"ocr_text": 0.5}
    assert costs.sums() is costs.sums(), "nothing changed, nothing is added up again"
    assert [(run.id, run.documents, run.state) for run in runs.newest(())] == [("one", 2, "done")]
    no_listing()
    put(deployment, "b", 0.25, run_id="two", status=DocumentStatus.FAILED)
    paid, stages = costs.paid()
    assert (paid.keys(), stages) == ({"a", "b"}, {"ocr_text"})
    assert sum(added_up(paid, "day").values()) == 0.75
    assert costs.sums().dearest == [("a", 0.5), ("b", 0.25)]
    runs._until = 0.0
    told = [(run.id, run.documents, run.state) for run in runs.newest(())]
    assert told == [("two", 1, "failed"), ("one", 1, "done")]


def test_a_run_that_goes_on_elsewhere_is_not_done(deployment: Deployment) -> None:
    """Each stage writes the row, long before the document is through."""
    put(deployment, "a", run_id="one", status=DocumentStatus.INDEXED)
    put(deployment, "b", run_id="one", status=DocumentStatus.PENDING)
    deployment.catalog.claim(["b"], f"{this_host()}:{os.getpid()}:token", 60)
    told = [(run.state, run.doc_ids, run.finished) for run in RunsElsewhere(deployment).newest(())]
    assert told == [("running", ["b"], 0), ("done", ["a"], 1)]
    deployment.catalog.release(["b"], f"{this_host()}:{os.getpid()}:token")
    told = [(run.state, run.doc_ids, run.finished) for run in RunsElsewhere(deployment).newest(())]
    assert told == [("done", ["a"], 1)]
