"""The jobs that work through whatever needs it, and the schedules that start them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from resources.settings import Settings
from schedules.maintenance import plan_asset
from schedules.plan import Plan, PlannedDocument
from schedules.plan_report import plan_metadata
from schedules.planning import Change
from schedules.reconciliation import gather_settled
from schedules.requests import requested_keys
from schedules.schedules import retry_due
from sparknet_assets.checks import VERIFY
from sparknet_assets.definitions import build_defs
from sparknet_assets.instance import open_instance
from sparknet_assets.jobs import INGEST, RECONCILE, RETRY
from sparknet_assets.partitions import PARTITIONS
from tests.doubles import processes
from tests.graph.fakes import STAGE_NAMES, register

PLAN = dg.AssetKey("reconciliation_plan")


def drop(deployment: Deployment, *doc_ids: str) -> None:
    for doc_id in doc_ids:
        deployment.storage.put(f"raw/{doc_id}/file.pdf", b"x")


def fail(deployment: Deployment, *doc_ids: str, again: datetime | None = None) -> None:
    """As a failed run leaves the catalog."""
    register(deployment, *doc_ids)
    failure = Failure(
        kind=FailureKind.UNAVAILABLE, message="try again", retryable=True, next_retry_at=again
    )
    state = {"status": DocumentStatus.FAILED, "failure": failure, "raw_version": "1"}
    deployment.catalog.put(
        [r.model_copy(update=state) for r in deployment.catalog.get_many(doc_ids).values()]
    )


def run(defs: dg.Definitions, job: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)


def test_the_plan_can_be_looked_at_and_changes_nothing(instance, deployment) -> None:
    drop(deployment, "a", "b")
    resources = {"deployment": deployment}
    result = dg.materialize([plan_asset()], instance=instance, resources=resources)
    [event] = result.asset_materializations_for_node("reconciliation_plan")
    assert event.metadata["new"].value == 2
    assert [row["document"] for row in (r.data for r in event.metadata["to_do"].records)] == [
        "a",
        "b",
    ]
    assert not list(deployment.catalog.documents())
    assert "changed" not in event.metadata, "zeros would bury what there is"


def test_a_long_plan_is_summed_up_by_reason() -> None:
    reasons = ["chunks: chunk_tokens 256 -> 128"] * 120 + ["new in raw/"] * 30
    documents = [
        PlannedDocument(f"d{number:03}", Change.OUTDATED, ("chunks",), reason, 2, 0.5, 0.0)
        for number, reason in enumerate(reasons)
    ]
    plan = Plan(tuple(documents), {Change.OUTDATED: 150, Change.UNCHANGED: 7})
    shown = {name: value.value for name, value in plan_metadata(plan).items()}
    most, fewer = (row.data for row in shown["reasons"].records)
    assert (most["documents"], most["pages"], most["about"]) == (120, 240, "60\N{NO-BREAK SPACE}s")
    assert (fewer["documents"], fewer["reason"]) == (30, "new in raw/")
    assert len(shown["to_do"].records) == 100
    assert "150 outdated" in shown["summary"]
    assert "first 100 are listed" in shown["summary"]
    assert (shown["estimated_seconds"], shown["unchanged"]) == (75.0, 7)


def test_a_reconciliation_says_what_was_redone_and_what_reused(defs, instance, deployment) -> None:
    drop(deployment, "a", "b")
    result = run(defs, RECONCILE, instance)
    [output] = [e for e in result.all_events if e.is_successful_output]
    facts = output.step_output_data.metadata
    by_stage = {row.data["stage"]: row.data["redone"] for row in facts["stages"].value.records}
    assert by_stage == dict.fromkeys(STAGE_NAMES, 2)
    rows = [row.data["document"] for row in facts["first_documents"].value.records]
    assert rows == ["a", "b"]


def test_a_reconciliation_runs_inside_a_run(defs, instance, deployment, batch) -> None:
    drop(deployment, "a", "b", "c")
    result = run(defs, RECONCILE, instance)
    assert result.success
    assert batch.calls == [["a", "b", "c"]]
    event = instance.get_latest_materialization_event(PLAN)
    assert event.asset_materialization.metadata["new"].value == 3
    assert event.run_id == result.run_id
    runs = {r.job_name: r.status for r in instance.get_runs()}
    assert runs == {RECONCILE: dg.DagsterRunStatus.SUCCESS, INGEST: dg.DagsterRunStatus.SUCCESS}


def test_a_document_whose_folder_is_closed_is_kept_and_stops_nothing(
    defs, instance, deployment, batch, monkeypatch
) -> None:
    drop(deployment, "b")
    register(deployment, "a")
    stat = deployment.storage.stat

    def closed(key: str) -> object:
        if key.startswith("raw/a/"):
            raise PermissionError(13, "Permission denied", key)
        return stat(key)

    monkeypatch.setattr(deployment.storage, "stat", closed)
    plan = gather_settled(deployment).plan
    assert [(d.doc_id, d.change) for d in plan.documents] == [("b", Change.NEW)]
    assert [key for key, why in plan.ignored if "Permission denied" in why] == ["raw/a/"]
    assert run(defs, RECONCILE, instance).success
    assert batch.calls == [["b"]]
    assert deployment.catalog.get("a").status is DocumentStatus.PENDING


@pytest.mark.parametrize("name", ["raw/a/file.pdf", "raw/a"])
def test_a_document_that_a_link_leads_away_from_is_kept_and_stops_nothing(
    defs, instance, deployment, batch, name
) -> None:
    register(deployment, "a")
    drop(deployment, "b")
    elsewhere = deployment.settings.home.parent / "elsewhere"
    elsewhere.mkdir()
    link = deployment.settings.home / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    assert run(defs, RECONCILE, instance).success
    assert batch.calls == [["b"]]
    assert deployment.catalog.get("a").status is DocumentStatus.PENDING


def test_a_reconciliation_with_failures_is_red(defs, instance, deployment, batch) -> None:
    drop(deployment, "a", "b")
    batch.broken["b"] = "ocr_text"
    result = run(defs, RECONCILE, instance)
    assert not result.success
    [failure] = [e for e in result.all_events if e.is_step_failure]
    assert "1 of 2 documents failed" in failure.step_failure_data.user_failure_data.description
    materialized = instance.get_materialized_partitions(dg.AssetKey("vector_index"))
    assert materialized == {"a"}


def test_all_failed_documents_share_runs(deployment, instance, batch, settings) -> None:
    deployment = Deployment(settings.model_copy(update={"batch_size": 50}))
    names = [f"d{number:03}" for number in range(120)]
    drop(deployment, *names)
    register(deployment, *names)
    instance.add_dynamic_partitions(PARTITIONS, names)
    fail(deployment, *names[::2])
    result = run(build_defs(deployment, run=batch), RETRY, instance)
    assert result.success
    assert [len(call) for call in batch.calls] == [50, 10]
    assert [key for call in batch.calls for key in call] == names[::2]


def test_nothing_failed_is_nothing_to_do(defs, instance, deployment, batch) -> None:
    assert run(defs, RETRY, instance).success
    assert batch.calls == []


def test_due_failures_are_requested_once_and_in_few_runs(instance, deployment) -> None:
    now = datetime.now(UTC)
    names = [f"d{number}" for number in range(9)]
    instance.add_dynamic_partitions(PARTITIONS, names)
    register(deployment, *names)
    fail(deployment, "d0", "d2", "d8", again=now - timedelta(seconds=1))
    fail(deployment, "d4", again=now + timedelta(minutes=1))
    fail(deployment, "d6", again=None)
    [request] = retry_due(instance, deployment, now)
    assert list(requested_keys(request, names)) == ["d0", "d2", "d8"]
    assert retry_due(instance, deployment, now)[0].run_key == request.run_key
    fail(deployment, "d0", "d2", "d8", again=now)
    assert retry_due(instance, deployment, now)[0].run_key != request.run_key


def test_failures_that_are_not_due_wait(instance, deployment) -> None:
    assert "no failure is due" in retry_due(instance, deployment, datetime.now(UTC)).skip_message
    fail(deployment, "a", again=datetime.now(UTC))
    deployment.catalog.claim(["a"], "another-host:1:them", 60)
    skipped = retry_due(instance, deployment, datetime.now(UTC))
    assert "under way" in skipped.skip_message


def test_the_schedules_run_from_the_start_and_can_be_turned_off(settings, batch) -> None:
    defs = build_defs(Deployment(settings), run=batch)
    schedules = {s.name: s for s in defs.schedules}
    assert {s.job_name for s in schedules.values()} == {RECONCILE, INGEST, VERIFY}
    assert all(s.default_status is dg.DefaultScheduleStatus.RUNNING for s in schedules.values())
    off = {f"{name}_cron": "" for name in ("reconcile", "retry", "verify")}
    assert not build_defs(Deployment(settings.model_copy(update=off)), run=batch).schedules


def test_the_retry_schedule_evaluates(defs, deployment) -> None:
    [schedule] = [s for s in defs.schedules if s.name == "retry_due_failures"]
    # A context that is entered enters its instance too, which must not have been entered before.
    with dg.build_schedule_context(
        dg.DagsterInstance.local_temp(), resources={"deployment": deployment}
    ) as context:
        assert schedule.evaluate_tick(context).skip_message == "no failure is due"


def _reconcile_for_ever(home: Path) -> None:
    def slow(doc_ids: list[str], deployment: Deployment, **options: object) -> Iterator[object]:
        (home / "working").touch()
        time.sleep(60)
        yield from ()

    settings = Settings(home=home)
    with open_instance(settings) as instance:
        job = build_defs(Deployment(settings), run=slow).resolve_job_def(RECONCILE)
        job.execute_in_process(instance=instance, raise_on_error=False)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_reconciliation_that_is_stopped_leaves_nothing_under_way(
    tmp_path: Path, how: signal.Signals
) -> None:
    home = tmp_path / "data"
    deployment = Deployment(Settings(home=home))
    drop(deployment, "a", "b")
    process = processes.process(_reconcile_for_ever, home)
    process.start()
    deadline = time.monotonic() + 60
    while not (home / "working").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.pid is not None
    os.kill(process.pid, how)
    process.join(30)
    assert process.exitcode is not None
    with open_instance(deployment.settings) as instance:
        statuses = {run.job_name: run.status for run in instance.get_runs()}
    assert statuses.keys() == {RECONCILE, INGEST}
    assert set(statuses.values()) <= {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
    assert deployment.catalog.facts("announced/") == {} or how is signal.SIGKILL
