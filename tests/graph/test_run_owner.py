"""Runs whose process is on another host: only Dagster's run monitoring ends them."""

from __future__ import annotations

import logging
import uuid
from types import SimpleNamespace
from typing import cast

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from sparknet_assets.instance import open_instance
from sparknet_assets.run_owner import TAG, settle_dead_runs, this_process


@dg.job
def some_job() -> None:
    pass


def run_of(instance: dg.DagsterInstance, process: str, max_runtime: str = "") -> str:
    """A run that the process began; returns its id."""
    run_id = str(uuid.uuid4())
    tags = {TAG: f"{run_id}:{process}"}
    if max_runtime:
        tags[MAX_RUNTIME_SECONDS_TAG] = max_runtime
    instance.create_run_for_job(some_job, run_id=run_id, tags=tags)
    started = DagsterEvent(DagsterEventType.RUN_START.value, some_job.name)
    instance.report_dagster_event(started, run_id)
    return run_id


def monitor(instance: dg.DagsterInstance) -> None:
    """One round of the daemon's run monitoring."""
    context = SimpleNamespace(instance=instance, create_request_context=lambda: None)
    errors = execute_run_monitoring_iteration(
        cast("IWorkspaceProcessContext", context), logging.getLogger("monitoring")
    )
    assert [error for error in errors if error] == []


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


@pytest.mark.parametrize("where", ["another machine", "another container"])
def test_a_run_of_another_host_is_left_alone(settings, where) -> None:
    """Its pid means nothing here, not even when a process with that number is gone."""
    host, pid, started = this_process().rsplit(":", 2)
    name, namespace = host.split("/")
    other = f"{name}0/{namespace}" if where == "another machine" else f"{name}/{namespace}0"
    gone = 2**22 + 1  # beyond the highest pid
    with open_instance(settings) as instance:
        there = run_of(instance, f"{other}:{gone}:{started}")
        here = run_of(instance, f"{host}:{pid}:{started}")
        dead = run_of(instance, f"{host}:{gone}:{started}")
        assert settle_dead_runs(instance) == [dead]
        monitor(instance)
        for run_id in (there, here):
            assert status_of(instance, run_id) is dg.DagsterRunStatus.STARTED


def test_run_monitoring_ends_it_after_its_longest_time(settings) -> None:
    with open_instance(settings) as instance:
        late = run_of(instance, "another-host/1:1:1.0", max_runtime="0.001")
        soon = run_of(instance, "another-host/1:2:1.0", max_runtime="3600")
        monitor(instance)
        assert status_of(instance, late) is dg.DagsterRunStatus.FAILURE
        assert status_of(instance, soon) is dg.DagsterRunStatus.STARTED
