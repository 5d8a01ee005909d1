"""The real daemon on Postgres: its sensor, its queue, the runs it starts, one of them killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.partitions import PARTITIONS, count_events
from sparknet_assets.removal.receipts import Receipt, read_receipt
from sparknet_assets.run_owner import TAG
from tests.graph.fakes import STAGE_NAMES, partitions_of
from tests.postgres.daemon import put, running_daemon, runs_of, wait_for

pytestmark = [pytest.mark.long, pytest.mark.timeout(500)]

DOCUMENTS = {"alpha", "beta", "gamma", "delta"}


@pytest.fixture
def daemon(settings: Settings, instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[Path]:
    """The daemon, with documents there already; the file of its log."""
    for doc_id in DOCUMENTS:
        put(settings.home, doc_id)
    with running_daemon(settings, tmp_path / "daemon.log"):
        yield tmp_path / "daemon.log"


def test_a_killed_run_is_repeated_and_a_removal_leaves_nothing(
    settings: Settings, instance: dg.DagsterInstance, daemon: Path
) -> None:
    def at_work() -> dg.DagsterRun | None:
        started = runs_of(instance, dg.DagsterRunStatus.STARTED)
        return next((run for run in started if TAG in run.tags), None)

    victim = wait_for("run under way", at_work, daemon)
    os.kill(int(victim.tags[TAG].split(":")[-2]), signal.SIGKILL)

    def repeated() -> dg.DagsterRun | None:
        done = runs_of(instance, dg.DagsterRunStatus.SUCCESS)
        tags = [(run, run.tags.get(PARENT_RUN_ID_TAG)) for run in done]
        return next((run for run, parent in tags if parent == victim.run_id), None)

    again = wait_for("repetition of the killed run", repeated, daemon)
    killed = instance.get_run_by_id(victim.run_id)
    assert killed is not None
    assert killed.status is dg.DagsterRunStatus.FAILURE
    for run in (victim, again):
        kinds = [event.dagster_event_type for event in instance.all_logs(run.run_id)]
        enqueued = kinds.index(dg.DagsterEventType.RUN_ENQUEUED)
        assert enqueued < kinds.index(dg.DagsterEventType.RUN_STARTING)

    deployment = Deployment(settings)
    assert {
        row.doc_id: row.status.value for row in deployment.catalog.documents()
    } == dict.fromkeys(DOCUMENTS, "indexed")
    for asset in STAGE_NAMES:
        assert partitions_of(instance, asset, "materialized") == DOCUMENTS
        assert partitions_of(instance, asset, "failed") == set()

    shutil.rmtree(settings.home / "raw" / "beta")

    def removed() -> Receipt | None:
        row = deployment.catalog.get("beta")
        return read_receipt(deployment.storage, row.receipt) if row and row.receipt else None

    receipt = wait_for("removal", removed, daemon)
    assert receipt.complete, receipt.notes
    assert receipt.removed["events"].count > len(STAGE_NAMES)
    assert count_events(instance, sorted(DOCUMENTS)).keys() == DOCUMENTS - {"beta"}
    wait_for(
        "end of its partition",
        lambda: "beta" not in instance.get_dynamic_partitions(PARTITIONS),
        daemon,
    )
    for asset in STAGE_NAMES:
        assert partitions_of(instance, asset, "materialized") == DOCUMENTS - {"beta"}
