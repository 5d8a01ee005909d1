"""Removals through Dagster: events gone, partitions gone, a receipt that the UI shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.claims import Claims
from sparknet_assets.definitions import build_defs
from sparknet_assets.instance import open_instance
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.partitions import PARTITIONS, register_partitions
from sparknet_assets.removal.gone_partitions import forget_partitions
from sparknet_assets.removal.job import OP, REMOVALS, REMOVE_DOCUMENTS, execute_removal
from sparknet_assets.removal.receipts import RemovalError
from sparknet_assets.runs.execution import execute
from tests.doubles.inline_pool import inline_workers
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register
from tests.removal.homes import SECRET, files_with, found, with_words

ASKED = {"reason": "a test", "requested_by": "pytest"}


class Home:
    """Documents in a home that the UI knows."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, deployment: Deployment) -> None:
        self.folder = folder
        self.instance = instance
        self.deployment = deployment

    def add(self, **texts: str) -> None:
        for doc_id, text in texts.items():
            file = self.folder / f"{doc_id}.txt"
            file.write_text(text)
            take_in(self.deployment, [file], doc_id=doc_id)
        assert execute(self.deployment, list(texts), instance=self.instance).ok

    def receipts(self) -> list[dg.AssetMaterialization]:
        """The latest first."""
        records = self.instance.fetch_materializations(dg.AssetKey(REMOVALS), limit=5).records
        return [record.asset_materialization for record in records]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("removals")
    settings = Settings(home=folder / "data", workers=2)
    with open_instance(settings) as instance, inline_workers():
        yield Home(folder, instance, with_words(Deployment(settings)))


def test_a_removal_leaves_no_text_in_the_home(home: Home) -> None:
    home.add(doc=f"All about the {SECRET}.", other="Something else altogether.")
    data = home.deployment.home
    assert any(name.startswith("dagster/") for name in files_with(data, SECRET))
    (receipt,) = execute_removal(home.deployment, ["doc"], instance=home.instance, **ASKED)
    assert files_with(data, SECRET, "quokka") == []
    assert receipt.complete
    assert receipt.removed["events"].count >= 8  # six stages; the original, arrived and observed
    assert receipt.remaining["events"] == 0
    assert found(home.deployment, SECRET) <= {"other"}
    for asset in STAGE_NAMES:
        assert partitions_of(home.instance, asset, "materialized") == {"other"}
    assert home.instance.get_dynamic_partitions(PARTITIONS) == ["other"]
    summary = execute(home.deployment, ["other"], instance=home.instance)
    assert (summary.reused, summary.finished) == (7, 7)


def test_the_event_shows_the_receipt(home: Home) -> None:
    home.add(shown="Words to be shown.")
    (receipt,) = execute_removal(home.deployment, ["shown"], instance=home.instance, **ASKED)
    event = home.receipts()[0]
    facts = {name: value.value for name, value in event.metadata.items()}
    assert facts["document"] == "shown"
    assert (facts["reason"], facts["requested_by"]) == ("a test", "pytest")
    assert facts["receipt"] == str(home.deployment.home / receipt.key)
    assert (facts["remaining"], facts["complete"]) == (0, True)
    rows = {row.data["store"]: row.data for row in facts["stores"].records}
    assert next(iter(rows)) == "raw", "in the order in which people think of them"
    counts = {name: rows["vectors"][name] for name in ("removed", "bytes", "remaining")}
    assert counts == {"removed": 1, "bytes": "", "remaining": 0}
    assert all(row["what"] for row in rows.values())
    assert (facts["file"], facts["sha256"]) == (receipt.filename, receipt.sha256)
    assert "nothing remains" in event.description
    (run,) = home.instance.get_runs(dg.RunsFilter(job_name=REMOVE_DOCUMENTS), limit=1)
    assert run.status is dg.DagsterRunStatus.SUCCESS


def test_one_that_cannot_go_fails_the_run_and_not_the_others(home: Home) -> None:
    home.add(held="Words.", free="Other words.")
    with Claims(home.deployment) as others:
        others.take(["held"])
        with pytest.raises(RemovalError, match="held is being worked on") as raised:
            execute_removal(
                home.deployment, ["held", "free"], instance=home.instance, wait_seconds=0.1, **ASKED
            )
    assert [receipt.doc_id for receipt in raised.value.receipts] == ["free"]
    assert home.receipts()[0].metadata["document"].value == "free"
    (run,) = home.instance.get_runs(dg.RunsFilter(job_name=REMOVE_DOCUMENTS), limit=1)
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert home.instance.has_dynamic_partition(PARTITIONS, "held")


def test_the_job_of_the_definitions_removes(home: Home) -> None:
    home.add(by_hand="Words.")
    job = build_defs(home.deployment).resolve_job_def(REMOVE_DOCUMENTS)
    result = job.execute_in_process(
        run_config={"ops": {OP: {"config": {"doc_ids": ["by_hand"]}}}},
        instance=home.instance,
    )
    assert result.success
    facts = home.receipts()[0].metadata
    assert facts["requested_by"].value == f"the run {result.run_id}"
    assert facts["reason"].value == "removed from the Dagster UI"


def test_an_instance_with_another_event_log_is_said_so(tmp_path: Path) -> None:
    deployment = with_words(Deployment(Settings(home=tmp_path / "data")))
    deployment.storage.put("raw/doc/doc.txt", b"words")
    with dg.DagsterInstance.ephemeral() as instance:
        (receipt,) = execute_removal(deployment, ["doc"], instance=instance, **ASKED)
    assert not receipt.complete
    assert receipt.notes == ["Dagster's event log can't wipe partitions; its events may show texts"]
    assert "events" not in receipt.removed


def test_a_partition_that_a_run_holds_goes_with_the_next_removal(home: Home) -> None:
    home.add(queued="Words.", last="Last words.")
    run = home.instance.create_run_for_job(
        build_defs(home.deployment).resolve_job_def("ingest"),
        tags={"dagster/partition": "queued"},
    )
    execute_removal(home.deployment, ["queued"], instance=home.instance, **ASKED)
    assert home.instance.has_dynamic_partition(PARTITIONS, "queued")
    home.instance.report_run_canceled(run)
    execute_removal(home.deployment, ["last"], instance=home.instance, **ASKED)
    assert not home.instance.has_dynamic_partition(PARTITIONS, "queued")
    assert not home.instance.has_dynamic_partition(PARTITIONS, "last")


def test_partitions_that_a_run_holds_stay(
    instance: dg.DagsterInstance, defs: dg.Definitions
) -> None:
    register_partitions(instance, ["a", "b", "c"])
    instance.create_run_for_job(defs.resolve_job_def("ingest"), tags={"dagster/partition": "a"})
    assert forget_partitions(instance, ["a", "b", "unknown"]) == ["a"]
    assert instance.get_dynamic_partitions(PARTITIONS) == ["a", "c"]


def test_a_partition_of_a_deleted_document_stands_for_none(
    instance: dg.DagsterInstance, deployment: Deployment, batch: ScriptedBatch, defs: dg.Definitions
) -> None:
    register_partitions(instance, register(deployment, "a"))
    record = deployment.catalog.get("a")
    assert record is not None
    deployment.catalog.bury([record.model_copy(update={"status": DocumentStatus.DELETED})])
    result = defs.resolve_job_def("ingest").execute_in_process(
        instance=instance, partition_key="a", raise_on_error=False
    )
    assert not result.success
    assert batch.calls == [[]]
