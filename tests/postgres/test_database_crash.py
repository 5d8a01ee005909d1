"""The database dies under a run: the run waits for it, or another one does the rest."""

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
from sparknet_assets.instance import open_instance
from sparknet_assets.partitions import wipe_events
from sparknet_assets.runs import execution
from tests.doubles.postgres_server import (
    PostgresServer,
    postgres_server,
    programs,
    reason_to_skip,
)
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register
from tests.postgres.conftest import write_config

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

DAGSTERS_PATIENCE = 4
"""Seconds after which Dagster's own attempts to connect have ended: six, waits a tenth as long."""
DOCUMENTS = [f"document-{number:02}" for number in range(40)]
PROCESS = """
import sys
from pathlib import Path
from dagster_postgres import utils
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets import postgres_log
from sparknet_assets.runs import events
from sparknet_assets.runs.execution import execute
from tests.graph.fakes import ScriptedBatch
events.MOST = 5  # so that the database has some when it dies
delay = utils.calculate_delay
utils.calculate_delay = lambda **how: delay(**how) / 10
home, dagster_home, postgres_log.OUTAGE_SECONDS = *map(Path, sys.argv[1:3]), float(sys.argv[3])
deployment = Deployment(Settings(home=home, dagster_home=dagster_home))
def tell(result, told=[]):
    told.append(print(result.ref.doc_id, flush=True))
    if len(told) == int(sys.argv[4]):
        sys.stdin.readline()
execute(deployment, sys.argv[5:], run=ScriptedBatch(), progress=tell)
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


@pytest.fixture
def settings(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """With documents, and an instance on that server."""
    for name, value in server.create_database().environment.items():
        monkeypatch.setenv(name, value)
    folder = write_config(tmp_path / "dagster", run_launcher=None)
    settings = Settings(home=tmp_path / "data", dagster_home=folder)
    register(Deployment(settings), *DOCUMENTS)
    return settings


@contextmanager
def half_way(settings: Settings, patience: float) -> Iterator[subprocess.Popen[bytes]]:
    """A run of all documents that has come to the middle, and waits there until it is told."""
    middle = len(DOCUMENTS) * len(STAGE_NAMES) // 2
    folders = [str(settings.home), str(settings.dagster_home)]
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS, *folders, str(patience), str(middle), *DOCUMENTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        for _ in range(middle):
            assert process.stdout.readline()
        yield process


def go_on(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def check_all_shown(instance: dg.DagsterInstance) -> None:
    for asset in STAGE_NAMES:
        assert partitions_of(instance, asset, "materialized") == set(DOCUMENTS)
        assert partitions_of(instance, asset, "failed") == set()


def test_a_run_waits_for_a_database_that_comes_back(
    server: PostgresServer, settings: Settings
) -> None:
    with half_way(settings, patience=120) as process:
        user = kill(server)
        go_on(process)
        time.sleep(DAGSTERS_PATIENCE)
        assert process.poll() is None
        with started_again(server, user):
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors.decode()[-2000:]
            with open_instance(settings) as instance:
                (run,) = instance.get_runs()
                assert run.status is dg.DagsterRunStatus.SUCCESS
                check_all_shown(instance)


def test_another_run_does_what_one_without_a_database_could_not(
    server: PostgresServer, settings: Settings
) -> None:
    with half_way(settings, patience=1) as process:
        user = kill(server)
        go_on(process)
        process.communicate(timeout=120)
        assert process.returncode != 0
    with started_again(server, user), open_instance(settings) as instance:
        (broken,) = instance.get_runs()
        assert broken.status is dg.DagsterRunStatus.FAILURE
        before = partitions_of(instance, STAGE_NAMES[0], "materialized")
        assert 0 < len(before) < len(DOCUMENTS)
        run = partial(execution.execute, run=ScriptedBatch(), instance=instance)
        assert run(Deployment(settings), DOCUMENTS).ok
        check_all_shown(instance)
        assert wipe_events(instance, ["document-00"])
        assert len(partitions_of(instance, STAGE_NAMES[0], "materialized")) == len(DOCUMENTS) - 1


@pytest.mark.parametrize("every", [1, 10])
def test_connections_may_end_at_any_event(
    server: PostgresServer, settings: Settings, every: int
) -> None:
    database = os.environ["DAGSTER_PG_DB"]
    mine = f"datname = '{database}' AND pid <> pg_backend_pid()"
    seen = []

    def end_all(result: object) -> None:
        seen.append(result)
        if len(seen) % every == 0:
            server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")

    with open_instance(settings) as instance:
        run = partial(execution.execute, run=ScriptedBatch(), instance=instance)
        assert run(Deployment(settings), DOCUMENTS[:8], progress=end_all).ok
        assert partitions_of(instance, "vector_index", "materialized") == set(DOCUMENTS[:8])
