"""The sensor requests every new or changed document once, in as few runs as can be."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.locks import file_lock
from resources.processes import this_host
from schedules import sensors
from schedules.in_flight import keys_in_flight
from schedules.sensors import look
from sparknet_assets.partitions import PARTITIONS, register_partitions
from sparknet_assets.pipeline import PIPELINE, sparse_config
from sparknet_assets.run_owner import TAG
from tests.graph.fakes import register

BATCH = 3


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def drop(deployment, *doc_ids: str, data: bytes = b"x") -> None:
    for doc_id in doc_ids:
        deployment.storage.put(f"raw/{doc_id}/file.pdf", data)


def settle(deployment, status: DocumentStatus = DocumentStatus.INDEXED) -> None:
    """As a run leaves the catalog: every document read as it is now."""
    deployment.catalog.put(
        [
            record.model_copy(
                update={
                    "status": status,
                    "raw_version": deployment.storage.stat(record.raw_key).version,
                }
            )
            for record in deployment.catalog.documents()
        ]
    )


def tick(instance, deployment, now: datetime | None = None) -> dg.SensorResult:
    """A tick, with what the daemon does about partitions."""
    result = look(instance, deployment, now or soon(), BATCH)
    for request in result.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(PARTITIONS, request.partition_keys)
    return result


def requested(result: dg.SensorResult, instance) -> list[list[str]]:
    order = list(instance.get_dynamic_partitions(PARTITIONS))
    runs = []
    for request in result.run_requests or []:
        if request.run_config:
            runs.append(request.run_config["ops"][PIPELINE]["config"]["partition_keys"])
        elif request.partition_key:
            runs.append([request.partition_key])
        else:
            start = request.tags["dagster/asset_partition_range_start"]
            end = request.tags["dagster/asset_partition_range_end"]
            runs.append(order[order.index(start) : order.index(end) + 1])
    return runs


def test_new_documents_are_registered_and_requested_in_ranges(instance, deployment) -> None:
    drop(deployment, "d", "b", "a", "c")
    result = tick(instance, deployment)
    assert requested(result, instance) == [["a", "b", "c"], ["d"]]
    assert [r.doc_id for r in deployment.catalog.documents()] == ["a", "b", "c", "d"]
    assert {event.partition for event in result.asset_events} == {"a", "b", "c", "d"}
    assert all(event.tags["dagster/data_version"] for event in result.asset_events)


def test_a_single_document_is_requested_by_its_partition(instance, deployment) -> None:
    drop(deployment, "My Report")
    [request] = tick(instance, deployment).run_requests
    assert request.partition_key.startswith("my-report--")


def test_nothing_is_requested_twice(instance, deployment) -> None:
    drop(deployment, "a", "b")
    first = tick(instance, deployment)
    assert not tick(instance, deployment).run_requests
    settle(deployment)
    idle = tick(instance, deployment)
    assert not idle.run_requests
    assert idle.skip_reason.skip_message == "2 unchanged"
    assert len(first.run_requests) == 1


def test_a_changed_document_waits_for_the_run_that_has_it(instance, deployment, defs) -> None:
    drop(deployment, "a", "b")
    tick(instance, deployment)
    settle(deployment)
    drop(deployment, "a", data=b"longer")
    run = instance.create_run_for_job(
        defs.resolve_job_def("ingest"), run_config=sparse_config(["a"])
    )
    assert keys_in_flight(instance) == {"a"}
    assert not tick(instance, deployment).run_requests
    instance.report_run_canceled(run)
    assert requested(tick(instance, deployment), instance) == [["a"]]


def test_runs_over_partitions_and_ranges_are_in_flight(instance, deployment, defs) -> None:
    register_partitions(instance, ["a", "b", "c", "d"])
    job = defs.resolve_job_def("ingest")
    instance.create_run_for_job(job, tags={"dagster/partition": "d"})
    instance.create_run_for_job(
        job,
        tags={
            "dagster/asset_partition_range_start": "a",
            "dagster/asset_partition_range_end": "b",
        },
    )
    assert keys_in_flight(instance) == {"a", "b", "d"}


def test_scattered_changes_share_a_run(instance, deployment) -> None:
    drop(deployment, *"abcdefg")
    tick(instance, deployment)
    settle(deployment)
    drop(deployment, "a", "c", "f", data=b"longer")
    assert requested(tick(instance, deployment), instance) == [["a", "c", "f"]]


def test_a_failed_document_is_left_alone_until_its_bytes_change(instance, deployment) -> None:
    drop(deployment, "a")
    tick(instance, deployment)
    settle(deployment, DocumentStatus.FAILED)
    assert not tick(instance, deployment).run_requests
    drop(deployment, "a", data=b"repaired")
    assert requested(tick(instance, deployment), instance) == [["a"]]


def test_a_document_whose_run_never_came_is_adopted(instance, deployment) -> None:
    drop(deployment, "a")
    register(deployment, "a")
    assert not tick(instance, deployment).run_requests
    later = datetime.now(UTC) + timedelta(minutes=11)
    assert requested(tick(instance, deployment, later), instance) == [["a"]]


def test_an_adopted_document_is_a_new_request(instance, deployment) -> None:
    drop(deployment, "a")
    [first] = tick(instance, deployment).run_requests
    later = datetime.now(UTC) + timedelta(minutes=11)
    [second] = tick(instance, deployment, later).run_requests
    assert first.run_key != second.run_key  # Dagster launches a run key once, whatever came of it


def test_a_changed_document_whose_run_came_to_nothing_is_adopted(instance, deployment) -> None:
    drop(deployment, "a")
    tick(instance, deployment)
    settle(deployment)
    drop(deployment, "a", data=b"longer")
    [first] = tick(instance, deployment).run_requests
    assert not tick(instance, deployment).run_requests
    later = datetime.now(UTC) + timedelta(minutes=11)
    [second] = tick(instance, deployment, later).run_requests
    assert first.run_key != second.run_key


def test_an_earlier_file_put_back_is_requested_again(instance, deployment) -> None:
    drop(deployment, "a")
    [first] = tick(instance, deployment).run_requests
    settle(deployment)
    [record] = deployment.catalog.documents()
    other = {"raw_version": "of another file", "run_id": "another-run"}
    deployment.catalog.put([record.model_copy(update=other)])
    [second] = tick(instance, deployment).run_requests
    assert first.run_key != second.run_key


def test_run_keys_follow_the_bytes(instance, deployment) -> None:
    drop(deployment, "a", "b")
    [first] = tick(instance, deployment).run_requests
    settle(deployment)
    drop(deployment, "a", "b", data=b"longer")
    [second] = tick(instance, deployment).run_requests
    assert first.run_key != second.run_key
    assert first.tags == second.tags


def test_a_tick_is_bounded(instance, deployment, monkeypatch) -> None:
    monkeypatch.setattr(sensors, "DOCUMENTS_PER_TICK", 4)
    drop(deployment, *"abcdef")
    assert requested(tick(instance, deployment), instance) == [["a", "b", "c"], ["d"]]
    assert requested(tick(instance, deployment), instance) == [["e", "f"]]


def test_it_waits_for_an_ingest_to_register_its_documents(instance, deployment) -> None:
    drop(deployment, "a")
    with file_lock(deployment.state / "intake.lock"):
        result = tick(instance, deployment)
    assert "taken in" in result.skip_reason.skip_message
    assert tick(instance, deployment).run_requests


def test_what_is_left_aside_is_said(instance, deployment) -> None:
    deployment.storage.put("raw/loose.pdf", b"x")
    message = tick(instance, deployment).skip_reason.skip_message
    assert "loose.pdf: a loose file; move it to raw/loose/loose.pdf" in message


def test_a_listing_that_fails_fails_the_tick(instance, deployment, monkeypatch) -> None:
    def broken(*args: object, **options: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(deployment.storage, "list", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        tick(instance, deployment)


def test_the_definition(defs, instance, deployment) -> None:
    drop(deployment, "a")
    sensor = defs.resolve_sensor_def("raw_documents_sensor")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    context = dg.build_sensor_context(
        instance, definitions=defs, resources={"deployment": deployment}
    )
    data = sensor.evaluate_tick(context)
    assert json.dumps(data.skip_message)


def test_documents_of_a_run_whose_process_died_are_free_again(instance, deployment, defs) -> None:
    drop(deployment, "a")
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        pass
    run_id = str(uuid.uuid4())
    tags = {TAG: f"{run_id}:{this_host()}:{process.pid}:0", "dagster/partition": "a"}
    register_partitions(instance, ["a"])
    instance.create_run_for_job(
        defs.resolve_job_def("ingest"),
        run_id=run_id,
        tags=tags,
        status=dg.DagsterRunStatus.STARTED,
    )
    assert requested(tick(instance, deployment), instance) == [["a"]]
