"""What Dagster costs on Postgres while eight runs work at once, as eight ECS tasks would.

    python -m benchmarks.run_storm [--documents 500] [--runs 8]

Each run is a process with a home of its own; they share the database alone. Stages do nothing, so
what is measured is workers, catalog and Dagster. Prints milliseconds a document of one run by
itself and of all together, the most connections to the database at any moment, and errors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from benchmarks.orchestration import GRAPH, fill
from benchmarks.verdict import Verdict

if TYPE_CHECKING:
    from tests.doubles.postgres_server import Database

DOCUMENTS = 500
RUNS = 8
BUDGET_MS = 30.0
CONFIG = Path("infra/dagster/dagster.yaml")
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Storm:
    """What some runs at once came to.

    Attributes:
        seconds: From when all were ready until the last was done.
        cpu: Seconds on processors, of the runs and their workers, during that time.
        connections: The most at any sample.
        events: Rows of the event log that they wrote.
        failures: What runs that failed have said.
    """

    runs: int
    documents: int
    seconds: float
    cpu: float
    connections: int
    events: int
    failures: tuple[str, ...]

    @property
    def ms(self) -> float:
        return 1000 * self.seconds / self.documents

    def __str__(self) -> str:
        return (
            f"{self.runs:4}{self.documents:11,}{self.ms:10.1f}"
            f"{1000 * self.cpu / self.documents:10.1f}{self.events / self.documents:8.1f}"
            f"{self.connections:13}{len(self.failures):8}"
        )


def storm(database: Database, folder: Path, *, runs: int, documents: int) -> Storm:
    """Works on the documents in that many runs at once."""
    share = documents // runs
    processes = [
        _start(database, folder / f"{runs}-{n}", f"{runs}-{n}", share) for n in range(runs)
    ]
    failures, cpu = [], 0.0
    before = _events(database)
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            failures.append("did not get ready")
    with _Connections(database) as watched:
        started = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.write("go\n")
                process.stdin.flush()
        for process in processes:
            out, errors = process.communicate()
            if process.returncode:
                failures.append(errors[-2000:])
            else:
                cpu += json.loads(out.splitlines()[-1])["cpu"]
        seconds = time.perf_counter() - started
    wrote = _events(database) - before
    return Storm(runs, share * runs, seconds, cpu, watched.most, wrote, tuple(failures))


def _start(database: Database, folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    config = yaml.safe_load(CONFIG.read_text())
    del config["run_launcher"]  # the runs are started here
    home = folder / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.run_storm", "--work", name, str(folder), str(count)],
        env={**os.environ, **database.environment, "DAGSTER_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _events(database: Database) -> int:
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'event_logs'"
    if not database.execute(tables)[0][0]:
        return 0
    return int(str(database.execute("SELECT count(*) FROM event_logs")[0][0]))


class _Connections:
    """Counts the connections to a database until the context ends."""

    def __init__(self, database: Database) -> None:
        self.most = 0
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Connections:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        import psycopg2

        own = psycopg2.connect(self._database.url("postgresql"))
        own.autocommit = True
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
        with own.cursor() as cursor:
            while not self._stop.wait(SAMPLE_SECONDS):
                cursor.execute(count, (self._database.name, own.info.backend_pid))
                self.most = max(self.most, cursor.fetchone()[0])
        own.close()


def work(name: str, folder: Path, count: int) -> None:
    """One run, in a process of its own; begins when it is told to."""
    from resources.deployment import Deployment
    from resources.settings import Settings
    from sparknet_assets.batch.running import run_batch
    from sparknet_assets.instance import open_instance
    from sparknet_assets.runs.execution import execute

    deployment = Deployment(Settings(home=folder / "data", workers=1))
    ids = fill(deployment, count, f"{name}-")
    run = partial(run_batch, graph=GRAPH)
    with open_instance(deployment.settings) as instance:
        execute(deployment, [], run=run, instance=instance)
        print("ready", flush=True)
        sys.stdin.readline()
        before = os.times()
        summary = execute(deployment, ids, run=run, instance=instance)
        after = os.times()
    if not summary.ok:
        raise SystemExit(f"{len(summary.failed)} documents failed")
    print(json.dumps({"cpu": sum(after[:4]) - sum(before[:4])}))


def measure(documents: int = DOCUMENTS, runs: int = RUNS) -> Verdict:
    """Runs the documents once in one run and once in several, and prints both.

    Returns:
        Milliseconds a document of several runs at once; infinite when one of them failed.

    Raises:
        FileNotFoundError: There is no PostgreSQL.
    """
    from tests.doubles.postgres_server import postgres_server, reason_to_skip

    if reason := reason_to_skip():
        raise FileNotFoundError(2, reason, "PostgreSQL")
    print("one-page documents, seven stages that do nothing, Dagster on Postgres")
    print("runs  documents    ms/doc    cpu ms  events  connections  failed")
    with (
        tempfile.TemporaryDirectory(prefix="sparknet-storm-") as folder,
        postgres_server() as server,
    ):
        database = server.create_database()
        for number in dict.fromkeys((1, runs)):
            result = storm(database, Path(folder), runs=number, documents=documents)
            print(result, flush=True)
            for failure in result.failures:
                print(failure)
    value = float("inf") if result.failures else result.ms
    return Verdict("run_storm", value, BUDGET_MS, "ms a document")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--work", nargs=3, metavar=("NAME", "FOLDER", "COUNT"), help="for itself")
    arguments = parser.parse_args()
    if arguments.work:
        name, folder, count = arguments.work
        work(name, Path(folder), int(count))
        return 0
    verdict = measure(arguments.documents, arguments.runs)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
