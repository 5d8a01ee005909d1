"""The real daemon on Postgres: its sensor, its queue, the runs it starts, one of them killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import dagster as dg
import pytest
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import PARTITIONS, count_events
from sparknet_assets.receipts import Receipt, read_receipt
from sparknet_assets.run_owner import TAG
from tests.graph.fakes import STAGE_NAMES, partitions_of

T = TypeVar("T")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

SECONDS = 200
DOCUMENTS = {"alpha", "beta", "gamma", "delta"}


def put(home: Path, doc_id: str) -> None:
    """A document that nobody writes to any more."""
    file = home / "raw" / doc_id / "file.txt"
    file.parent.mkdir(parents=True)
    file.write_text(f"All that is known about {doc_id}.\n")
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))


@pytest.fixture
def daemon(settings: Settings, instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[Path]:
    """`dagster-daemon run` on the instance, with documents there already; the file of its log."""
    for doc_id in DOCUMENTS:
        put(settings.home, doc_id)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home),
        "SPARKNET_HOME": str(settings.home),
        "SPARKNET_WORKERS": "1",
    }
    said = tmp_path / "daemon.log"
    command = [Path(sys.executable).with_name("dagster-daemon"), "run", "-w", "workspace.yaml"]
    with (
        said.open("w") as log,
        # Its code server and the runs are in its session: they may outlive it.
        subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield said
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(what: str, look: Callable[[], T | None], log: Path) -> T:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(
        f"no {what} within {SECONDS} s; the daemon said\n{log.read_text()[-4000:]}"
    )


def runs_of(instance: dg.DagsterInstance, **wanted: object) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(job_name=INGEST, **wanted)))  # type: ignore[arg-type]


def test_a_killed_run_is_repeated_and_a_removal_leaves_nothing(
    settings: Settings, instance: dg.DagsterInstance, daemon: Path
) -> None:
    def at_work() -> dg.DagsterRun | None:
        started = runs_of(instance, statuses=[dg.DagsterRunStatus.STARTED])
        return next((run for run in started if TAG in run.tags), None)

    victim = wait_for("run under way", at_work, daemon)
    os.kill(int(victim.tags[TAG].split(":")[-2]), signal.SIGKILL)

    def repeated() -> dg.DagsterRun | None:
        done = runs_of(instance, statuses=[dg.DagsterRunStatus.SUCCESS])
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
