"""A run that waits in the queue on Postgres, and is launched by the daemon."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import psutil
import pytest

CODE = """
import dagster as dg

@dg.op
def look(context):
    context.log.info("looked")

@dg.job
def looking():
    look()
"""
SECONDS = 150


@pytest.mark.timeout(SECONDS + 60)
def test_the_daemon_launches_what_waits_in_the_queue(settings, instance, tmp_path: Path) -> None:
    code = tmp_path / "looking_jobs.py"
    code.write_text(CODE)
    environment = {**os.environ, "DAGSTER_HOME": str(settings.dagster_home)}
    log = tmp_path / "daemon.log"
    daemon = [sys.executable, "-m", "dagster._daemon", "run", "-f", str(code)]
    launch = [sys.executable, "-m", "dagster", "job", "launch", "-f", str(code), "-j", "looking"]
    with (
        log.open("w") as out,
        subprocess.Popen(daemon, env=environment, cwd=tmp_path, stdout=out, stderr=out) as process,
    ):
        try:
            subprocess.run(launch, env=environment, cwd=tmp_path, check=True, capture_output=True)
            deadline = time.monotonic() + SECONDS
            while not (runs := instance.get_runs()) or not runs[0].is_finished:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{runs and runs[0].status}: {log.read_text()[-2000:]}")
                time.sleep(0.5)
        finally:
            # Its code servers would outlive it.
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
    [run] = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    said = [entry.message for entry in instance.all_logs(run.run_id)]
    assert "looked" in " ".join(said)
