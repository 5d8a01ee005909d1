"""Exactly the failed (stage, document) pairs show as failed, whichever way a run was started."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from resources.deployment import Deployment
from sparknet_assets.generations.assets import Wanted
from sparknet_assets.partitions import register_partitions
from sparknet_assets.pipeline import Selection
from sparknet_assets.removal.job import Removal
from sparknet_assets.runs.config import sparse_config
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register

DOCUMENTS = ["a", "b", "c", "d", "e"]


@pytest.fixture
def registered(deployment: Deployment, instance: dg.DagsterInstance) -> list[str]:
    keys = register(deployment, *DOCUMENTS)
    register_partitions(instance, keys)
    return keys


def run_range(
    defs: dg.Definitions, instance: dg.DagsterInstance, first: str, last: str
) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def("ingest").execute_in_process(
        instance=instance,
        raise_on_error=False,
        tags={
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        },
    )


def run_list(
    defs: dg.Definitions, instance: dg.DagsterInstance, *keys: str
) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def("ingest").execute_in_process(
        instance=instance,
        raise_on_error=False,
        partition_key=keys[0],
        run_config=sparse_config(keys),
    )


def state(instance: dg.DagsterInstance, status: str) -> dict[str, set[str]]:
    return {stage: partitions_of(instance, stage, status) for stage in STAGE_NAMES}


@pytest.mark.parametrize(
    "start",
    [
        lambda defs, instance: run_range(defs, instance, "a", "e"),
        lambda defs, instance: run_list(defs, instance, *DOCUMENTS),
    ],
    ids=["range", "list"],
)
def test_only_the_failed_pairs_show_as_failed(defs, instance, registered, batch, start) -> None:
    batch.broken = {"b": "documents", "d": "chunks"}
    result = start(defs, instance)
    assert not result.success
    failed = state(instance, "failed")
    done = state(instance, "materialized")
    assert failed["documents"] == {"b"}
    assert failed["ocr_text"] == {"b"}
    assert failed["chunks"] == failed["vector_index"] == {"b", "d"}
    for stage in STAGE_NAMES:
        assert done[stage] == set(DOCUMENTS) - failed[stage]


def test_a_success_clears_the_failure(defs, instance, registered, batch) -> None:
    batch.broken = {"b": "documents"}
    run_list(defs, instance, "a", "b")
    batch.broken = {}
    assert run_list(defs, instance, "b").success
    assert not any(state(instance, "failed").values())
    assert partitions_of(instance, "vector_index", "materialized") == {"a", "b"}


def test_documents_outside_the_list_are_untouched(defs, instance, registered, batch) -> None:
    batch.broken = {"c": "documents"}
    run_list(defs, instance, "a", "c", "e")
    assert batch.calls == [["a", "c", "e"]]
    assert partitions_of(instance, "documents", "materialized") == {"a", "e"}
    assert partitions_of(instance, "documents", "failed") == {"c"}


def test_the_failure_lists_documents_and_is_never_retried(
    defs, instance, registered, batch
) -> None:
    batch.broken = {"b": "documents"}
    result = run_list(defs, instance, "a", "b")
    [failure] = [event for event in result.all_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data.metadata["failed"].value == 1
    [row] = data.metadata["failed_documents"].records
    assert row.data == {
        "document": "b",
        "stage": "documents",
        "kind": "corrupt",
        "message": "b is broken",
    }
    assert not any(event.event_type_value == "STEP_UP_FOR_RETRY" for event in result.all_events)


def test_the_page_of_a_failed_partition_says_why(defs, instance, registered, batch) -> None:
    batch.broken = {"b": "chunks"}
    run_list(defs, instance, "b")
    [record] = instance.fetch_observations(dg.AssetKey("chunks"), limit=10).records
    assert record.partition_key == "b"
    assert record.asset_observation.metadata["message"].value == "b is broken"


def test_a_subset_of_stages(defs, instance, registered, batch) -> None:
    job = defs.resolve_job_def("ingest")
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey("embeddings"), dg.AssetKey("vector_index")],
        partition_key="a",
    )
    assert result.success
    assert partitions_of(instance, "embeddings", "materialized") == {"a"}
    assert instance.get_latest_materialization_event(dg.AssetKey("documents")) is None


def test_events_carry_data_version_code_version_and_reuse(defs, instance, registered) -> None:
    def latest() -> dg.AssetMaterialization:
        event = instance.get_latest_materialization_event(dg.AssetKey("ocr_text"))
        assert event and event.asset_materialization
        return event.asset_materialization

    run_list(defs, instance, "a")
    first = latest()
    run_list(defs, instance, "a")
    second = latest()
    assert first.metadata["reused"].value is False
    assert second.metadata["reused"].value is True
    assert first.tags["dagster/data_version"] == second.tags["dagster/data_version"]
    assert first.tags["dagster/code_version"]
    assert first.partition == "a"


def test_a_list_runs_whatever_is_known_of_the_inputs(defs, instance, registered, batch) -> None:
    """A run without a partition broke off as soon as an input outside of it had an event."""
    instance.report_runless_asset_event(dg.AssetMaterialization("raw_documents", partition="c"))
    assert run_list(defs, instance, "c", "a").success
    assert batch.calls == [["c", "a"]]


def test_a_partition_without_a_document_fails_alone(defs, instance, registered) -> None:
    register_partitions(instance, ["gone"])
    result = run_list(defs, instance, "a", "gone")
    assert not result.success
    assert partitions_of(instance, "documents", "failed") == {"gone"}
    assert partitions_of(instance, "documents", "materialized") == {"a"}


def test_a_run_without_documents_says_so(defs, instance) -> None:
    result = defs.resolve_job_def("ingest").execute_in_process(
        instance=instance, raise_on_error=False
    )
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert "names no documents" in failure.step_failure_data.user_failure_data.description


class _SilentBatch(ScriptedBatch):
    def __call__(self, doc_ids, deployment, **options) -> Iterator:  # type: ignore[override]
        return iter(())


def test_a_stage_that_was_passed_over_is_a_failure(deployment, instance, registered) -> None:
    from sparknet_assets.definitions import build_defs

    result = run_list(build_defs(deployment, run=_SilentBatch()), instance, "a")
    assert not result.success
    assert partitions_of(instance, "vector_index", "failed") == {"a"}


def test_force_reaches_the_batch(defs, instance, registered, deployment, batch) -> None:
    job = defs.resolve_job_def("ingest")
    for force in (False, True):
        job.execute_in_process(
            instance=instance, partition_key="a", run_config=sparse_config(["a"], force=force)
        )
    event = instance.get_latest_materialization_event(dg.AssetKey("documents"))
    assert event.asset_materialization.metadata["reused"].value is False


def test_keys_keep_the_order_in_which_they_were_registered(
    defs, instance, deployment, batch
) -> None:
    register_partitions(instance, register(deployment, "m", "k"))
    register_partitions(instance, register(deployment, "l", "a"))
    run_range(defs, instance, "k", "a")
    assert batch.calls == [["k", "m", "a"]], "a range is a slice in order of registration"


def test_the_log_says_what_was_redone_and_what_reused(defs, instance, registered) -> None:
    """What is shown already has no event: without a word, its reuse could not be seen."""
    said = []
    for _ in range(2):
        result = run_list(defs, instance, "a", "b")
        said += [
            entry.user_message
            for entry in instance.all_logs(result.run_id)
            if entry.user_message.startswith("2 documents; ")
        ]
    assert [message.split(", ")[:2] for message in said] == [
        ["2 documents; redone: documents 2", "page_images 2"],
        ["2 documents; reused: documents 2", "page_images 2"],
    ]


@pytest.mark.parametrize("config", [Selection, Removal, Wanted])
def test_the_launchpad_explains_each_field(config: type[dg.Config]) -> None:
    fields = config.to_fields_dict()
    assert fields
    assert all(field.description for field in fields.values())
