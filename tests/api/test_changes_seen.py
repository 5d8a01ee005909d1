"""What changed in the catalog is seen, and nothing else is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resources.catalog import DocumentStatus, StageRecord, StageStatus
from resources.deployment import Deployment
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
    assert added_up(costs.paid()[0], "stage") == {"ocr_text": 0.5}
    assert [(run.id, run.documents, run.state) for run in runs.newest(())] == [("one", 2, "done")]
    no_listing()
    put(deployment, "b", 0.25, run_id="two", status=DocumentStatus.FAILED)
    paid, stages = costs.paid()
    assert (paid.keys(), stages) == ({"a", "b"}, {"ocr_text"})
    assert sum(added_up(paid, "day").values()) == 0.75
    runs._until = 0.0
    told = [(run.id, run.documents, run.state) for run in runs.newest(())]
    assert told == [("two", 1, "failed"), ("one", 1, "done")]
