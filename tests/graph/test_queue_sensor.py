"""Events are hints: repeated, late, in any order, and lost by no crash."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.event_queue import EventKind, StorageEvent
from resources.settings import Settings
from schedules.event_queue import drain, fetch
from schedules.requests import requested_keys
from sparknet_assets.definitions import build_defs
from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.removal.job import OP
from tests.doubles.event_queue import MemoryEventQueue

REMOVED = EventKind.REMOVED


@pytest.fixture
def queue() -> MemoryEventQueue:
    return MemoryEventQueue()


def put(deployment: Deployment, *doc_ids: str, data: bytes = b"x") -> None:
    for doc_id in doc_ids:
        deployment.storage.put(f"raw/{doc_id}/file.pdf", data)


def tick(
    instance: dg.DagsterInstance,
    deployment: Deployment,
    queue: MemoryEventQueue,
    cursor: str | None = None,
) -> dg.SensorResult:
    """A tick, with what the daemon does about partitions."""
    now = datetime.now(UTC) + timedelta(seconds=10)
    result = drain(instance, deployment, queue, now, cursor)
    for request in result.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(PARTITIONS, request.partition_keys)
    return result


def asked(result: dg.SensorResult, instance: dg.DagsterInstance) -> tuple[set[str], set[str]]:
    """Partition keys that are to be run, and documents that are to be removed."""
    order = list(instance.get_dynamic_partitions(PARTITIONS))
    run: set[str] = set()
    removed: set[str] = set()
    for request in result.run_requests or []:
        if request.job_name == INGEST:
            run |= set(requested_keys(request, order))
        else:
            removed |= set(request.run_config["ops"][OP]["config"]["doc_ids"])
    return run, removed


def indexed(deployment: Deployment) -> None:
    """As runs leave the catalog: every document read as it is now."""
    rows = []
    for record in deployment.catalog.documents():
        info = deployment.storage.stat(record.raw_key)
        version = info.version if info else "of what was there"
        state = {"status": DocumentStatus.INDEXED, "raw_version": version}
        rows.append(record.model_copy(update=state))
    deployment.catalog.put(rows)


def test_events_lead_to_runs_and_are_deleted_by_the_next_tick(instance, deployment, queue) -> None:
    put(deployment, "a", "b")
    for key in ("raw/b/file.pdf", "raw/a/file.pdf", "raw/a/file.pdf", "processed/a/text.json"):
        queue.send(key)
    first = tick(instance, deployment, queue)
    assert asked(first, instance) == ({"a", "b"}, set())
    assert queue.deleted == [], "not before the cursor is on record"
    second = tick(instance, deployment, queue, first.cursor)
    assert not second.run_requests
    assert queue.left() == []


def test_a_crash_before_the_cursor_is_on_record_shows_the_events_again(
    instance, deployment, queue
) -> None:
    put(deployment, "a")
    queue.send("raw/a/file.pdf")
    tick(instance, deployment, queue)  # its result and cursor are lost
    queue.reappear()
    while_pending = tick(instance, deployment, queue)
    assert not while_pending.run_requests, "registered: taken for requested until it is adopted"
    tick(instance, deployment, queue, while_pending.cursor)
    assert queue.left() == ["raw/a/file.pdf"], "and the event stays until the document is through"
    indexed(deployment)
    queue.reappear()
    last = tick(instance, deployment, queue, while_pending.cursor)
    tick(instance, deployment, queue, last.cursor)
    assert queue.left() == []


def test_what_counts_is_what_is_there_now(instance, deployment, queue) -> None:
    put(deployment, "a", "b", "c")
    for name in "abc":
        queue.send(f"raw/{name}/file.pdf")
    first = tick(instance, deployment, queue)
    indexed(deployment)
    queue.send("raw/a/file.pdf", REMOVED)  # it was put back since
    deployment.storage.delete("raw/b/file.pdf")
    queue.send("raw/b/file.pdf", EventKind.CREATED)  # late
    queue.send("raw/never/seen.pdf", REMOVED)
    put(deployment, "c", data=b"longer")
    queue.send("raw/c/file.pdf", REMOVED)  # of a rename within the folder, before it was written
    second = tick(instance, deployment, queue, first.cursor)
    assert asked(second, instance) == ({"c"}, {"b"})
    tick(instance, deployment, queue, second.cursor)
    assert queue.left() == []


def test_a_document_that_is_busy_keeps_its_event(instance, deployment, queue) -> None:
    put(deployment, "a")
    queue.send("raw/a/file.pdf")
    deployment.catalog.claim(["a"], "another-host:1:them", 60)
    first = tick(instance, deployment, queue)
    assert not first.run_requests
    tick(instance, deployment, queue, first.cursor)
    assert queue.left() == ["raw/a/file.pdf"]
    deployment.catalog.release(["a"], "another-host:1:them")
    queue.reappear()
    assert asked(tick(instance, deployment, queue, first.cursor), instance) == ({"a"}, set())


def test_a_deployment_with_a_queue_has_the_sensor(instance, settings, queue, batch) -> None:
    class WithQueue(Deployment):
        event_queue = queue

    deployment = WithQueue(settings)
    defs = build_defs(deployment, run=batch)
    put(deployment, "a")
    queue.send("raw/a/file.pdf")
    sensor = defs.resolve_sensor_def("storage_events_sensor")
    context = dg.build_sensor_context(
        instance, definitions=defs, resources={"deployment": deployment}
    )
    assert "1 events" in sensor.evaluate_tick(context).skip_message, "written a moment ago"
    assert [s.name for s in build_defs(Deployment(settings)).sensors] == ["raw_documents_sensor"]


def test_a_tick_is_bounded(instance, settings) -> None:
    deployment = Deployment(settings.model_copy(update={"sensor_documents": 4}))
    queue = MemoryEventQueue()
    for number in range(10):
        put(deployment, f"d{number}")
        queue.send(f"raw/d{number}/file.pdf")
    run, _ = asked(tick(instance, deployment, queue), instance)
    assert len(run) == 4


def test_an_intake_is_waited_for(instance, deployment, queue) -> None:
    put(deployment, "a")
    queue.send("raw/a/file.pdf")
    with deployment.locks.hold("intake"):
        assert "taken in" in tick(instance, deployment, queue).skip_reason.skip_message
    assert asked(tick(instance, deployment, queue), instance) == ({"a"}, set())


def test_events_that_empty_the_storage_need_a_word(instance, deployment, queue) -> None:
    names = [f"d{number:02}" for number in range(22)]
    put(deployment, *names)
    for name in names:
        queue.send(f"raw/{name}/file.pdf")
    first = tick(instance, deployment, queue)
    indexed(deployment)
    for name in names[1:]:
        deployment.storage.delete(f"raw/{name}/file.pdf")
        queue.send(f"raw/{name}/file.pdf", REMOVED)
    second = tick(instance, deployment, queue, first.cursor)
    assert not second.run_requests
    assert "21 of 22 documents are missing" in second.skip_reason.skip_message


def test_a_folder_that_cant_be_looked_into_keeps_its_event_and_holds_up_no_other(
    instance, deployment, queue
) -> None:
    put(deployment, "a", "b", "c")
    for name in "abc":
        queue.send(f"raw/{name}/file.pdf")
    first = tick(instance, deployment, queue)
    indexed(deployment)
    folder = deployment.settings.home / "raw" / "a"
    folder.rename(deployment.settings.home.parent / "elsewhere")
    folder.symlink_to(deployment.settings.home.parent / "elsewhere")
    deployment.storage.delete("raw/b/file.pdf")
    for key in ("raw/a/file.pdf", "raw/b/file.pdf", "raw/odd\\name/file.pdf"):
        queue.send(key, REMOVED)
    second = tick(instance, deployment, queue, first.cursor)
    assert asked(second, instance) == (set(), {"b"})
    tick(instance, deployment, queue, second.cursor)
    assert queue.left() == ["raw/a/file.pdf"]


def test_a_file_of_a_clock_ahead_settles_though_its_event_is_hidden_meanwhile(
    instance, deployment, queue
) -> None:
    put(deployment, "a")
    ahead = (datetime.now(UTC) + timedelta(hours=1)).timestamp()
    os.utime(deployment.settings.home / "raw/a/file.pdf", (ahead, ahead))
    queue.send("raw/a/file.pdf")
    first = tick(instance, deployment, queue)
    assert not first.run_requests
    between = tick(instance, deployment, queue, first.cursor)
    queue.reappear()
    again = tick(instance, deployment, queue, between.cursor)
    assert asked(again, instance) == ({"a"}, set())


class Scripted:
    """A queue whose answers are given."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    def receive(self, limit: int) -> Sequence[StorageEvent]:
        answer = self.answers.pop(0) if self.answers else []
        return [StorageEvent(name, EventKind.CREATED, name) for name in answer]


def test_a_short_answer_does_not_end_a_drain() -> None:
    queue = Scripted("a", "", "b", "", "", "c")
    assert [event.key for event in fetch(queue, 10)] == ["a", "b"]


def test_a_queue_that_repeats_itself_ends_a_drain() -> None:
    assert len(fetch(Scripted(*["ab"] * 50), 10)) == 2


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["put", "delete", "crash", "tick"])),
        max_size=14,
    ),
    seed=st.integers(0, 99),
)
def test_whatever_happens_every_change_is_seen_in_the_end(
    tmp_path_factory, changes: list[tuple[str, str]], seed: int
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("queue") / "data", removal_guard=1.0)
    deployment = Deployment(settings)
    queue = MemoryEventQueue(seed, moody=True)
    with dg.DagsterInstance.ephemeral() as instance:
        cursor: str | None = None

        def work(*, crash: bool) -> None:
            nonlocal cursor
            result = tick(instance, deployment, queue, cursor)
            run, removed = asked(result, instance)
            if crash:
                return  # the requests and the cursor are lost; the rows are not
            cursor = result.cursor
            gone = [r for r in deployment.catalog.documents() if r.doc_id in removed]
            for record in gone:
                deployment.catalog.delete(record.doc_id)
            _read(deployment, run)

        for name, what in changes:
            if what == "put":
                put(deployment, name, data=f"{len(queue.deleted)}{changes}".encode())
                queue.send(f"raw/{name}/file.pdf")
            elif what == "delete":
                if deployment.storage.delete(f"raw/{name}/file.pdf"):
                    queue.send(f"raw/{name}/file.pdf", REMOVED)
            else:
                work(crash=what == "crash")
        for _ in range(12):
            queue.reappear()
            work(crash=False)
            _forget_lost(deployment)
        there = {info.key: info.version for info in deployment.storage.list("raw/")}
        known = {r.raw_key: r.raw_version for r in deployment.catalog.documents()}
        assert known == there
        assert queue.left() == []


def _read(deployment: Deployment, keys: set[str]) -> None:
    """What a run does, as far as the catalog shows."""
    rows = []
    for record in deployment.catalog.get_many(keys).values():
        info = deployment.storage.stat(record.raw_key)
        version = info.version if info else ""
        status = DocumentStatus.INDEXED if info else DocumentStatus.FAILED
        rows.append(record.model_copy(update={"status": status, "raw_version": version}))
    deployment.catalog.put(rows)


def _forget_lost(deployment: Deployment) -> None:
    """Lets the time pass after which what was registered and never run is adopted."""
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    rows = deployment.catalog.documents(status=DocumentStatus.PENDING)
    deployment.catalog.put([r.model_copy(update={"updated_at": long_ago}) for r in rows])
