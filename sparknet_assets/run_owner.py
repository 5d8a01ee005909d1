"""Which process works on a run, and an end for the runs whose process died.

A run whose process is killed together with the servers that watch it would stay under way for ever,
and its documents with it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from resources.processes import is_running, start_of, this_host

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

TAG = "sparknet/process"


def owner_tag(run_id: str) -> dict[str, str]:
    """The tag of a run that this process works on.

    It names the run: a run that repeats another inherits its tags, but not its process.
    """
    return {TAG: f"{run_id}:{this_process()}"}


def this_process() -> str:
    """Host, pid and start time: the pid alone is used again by the system."""
    return f"{this_host()}:{os.getpid()}:{start_of(os.getpid())}"


def is_alive(process: str) -> bool:
    """False when `process` was one of this host and is gone; True when nobody can tell."""
    host, pid, started = process.rsplit(":", 2)
    return host != this_host() or is_running(int(pid), float(started))


def is_owner_alive(run: DagsterRun) -> bool:
    """False when no process has put its name to this run, or when it is known to be gone."""
    run_id, _, process = run.tags.get(TAG, "").partition(":")
    return run_id == run.run_id and is_alive(process)


def settle_dead_runs(instance: DagsterInstance) -> list[str]:
    """Reports the runs of dead processes on this host as failed; returns their ids."""
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    dead = []
    for run in instance.get_runs(filters=RunsFilter(statuses=unfinished)):
        run_id, _, process = run.tags.get(TAG, "").partition(":")
        if run_id == run.run_id and not is_alive(process):
            instance.report_run_failed(run, "The process that ran this is gone; run it again.")
            dead.append(run.run_id)
    return dead
