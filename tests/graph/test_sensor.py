"""The sensor requests every new or changed document once, in as few runs as can be."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.processes import this_host
from resources.settings import Settings
from schedules.planning import batches
from schedules.requests import requested_keys
from schedules.sensors import look
from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import PARTITIONS, register_partitions
from sparknet_assets.removal.job import OP, REMOVE_DOCUMENTS
from sparknet_assets.run_owner import TAG
from sparknet_assets.runs.announcements import announced, announced_documents
from sparknet_assets.runs.config import sparse_config
from sparknet_assets.runs.in_flight import keys_in_flight
from tests.graph.fakes import register

BATCH = 3
SENSOR = {"dagster/sensor_name": "raw_documents_sensor"}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path / "data", workers=2, batch_size=BATCH)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=10)


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


def tick(
    instance, deployment, now: datetime | None = None, cursor: str | None = None
) -> dg.SensorResult:
    """A tick, with what the daemon does about partitions."""
    result = look(instance, deployment, now or soon(), cursor)
    for request in result.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(PARTITIONS, request.partition_keys)
    return result


def requested(result: dg.SensorResult, instance) -> list[list[str]]:
    order = list(instance.get_dynamic_partitions(PARTITIONS))
    return [
        list(requested_keys(request, order))
        for request in result.run_requests or []
        if request.job_name == INGEST
    ]


def test_new_documents_are_registered_and_requested_in_ranges(instance, deployment) -> None:
    drop(deployment, "d", "b", "a", "c")
    result = tick(instance, deployment)
    assert requested(result, instance) == [["a", "b", "c"], ["d"]]
    assert [r.doc_id for r in deployment.catalog.documents()] == ["a", "b", "c", "d"]
    *arrivals, plan = result.asset_events
    assert {event.partition for event in arrivals} == {"a", "b", "c", "d"}
    assert all(event.tags["dagster/data_version"] for event in arrivals)
    assert plan.asset_key.to_user_string() == "reconciliation_plan"
    assert plan.metadata["new"].value == 4
    assert plan.description == "The sensor asked for runs: 4 new."


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


def test_a_tick_is_bounded(instance, settings) -> None:
    deployment = Deployment(settings.model_copy(update={"sensor_documents": 4}))
    drop(deployment, *"abcdef")
    assert requested(tick(instance, deployment), instance) == [["a", "b", "c"], ["d"]]
    assert requested(tick(instance, deployment), instance) == [["e", "f"]]


def test_it_waits_for_an_ingest_to_register_its_documents(instance, deployment) -> None:
    drop(deployment, "a")
    with deployment.locks.hold("intake"):
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


def removal_of(result: dg.SensorResult) -> dg.RunRequest | None:
    return next((r for r in result.run_requests or [] if r.job_name == REMOVE_DOCUMENTS), None)


def indexed(instance, deployment, *doc_ids: str) -> None:
    drop(deployment, *doc_ids)
    tick(instance, deployment)
    settle(deployment)


def test_a_document_that_is_gone_is_removed(instance, deployment) -> None:
    indexed(instance, deployment, "a", "b")
    deployment.storage.delete("raw/a/file.pdf")
    request = removal_of(tick(instance, deployment))
    config = request.run_config["ops"][OP]["config"]
    assert config["doc_ids"] == ["a"]
    assert config["keep_raw"], "what is put there meanwhile is another document"


def test_a_document_that_a_link_leads_away_from_stops_nothing(instance, deployment) -> None:
    indexed(instance, deployment, "a", "b", "c")
    original = deployment.settings.home / "raw/a/file.pdf"
    elsewhere = original.rename(deployment.settings.home.parent / "elsewhere.pdf")
    original.symlink_to(elsewhere)
    quiet = tick(instance, deployment)
    assert "a is kept" in quiet.skip_reason.skip_message
    deployment.storage.delete("raw/b/file.pdf")
    drop(deployment, "d")
    result = tick(instance, deployment, cursor=quiet.cursor)
    assert requested(result, instance) == [["d"]]
    assert removal_of(result).run_config["ops"][OP]["config"]["doc_ids"] == ["b"]


def test_a_renamed_document_is_removed_and_new(instance, deployment) -> None:
    indexed(instance, deployment, "a", "b")
    deployment.storage.delete("raw/a/file.pdf")
    drop(deployment, "c")
    result = tick(instance, deployment)
    assert requested(result, instance) == [["c"]]
    assert removal_of(result).run_config["ops"][OP]["config"]["doc_ids"] == ["a"]
    assert result.asset_events[-1].metadata["removed"].value == 1


def test_a_removal_under_way_is_not_requested_again(instance, deployment, defs) -> None:
    indexed(instance, deployment, "a", "b")
    deployment.storage.delete("raw/a/file.pdf")
    at = (datetime.now(UTC) + timedelta(hours=1)).replace(minute=30)
    request = removal_of(tick(instance, deployment, at))
    run = instance.create_run_for_job(
        defs.resolve_job_def(REMOVE_DOCUMENTS), run_config=request.run_config, tags=SENSOR
    )
    assert removal_of(tick(instance, deployment, at)) is None
    instance.report_run_canceled(run)
    assert removal_of(tick(instance, deployment, at)).run_key == request.run_key
    again = removal_of(tick(instance, deployment, at + timedelta(hours=1)))
    assert again.run_key != request.run_key


def test_a_document_that_a_command_has_is_not_removed_under_it(instance, deployment) -> None:
    indexed(instance, deployment, "a", "b")
    deployment.storage.delete("raw/a/file.pdf")
    owner = f"{this_host()}:{os.getpid()}:command"
    deployment.catalog.claim(["a"], owner, 60)
    assert removal_of(tick(instance, deployment)) is None
    deployment.catalog.release(["a"], owner)
    assert removal_of(tick(instance, deployment)) is not None


def test_when_most_are_gone_none_is_removed_and_that_is_said_once(instance, deployment) -> None:
    ids = [f"d{number:02}" for number in range(30)]
    for some in batches(ids, 12):  # as many as four runs take
        indexed(instance, deployment, *some)
    for doc_id in ids[:25]:
        deployment.storage.delete(f"raw/{doc_id}/file.pdf")
    first = tick(instance, deployment)
    assert not first.run_requests
    assert "25 of 30 documents are missing" in first.skip_reason.skip_message
    assert "25 of 30" in first.asset_events[0].metadata["held_back"].value
    assert first.asset_events[0].description == "Removals are held back."
    second = tick(instance, deployment, cursor=first.cursor)
    assert "materialize --stale" in second.skip_reason.skip_message
    assert not second.asset_events


def test_a_tick_that_fails_leaves_the_cursor(instance, deployment, defs) -> None:
    indexed(instance, deployment, "a", "b")
    (deployment.home / "raw").rename(deployment.home / "elsewhere")
    sensor = defs.resolve_sensor_def("raw_documents_sensor")
    context = dg.build_sensor_context(
        instance, definitions=defs, resources={"deployment": deployment}, cursor="before"
    )
    with pytest.raises(SparknetError, match="is its disk mounted"):
        sensor.evaluate_tick(context)
    assert context.cursor == "before"


def test_a_file_of_a_clock_ahead_has_to_look_the_same_twice(instance, deployment) -> None:
    drop(deployment, "a")
    long_before = datetime.now(UTC) - timedelta(minutes=5)
    first = tick(instance, deployment, long_before)
    assert not first.run_requests
    assert first.skip_reason.skip_message == "1 still being written"
    drop(deployment, "a", data=b"it grows")
    second = tick(instance, deployment, long_before, first.cursor)
    assert not second.run_requests
    third = tick(instance, deployment, long_before, second.cursor)
    assert requested(third, instance) == [["a"]]


def test_a_file_written_to_a_moment_ago_waits(instance, deployment) -> None:
    drop(deployment, "a")
    now = datetime.now(UTC)
    assert not tick(instance, deployment, now + timedelta(seconds=1)).run_requests
    assert not tick(instance, deployment, now + timedelta(seconds=4)).run_requests
    assert requested(tick(instance, deployment, now + timedelta(seconds=6)), instance) == [["a"]]


def test_there_are_never_more_runs_than_allowed(instance, settings, defs) -> None:
    deployment = Deployment(settings.model_copy(update={"sensor_runs": 2}))
    drop(deployment, *"abcdefghij")
    assert requested(tick(instance, deployment), instance) == [["a", "b", "c"], ["d", "e", "f"]]
    assert len(list(deployment.catalog.documents())) == 6, "the others wait outside"
    run = instance.create_run_for_job(
        defs.resolve_job_def(INGEST), run_config=sparse_config(["a", "b", "c"]), tags=SENSOR
    )
    assert requested(tick(instance, deployment), instance) == [["g", "h", "i"]]
    instance.create_run_for_job(
        defs.resolve_job_def(INGEST), run_config=sparse_config(["d", "e", "f"]), tags=SENSOR
    )
    assert not tick(instance, deployment).run_requests
    instance.report_run_canceled(run)
    assert requested(tick(instance, deployment), instance) == [["j"]]


def test_scattered_documents_never_make_more_runs_than_they_need(instance, deployment) -> None:
    ids = [f"d{number:02}" for number in range(12)]
    indexed(instance, deployment, *ids)
    changed = [ids[n] for n in (0, 1, 3, 4, 6, 7, 9, 10)]  # four pairs of neighbours
    drop(deployment, *changed, data=b"longer")
    runs = requested(tick(instance, deployment), instance)
    assert [len(run) for run in runs] == [3, 3, 2]
    assert sorted(key for run in runs for key in run) == changed


def test_a_document_that_a_command_will_come_to_is_not_adopted(instance, deployment) -> None:
    drop(deployment, "a", "b", "c")
    register(deployment, "a", "b", "c")
    later = datetime.now(UTC) + timedelta(minutes=11)
    owner = f"{this_host()}:{os.getpid()}:command"
    deployment.catalog.claim(["a"], owner, 60)
    with announced(deployment.catalog, ["a", "b"]):
        assert requested(tick(instance, deployment, later), instance) == [["c"]]
    deployment.catalog.release(["a"], owner)
    assert requested(tick(instance, deployment, later), instance) == [["a", "b"]]


def test_what_a_killed_command_announced_is_forgotten(deployment) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        pass
    name = f"announced/x/{this_host()}:{process.pid}:0"
    deployment.catalog.put_facts({name: json.dumps([time.time(), ["a"]])})
    with announced(deployment.catalog, ["b"]):
        assert announced_documents(deployment.catalog) == {"b"}
    assert deployment.catalog.facts("announced/") == {}


def test_a_tick_that_was_lost_is_asked_for_again_in_the_same_words(instance, deployment) -> None:
    drop(deployment, "a", "b")
    first = look(instance, deployment, soon())  # the daemon dies before it hears of this
    later = datetime.now(UTC) + timedelta(minutes=11)
    again = tick(instance, deployment, later)
    assert requested(again, instance) == [["a", "b"]]
    assert first.cursor is not None


def test_a_touched_file_costs_a_hash_and_no_run(instance, deployment) -> None:
    indexed(instance, deployment, "a", "b")
    for record in deployment.catalog.documents():
        digest = hashlib.sha256(b"x").hexdigest()
        deployment.catalog.put([record.model_copy(update={"raw_sha256": digest})])
    drop(deployment, "a")  # the same bytes again
    drop(deployment, "b", data=b"longer")
    assert requested(tick(instance, deployment), instance) == [["b"]]
    settle(deployment)
    assert tick(instance, deployment).skip_reason.skip_message == "2 unchanged"
