"""Runs inside the process of a command: whose they are, and an end for those whose process died.

Dagster's daemon watches the runs that it launched. A command that is killed would leave its run
under way in the UI for ever.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

TAG = "sparknet/process"


def this_process() -> str:
    """Host, pid and start time: the pid alone is used again by the system."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_alive(owner: str) -> bool:
    """False when `owner` was a process of this host and is gone; True when nobody can tell."""
    host, pid, started = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    return _started(int(pid)) == started


def settle_dead_runs(instance: DagsterInstance) -> list[str]:
    """Reports the runs of dead commands on this host as failed; returns their ids."""
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    dead = []
    for run in instance.get_runs(filters=RunsFilter(statuses=unfinished)):
        owner = run.tags.get(TAG)
        if owner and not is_alive(owner):
            instance.report_run_failed(run, "The process that ran this is gone; run it again.")
            dead.append(run.run_id)
    return dead


def _started(pid: int) -> str:
    import psutil

    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.NoSuchProcess:
        return ""
