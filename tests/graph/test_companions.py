"""A run of a backfill takes the documents along that its other runs wait with."""

from __future__ import annotations

import time

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import register_partitions
from sparknet_assets.runs.companions import (
    RANGE_END,
    RANGE_START,
    TAG,
    KeyOrder,
    keys_of,
    take_along,
)
from sparknet_assets.runs.in_flight import keys_in_flight
from tests.graph.fakes import partitions_of, register

ORIGIN = RemoteJobOrigin(
    repository_origin=RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "it"),
    job_name=INGEST,
)
KEYS = [f"d{number:02}" for number in range(20)]
QUEUED = dg.DagsterRunStatus.QUEUED


@pytest.fixture
def backfill(instance, deployment) -> dict[str, str]:
    """Tags of the runs of an asset backfill."""
    register_partitions(instance, KEYS)
    register(deployment, *KEYS)
    instance.add_backfill(
        PartitionBackfill(
            backfill_id="abcdefgh",
            status=BulkActionStatus.REQUESTED,
            from_failure=False,
            tags={},
            backfill_timestamp=0.0,
            asset_selection=[dg.AssetKey("documents")],
            serialized_asset_backfill_data="{}",
        )
    )
    return {"dagster/backfill": "abcdefgh"}


@pytest.fixture
def queue(instance, defs, backfill):
    """Puts runs of the backfill into the queue."""

    def queue(*keys: str, **options: object) -> list[dg.DagsterRun]:
        tags = {**backfill, **options.pop("tags", {})}
        return [
            instance.create_run_for_job(
                defs.resolve_job_def(INGEST),
                status=QUEUED,
                remote_job_origin=ORIGIN,
                tags={**tags, "dagster/partition": key},
                **options,
            )
            for key in keys
        ]

    return queue


def status_of(instance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    return instance.get_run_by_id(run.run_id).status


def take(instance, deployment, run: dg.DagsterRun, most: int = 250) -> list[str]:
    run = instance.get_run_by_id(run.run_id)
    own = [run.tags["dagster/partition"]]
    return take_along(instance, run, own, KEYS, most, deployment.locks)


def started(instance, queue, key: str) -> dg.DagsterRun:
    [run] = queue(key)
    instance.handle_run_event(
        run.run_id,
        dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, job_name=INGEST),
    )
    return run


def test_one_run_takes_what_waits(instance, deployment, queue) -> None:
    first = started(instance, queue, "d00")
    others = queue("d02", "d04", "d06")
    assert take(instance, deployment, first) == ["d02", "d04", "d06"]
    assert {status_of(instance, run).value for run in others} == {"CANCELED"}
    assert keys_in_flight(instance) == {"d00", "d02", "d04", "d06"}


def test_no_more_than_a_run_holds(instance, deployment, queue) -> None:
    first = started(instance, queue, "d00")
    others = queue("d02", "d04", "d06")
    assert take(instance, deployment, first, most=3) == ["d02", "d04"]
    assert status_of(instance, others[2]) is QUEUED


def test_ranges_are_taken_whole(instance, deployment, queue, backfill, defs) -> None:
    first = started(instance, queue, "d00")
    job = defs.resolve_job_def(INGEST)
    for start, end in (("d02", "d04"), ("d06", "d07")):
        tags = {
            "dagster/asset_partition_range_start": start,
            "dagster/asset_partition_range_end": end,
        }
        instance.create_run_for_job(
            job, status=QUEUED, remote_job_origin=ORIGIN, tags={**backfill, **tags}
        )
    assert take(instance, deployment, first, most=4) == ["d02", "d03", "d04"]


def test_runs_that_do_something_else_are_left(instance, deployment, queue) -> None:
    first = started(instance, queue, "d00")
    queue("d02", run_config={"loggers": {}})
    queue("d04", asset_selection=frozenset([dg.AssetKey("documents")]))
    queue("d06", tags={"dagster/backfill": "anotherone"})
    assert take(instance, deployment, first) == []


def test_a_run_that_is_repeated_has_its_documents_still(instance, deployment, queue) -> None:
    first = started(instance, queue, "d00")
    queue("d02")
    take(instance, deployment, first)
    tags = {TAG: instance.get_run_by_id(first.run_id).tags[TAG]}
    [again] = queue("d00", tags=tags)
    queue("d04")
    assert take(instance, deployment, again) == ["d02"]


def test_runs_outside_of_a_backfill_take_nothing(instance, deployment, queue, defs) -> None:
    queue("d02")
    job = defs.resolve_job_def(INGEST)
    alone = instance.create_run_for_job(job, tags={"dagster/partition": "d00"})
    assert take(instance, deployment, alone) == []


def test_what_was_taken_along_is_shown_as_made_or_failed(
    instance, defs, deployment, queue, batch, backfill
) -> None:
    queue("d02", "d04")
    batch.broken["d04"] = "ocr_text"
    result = defs.resolve_job_def(INGEST).execute_in_process(
        partition_key="d00", instance=instance, tags=backfill, raise_on_error=False
    )
    assert batch.calls == [["d00", "d02", "d04"]]
    assert not result.success
    assert partitions_of(instance, "vector_index", "materialized") == {"d00", "d02"}
    assert partitions_of(instance, "vector_index", "failed") == {"d04"}
    assert partitions_of(instance, "documents", "materialized") == {"d00", "d02", "d04"}


def test_ranges_are_found_without_walking_all_keys() -> None:
    """2,000 queued runs over 50,000 keys took a tick of the sensor five seconds."""
    keys = [f"k{number:05}" for number in range(50_000)]
    order = KeyOrder(keys)
    started = time.thread_time()
    for number in range(40_000, 42_000):
        assert len(keys_of({RANGE_START: keys[number], RANGE_END: keys[number + 9]}, order)) == 10
    assert time.thread_time() - started < 0.5
    assert keys_of({RANGE_START: keys[0], RANGE_END: "gone"}, order) == []
    assert keys_of({}, order) == []
