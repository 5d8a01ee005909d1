"""The database dies under a run: what the run had finished stays, and another run does the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import dagster as dg
import psutil
import psycopg2
import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets import execution
from sparknet_assets.instance import open_instance
from tests.doubles.postgres_server import (
    PostgresServer,
    postgres_server,
    programs,
    reason_to_skip,
)
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register
from tests.postgres.conftest import write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DOCUMENTS = [f"document-{number:02}" for number in range(40)]
PROCESS = """
import sys
from pathlib import Path
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.execution import execute
from tests.graph.fakes import ScriptedBatch
deployment = Deployment(Settings(home=Path(sys.argv[1]), dagster_home=Path(sys.argv[2])))
tell = lambda result: print(result.ref.doc_id, flush=True)
execute(deployment, sys.argv[3:], run=ScriptedBatch(), progress=tell)
"""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that other tests don't use."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    with postgres_server() as server:
        yield server


def kill(server: PostgresServer) -> int:
    """SIGKILL to all of its processes, as when its machine is lost; returns whose they were."""
    main = psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))
    family = [main, *main.children(recursive=True)]
    user = main.uids().real
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=30)
    return int(user)


@contextmanager
def started_again(server: PostgresServer, user: int) -> Iterator[None]:
    binaries = programs()
    assert binaries is not None
    (server.data / "postmaster.pid").unlink()
    command = [binaries / "postgres", "-D", server.data]
    other = user if user != os.geteuid() else None
    with subprocess.Popen(command, user=other, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with suppress(psycopg2.OperationalError):
                    server.execute("SELECT 1")
                    break
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGINT)


def test_a_crash_of_the_database_costs_a_repetition(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = server.create_database()
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)
    folder = write_config(tmp_path / "dagster", run_launcher=None)
    settings = Settings(home=tmp_path / "data", dagster_home=folder)
    deployment = Deployment(settings)
    register(deployment, *DOCUMENTS)
    command = [sys.executable, "-c", PROCESS, str(settings.home), str(folder), *DOCUMENTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(len(DOCUMENTS) * len(STAGE_NAMES) // 2):
            assert process.stdout.readline()
        user = kill(server)
        process.communicate(timeout=120)
        assert process.returncode != 0
    with started_again(server, user), open_instance(settings) as instance:
        (broken,) = instance.get_runs()
        assert broken.status is dg.DagsterRunStatus.FAILURE
        before = partitions_of(instance, STAGE_NAMES[0], "materialized")
        assert 0 < len(before) < len(DOCUMENTS)
        run = partial(execution.execute, run=ScriptedBatch(), instance=instance)
        assert run(deployment, DOCUMENTS).ok
        for asset in STAGE_NAMES:
            assert partitions_of(instance, asset, "materialized") == set(DOCUMENTS)
            assert partitions_of(instance, asset, "failed") == set()
        assert instance.event_log_storage.wipe_partitions(["document-00"])  # type: ignore[attr-defined]
        assert len(partitions_of(instance, STAGE_NAMES[0], "materialized")) == len(DOCUMENTS) - 1
