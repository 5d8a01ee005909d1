"""Documents through the graph with Dagster on Postgres: runs, statuses, removals, processes."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from resources.deployment import Deployment
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.removal.job import execute_removal
from sparknet_assets.runs import execution
from sparknet_assets.runs.execution import execute
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register
from tests.postgres.conftest import write_config
from tests.postgres.test_postgres_log import rows_with
from tests.removal.homes import SECRET, with_words

ASKED = {"reason": "a test", "requested_by": "pytest"}


@pytest.fixture
def previews(settings) -> Deployment:
    """A deployment whose events quote its documents."""
    return with_words(Deployment(settings.model_copy(update={"event_previews": True})))


def add(deployment: Deployment, folder, instance: dg.DagsterInstance, **texts: str) -> None:
    for doc_id, text in texts.items():
        file = folder / f"{doc_id}.txt"
        file.write_text(text)
        take_in(deployment, [file], doc_id=doc_id)
    assert execute(deployment, list(texts), instance=instance).ok


def test_a_removal_has_a_complete_receipt(previews, tmp_path, instance, database) -> None:
    add(previews, tmp_path, instance, doc=f"All about the {SECRET}.", other="Something else.")
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS]
    for asset in STAGE_NAMES:
        assert partitions_of(instance, asset, "materialized") == {"doc", "other"}
    assert "event_logs" in rows_with(database, SECRET)
    (receipt,) = execute_removal(previews, ["doc"], instance=instance, **ASKED)
    assert receipt.complete, receipt.notes
    assert receipt.removed["events"].count >= 8
    assert receipt.remaining["events"] == 0
    assert rows_with(database, SECRET) == []
    for asset in STAGE_NAMES:
        assert partitions_of(instance, asset, "materialized") == {"other"}
    assert instance.get_dynamic_partitions(PARTITIONS) == ["other"]
    again = execute(previews, ["other"], instance=instance)
    assert again.reused == again.finished == len(STAGE_NAMES)


def test_a_bad_document_fails_alone(deployment, instance) -> None:
    register(deployment, "a", "b", "c")
    batch = ScriptedBatch(broken={"b": "chunks"})
    run = partial(execution.execute, run=batch, instance=instance)
    assert set(run(deployment, ["a", "b", "c"]).failed) == {"b"}
    [record] = instance.get_runs()
    assert record.status is dg.DagsterRunStatus.FAILURE
    assert partitions_of(instance, "chunks", "failed") == {"b"}
    assert partitions_of(instance, "vector_index", "materialized") == {"a", "c"}
    batch.broken = {}
    assert run(deployment, ["b"]).ok
    assert partitions_of(instance, "chunks", "failed") == set()


PROCESS = """
import sys
from pathlib import Path
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.runs.execution import execute
from tests.graph.fakes import ScriptedBatch, register
home, name = Path(sys.argv[1]), sys.argv[2]
deployment = Deployment(Settings(home=home, dagster_home=Path(sys.argv[3])))
ids = [f"{name}-{n}" for n in range(5)]
register(deployment, *ids)
print(execute(deployment, ids, run=ScriptedBatch()).finished)
"""


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    """As on a machine of its own: it shares no folder with others, so no lock either."""
    dagster_home = write_config(folder / "dagster", run_launcher=None)
    arguments = [str(folder / "data"), name, str(dagster_home)]
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("database", ["empty"], indirect=True)
def test_two_processes_share_a_new_database(database, tmp_path, request) -> None:
    processes = [start(tmp_path / name, name) for name in ("left", "right")]
    for process in processes:
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        assert out.strip() == str(5 * len(STAGE_NAMES))
    instance = request.getfixturevalue("instance")
    assert len(partitions_of(instance, "vector_index", "materialized")) == 10
    assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
