"""The shared instance, and runs of the job in this process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.settings import Settings
from sparknet_assets.instance import dagster_home, open_instance
from sparknet_assets.run_owner import TAG, is_alive, owner_tag, settle_dead_runs, this_process
from sparknet_assets.runs import execution
from sparknet_assets.runs.execution import RunSummary
from tests.doubles import processes
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register


@pytest.fixture
def execute(batch: ScriptedBatch) -> Callable[..., RunSummary]:
    """`execute` with the scripted batch."""
    return partial(execution.execute, run=batch)


def test_the_home_is_made_once_and_then_left_alone(settings) -> None:
    home = dagster_home(settings)
    assert home == settings.home / "dagster"
    config = home / "dagster.yaml"
    assert "telemetry:\n  enabled: false" in config.read_text()
    config.write_text("# mine\n")
    assert dagster_home(settings) == home
    assert config.read_text() == "# mine\n"


def test_dagster_home_wins(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))
    assert dagster_home(Settings(home=tmp_path)) == tmp_path / "elsewhere"


def test_our_settings_are_valid_and_quiet(settings) -> None:
    with open_instance(settings) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.run_monitoring_enabled
        assert not instance.nux_enabled
        assert isinstance(instance.compute_log_manager, NoOpComputeLogManager)


def test_any_set_of_documents_is_one_run_a_batch(execute, settings, batch, instance) -> None:
    deployment = Deployment(settings.model_copy(update={"batch_size": 3}))
    register(deployment, *"abcdefg")
    execute(deployment, list("abcdefg"), instance=instance)
    batch.calls.clear()
    summary = execute(deployment, ["g", "a", "d", "e"], instance=instance)
    assert batch.calls == [["a", "d", "e"], ["g"]]
    assert len(summary.run_ids) == 2


def test_the_summary_and_the_progress(execute, deployment, batch, instance) -> None:
    register(deployment, "a", "b")
    batch.broken = {"b": "chunks"}
    seen = []
    summary = execute(
        deployment, ["a", "b"], instance=instance, progress=lambda r: seen.append(r.stage)
    )
    assert not summary.ok
    assert summary.failed["b"].message == "b is broken"
    assert summary.finished == len(STAGE_NAMES) + 3
    assert len(seen) == summary.finished + 1
    assert partitions_of(instance, "vector_index", "failed") == {"b"}
    assert execute(deployment, ["a"], instance=instance).reused == len(STAGE_NAMES)


def test_stages_and_force(execute, deployment, instance) -> None:
    register(deployment, "a")
    execute(deployment, ["a"], instance=instance)
    summary = execute(deployment, ["a"], stages=["chunks"], force=True, instance=instance)
    assert (summary.finished, summary.reused) == (1, 0)


def test_documents_that_nobody_registered(execute, deployment, instance) -> None:
    deployment.storage.put("raw/My Report/report.pdf", b"x")
    assert execute(deployment, ["My Report"], instance=instance).ok
    record = deployment.catalog.get("My Report")
    assert record.raw_key == "raw/My Report/report.pdf"
    assert partitions_of(instance, "raw_documents", "materialized") == {record.partition_key}


def test_what_is_reused_and_shown_as_done_gets_no_event(
    execute, deployment, batch, instance
) -> None:
    def events() -> int:
        records = instance.fetch_materializations(dg.AssetKey("vector_index"), limit=100).records
        return len(records)

    register(deployment, "a", "b", "c")
    execute(deployment, ["a", "b", "c"], instance=instance)
    assert events() == 3
    assert execute(deployment, ["a", "b", "c"], instance=instance).reused == 3 * len(STAGE_NAMES)
    assert events() == 4, "only the partition that Dagster has planned"
    assert not partitions_of(instance, "vector_index", "failed")


def test_what_is_reused_and_shown_as_failed_gets_an_event(
    execute, deployment, batch, instance
) -> None:
    register(deployment, "a", "b", "c")
    execute(deployment, ["a", "b", "c"], instance=instance)
    batch.broken = {"b": "ocr_text", "c": "ocr_text"}
    execute(deployment, ["a", "b", "c"], stages=["ocr_text", "chunks"], instance=instance)
    assert partitions_of(instance, "chunks", "failed") == {"b", "c"}
    batch.broken = {}
    execute(deployment, ["a", "b", "c"], instance=instance)
    assert not partitions_of(instance, "chunks", "failed")
    assert partitions_of(instance, "chunks", "materialized") == {"a", "b", "c"}


def test_an_event_that_a_kill_cost_is_made_up_for(execute, deployment, batch, instance) -> None:
    def shown() -> str:
        event = instance.fetch_materializations(dg.AssetKey("chunks"), limit=10).records
        tags = {r.partition_key: r.asset_materialization.tags for r in reversed(event)}
        return tags["b"]["dagster/data_version"]

    register(deployment, "a", "b")
    execute(deployment, ["a", "b"], instance=instance)
    before = shown()
    # Killed after the record and before the event: the record has the new version, the UI has not.
    batch.edition = "2"
    execute(deployment, ["a", "b"], instance=instance)
    assert shown() != before


def test_no_documents_no_run(execute, deployment, instance) -> None:
    summary = execute(deployment, [], instance=instance)
    assert summary.ok
    assert summary.run_ids == []


def test_an_unknown_stage_is_named(execute, deployment, instance) -> None:
    with pytest.raises(ValueError, match="no stage is called pages"):
        execute(deployment, ["a"], stages=["pages"], instance=instance)


def test_the_console_stays_quiet(execute, deployment, batch, instance, capfd) -> None:
    register(deployment, "a", "b")
    batch.broken = {"b": "chunks"}
    execute(deployment, ["a", "b"], instance=instance)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_a_run_that_breaks_off_raises(execute, deployment, instance, monkeypatch) -> None:
    register(deployment, "a")

    def explode(result: object) -> None:
        raise RuntimeError("out of paper")

    with pytest.raises(SparknetError, match="out of paper"):
        execute(deployment, ["a"], instance=instance, progress=explode)


def test_an_interrupt_ends_the_run(execute, deployment, instance) -> None:
    register(deployment, "a")

    def interrupt(result: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        execute(deployment, ["a"], instance=instance, progress=interrupt)
    [run] = instance.get_runs()
    assert run.is_finished


def test_a_run_names_its_process_whoever_launched_it(execute, deployment, instance) -> None:
    register(deployment, "a")
    execute(deployment, ["a"], instance=instance)
    [run] = instance.get_runs()
    assert run.tags[TAG] == owner_tag(run.run_id)[TAG]


def test_runs_of_dead_processes_are_settled(deployment, defs, instance) -> None:
    job = defs.resolve_job_def("ingest")
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        pass
    host, _, started = this_process().rsplit(":", 2)
    dead = f"{host}:{process.pid}:{started}"
    assert not is_alive(dead)
    assert is_alive(this_process())
    assert is_alive("another-host:1:1")
    ids = [str(uuid.uuid4()) for _ in range(2)]
    tags = {TAG: f"{ids[0]}:{dead}"}
    started_run = dg.DagsterRunStatus.STARTED
    gone = instance.create_run_for_job(job, run_id=ids[0], tags=tags, status=started_run)
    instance.create_run_for_job(job, tags=tags, status=started_run)  # one that repeats the first
    instance.create_run_for_job(job, run_id=ids[1], tags=owner_tag(ids[1]))
    instance.create_run_for_job(job)
    assert settle_dead_runs(instance) == [gone.run_id]
    assert instance.get_run_by_id(gone.run_id).status is dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize("host", ["another-host/4026531836", f"{socket.gethostname()}/1"])
def test_a_run_of_another_host_is_left_alone(defs, instance, host) -> None:
    """Or of another container that has the same name: its pids mean nothing here."""
    run_id = str(uuid.uuid4())
    tags = {TAG: f"{run_id}:{host}:1:1.0"}
    job = defs.resolve_job_def("ingest")
    started = dg.DagsterRunStatus.STARTED
    instance.create_run_for_job(job, run_id=run_id, tags=tags, status=started)
    assert settle_dead_runs(instance) == []
    assert instance.get_run_by_id(run_id).status is started


def _ingest(home: Path, name: str) -> None:
    deployment = Deployment(Settings(home=home))
    ids = [f"{name}-{n}" for n in range(6)]
    register(deployment, *ids)
    summary = execution.execute(deployment, ids, run=ScriptedBatch())
    assert summary.finished == 6 * len(STAGE_NAMES)


def test_two_processes_share_a_new_instance(settings) -> None:
    both = [processes.process(_ingest, settings.home, name) for name in ("left", "right")]
    for process in both:
        process.start()
    for process in both:
        process.join(100)
        assert process.exitcode == 0
    with open_instance(settings) as instance:
        assert len(partitions_of(instance, "vector_index", "materialized")) == 12
