"""`dagster-daemon run` on an instance, and what a test waits for while it works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import dagster as dg

from resources.settings import Settings
from sparknet_assets.jobs import INGEST

T = TypeVar("T")

SECONDS = 200
PROGRAMS = Path(sys.executable).parent


def put(home: Path, doc_id: str) -> None:
    """A document that nobody writes to any more."""
    file = home / "raw" / doc_id / "file.txt"
    file.parent.mkdir(parents=True)
    file.write_text(f"All that is known about {doc_id}.\n")
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))


def environment_of(settings: Settings) -> dict[str, str]:
    """Of a process that works on the home and the instance of these settings."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home),
        "SPARKNET_HOME": str(settings.home),
        "SPARKNET_WORKERS": "1",
    }


@contextmanager
def running_daemon(settings: Settings, said: Path) -> Iterator[None]:
    """The daemon, which writes its log to `said`; its sensor looks at raw/."""
    command = [PROGRAMS / "dagster-daemon", "run", "-w", "workspace.yaml"]
    environment = environment_of(settings)
    with (
        said.open("w") as log,
        # Its code server and the runs are in its session: they may outlive it.
        subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield
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
    raise AssertionError(f"no {what} in {SECONDS} s; the daemon said\n{log.read_text()[-4000:]}")


def runs_of(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
    """Runs of the job `ingest`."""
    return list(instance.get_runs(dg.RunsFilter(job_name=INGEST, statuses=[status])))
