"""What every EventQueue must do. A new adapter is added to the `queue` fixture."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import pytest

from resources.aws.clients import AwsClients
from resources.event_queue import EventKind, EventQueue, StorageEvent
from resources.event_queue.sqs import SQSEventQueue
from tests.doubles.event_queue import MemoryEventQueue
from tests.doubles.moto_server import MotoServer
from tests.doubles.s3_messages import notification

HIDDEN_SECONDS = 60


@dataclass
class Subject:
    """A queue, what puts an event into it, and what lets hidden messages appear again."""

    queue: EventQueue
    send: Callable[[str, EventKind], object]
    reappear: Callable[[], object]

    def all(self) -> list[StorageEvent]:
        """Receives until nothing comes any more."""
        events: list[StorageEvent] = []
        while found := self.queue.receive(100):
            events += found
        return events


@pytest.fixture(params=["memory", "sqs"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "memory":
        memory = MemoryEventQueue()
        return Subject(memory, memory.send, memory.reappear)
    moto: MotoServer = request.getfixturevalue("moto")
    clients = AwsClients()
    client = clients.client("sqs")
    url = client.create_queue(
        QueueName=uuid.uuid4().hex, Attributes={"VisibilityTimeout": str(HIDDEN_SECONDS)}
    )["QueueUrl"]

    def send(key: str, kind: EventKind) -> None:
        client.send_message(QueueUrl=url, MessageBody=notification(key, kind))

    reappear = partial(moto.pass_seconds, HIDDEN_SECONDS + 1)
    return Subject(SQSEventQueue(url, clients), send, reappear)


def told(events: Iterable[StorageEvent]) -> list[tuple[str, EventKind]]:
    return sorted((event.key, event.kind) for event in events)


def test_an_empty_queue_gives_nothing(subject: Subject) -> None:
    assert list(subject.queue.receive(10)) == []
    subject.queue.delete([])


def test_events_come_with_key_and_kind(subject: Subject) -> None:
    keys = ["raw/a b/c+d%20,e.pdf", "raw/ünï/文書.pdf", "raw/a\nb/x", "processed/a/text.json"]
    for key in keys:
        subject.send(key, EventKind.CREATED)
    subject.send(keys[0], EventKind.REMOVED)
    wanted = [*((key, EventKind.CREATED) for key in keys), (keys[0], EventKind.REMOVED)]
    assert told(subject.all()) == sorted(wanted)


def test_a_limit_is_kept_and_what_was_given_is_hidden(subject: Subject) -> None:
    for number in range(25):
        subject.send(f"raw/{number}/file", EventKind.CREATED)
    first = subject.queue.receive(13)
    assert 0 < len(first) <= 13
    rest = subject.all()
    assert len({event.receipt for event in [*first, *rest]}) == 25


def test_what_is_not_deleted_comes_again_and_what_is_deleted_does_not(subject: Subject) -> None:
    for name in "ab":
        subject.send(f"raw/{name}/file", EventKind.CREATED)
    events = subject.all()
    subject.queue.delete([event.receipt for event in events if event.key == "raw/a/file"])
    subject.reappear()
    again = subject.all()
    assert [event.key for event in again] == ["raw/b/file"]
    subject.queue.delete([event.receipt for event in again])
    subject.reappear()
    assert subject.all() == []


def test_unknown_and_repeated_receipts_are_passed_over(subject: Subject) -> None:
    subject.send("raw/a/file", EventKind.CREATED)
    (event,) = subject.all()
    subject.queue.delete(["nobody-gave-this-out", event.receipt, event.receipt])
    subject.queue.delete([event.receipt])
    subject.reappear()
    assert subject.all() == []


def test_more_than_a_batch_is_deleted(subject: Subject) -> None:
    for number in range(25):
        subject.send(f"raw/{number}/file", EventKind.CREATED)
    subject.queue.delete([event.receipt for event in subject.all()])
    subject.reappear()
    assert subject.all() == []
