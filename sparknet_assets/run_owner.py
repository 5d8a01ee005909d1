"""Which process works on a run, and an end for the runs whose process died.

A run whose process is killed together with the servers that watch it would stay under way for ever,
and its documents with it.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

TAG = "sparknet/process"


# A process's start as read at different moments differs by what the clock was corrected meanwhile.
START_TOLERANCE_SECONDS = 2.0


def owner_tag(run_id: str) -> dict[str, str]:
    """The tag of a run that this process works on.

    It names the run: a run that repeats another inherits its tags, but not its process.
    """
    return {TAG: f"{run_id}:{this_process()}"}


def this_process() -> str:
    """Host, pid and start time: the pid alone is used again by the system."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_alive(process: str) -> bool:
    """False when `process` was one of this host and is gone; True when nobody can tell."""
    host, pid, started = process.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    now = _started(int(pid))
    return now is not None and abs(now - float(started)) <= START_TOLERANCE_SECONDS


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


def _started(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if pid != os.getpid() and process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return None
