"""What the SQS adapter does beyond the port: forms of messages, poison, failures of parts."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.event_queue import EventKind
from resources.event_queue.sqs import SQSEventQueue
from resources.failure import FailureKind, SparknetError
from schedules.event_queue import fetch
from tests.doubles.moto_server import MotoServer
from tests.doubles.s3_messages import TEST_EVENT, event_bridge, in_sns, notification, record


@pytest.fixture
def clients(moto: MotoServer) -> AwsClients:
    return AwsClients()


@pytest.fixture
def url(clients: AwsClients) -> str:
    made: str = clients.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    return made


def send(clients: AwsClients, url: str, *bodies: str) -> None:
    for body in bodies:
        clients.client("sqs").send_message(QueueUrl=url, MessageBody=body)


def count(clients: AwsClients, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = clients.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(value) for value in found["Attributes"].values())


def test_all_forms_of_a_notification_are_read(clients: AwsClients, url: str) -> None:
    key = "raw/a b+c%/é.pdf"
    send(clients, url, notification(key), in_sns(notification(key)), event_bridge(key))
    send(clients, url, event_bridge(key, EventKind.REMOVED))
    events = SQSEventQueue(url, clients).receive(10)
    assert {event.key for event in events} == {key}
    assert sorted(event.kind for event in events) == ["created"] * 3 + ["removed"]


def test_test_events_and_what_changes_no_bytes_are_deleted(clients: AwsClients, url: str) -> None:
    tagging = json.dumps({"Records": [record("raw/a", "ObjectTagging:Put")]})
    send(clients, url, TEST_EVENT, in_sns(TEST_EVENT), tagging)
    assert SQSEventQueue(url, clients).receive(10) == []
    assert count(clients, url) == 0


def test_a_message_of_several_events_goes_when_all_are_dealt_with(
    clients: AwsClients, url: str
) -> None:
    names = ["ObjectCreated:Put", "LifecycleExpiration:Delete"]
    send(clients, url, json.dumps({"Records": [record(f"raw/{n}", n) for n in names]}))
    queue = SQSEventQueue(url, clients)
    first, second = queue.receive(1)
    assert (first.kind, second.kind) == (EventKind.CREATED, EventKind.REMOVED)
    queue.delete([first.receipt])
    assert count(clients, url) == 1
    queue.delete([second.receipt, first.receipt])
    assert count(clients, url) == 0


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "{}",
        '{"Records": 7}',
        '{"Records": [{}]}',
        json.dumps({"Records": [{"eventSource": "aws:ses", "eventName": "x"}]}),
        '{"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": 1}}}',
        '{"Type": "Notification", "Message": "text"}',
    ],
)
def test_what_is_no_event_is_left_alone_with_one_warning_that_quotes_nothing(
    clients: AwsClients, url: str, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    client = clients.client("sqs")
    client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    send(clients, url, body)
    queue = SQSEventQueue(url, clients)
    queue._messages(10)
    with caplog.at_level(logging.WARNING):
        for message in queue._messages(10) * 2:
            with pytest.raises(ValueError) as caught:
                raise _error_of(message)
            queue._warn(message, caught.value)
    assert len([r for r in caplog.records if "redrive policy" in r.message]) == 1
    assert body not in caplog.text
    assert count(clients, url) == 1


def _error_of(message: dict[str, Any]) -> ValueError:
    from resources.event_queue.s3_events import NotAnEventError, read_events

    try:
        read_events(message["Body"])
    except NotAnEventError as error:
        return error
    raise AssertionError("it was read")


def test_poison_does_not_keep_a_drain_from_what_is_behind_it(clients: AwsClients, url: str) -> None:
    send(clients, url, *["poison"] * 45)
    send(clients, url, *[notification(f"raw/{n}/file") for n in range(12)])
    events = fetch(SQSEventQueue(url, clients), 100)
    assert len(events) == 12
    assert count(clients, url) == 57


def test_poison_reaches_the_dead_letter_queue(clients: AwsClients, url: str) -> None:
    client = clients.client("sqs")
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps({"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 2})
    given = {"RedrivePolicy": policy, "VisibilityTimeout": "0"}
    client.set_queue_attributes(QueueUrl=url, Attributes=given)
    send(clients, url, "poison")
    SQSEventQueue(url, clients).receive(10)
    assert (count(clients, url), count(clients, dead)) == (0, 1)


class Failing:
    """A client of SQS that fails to delete some, each so many times."""

    def __init__(self, fails: dict[str, int], *, sender: bool = False) -> None:
        self.fails = fails
        self.sender = sender
        self.deleted: list[str] = []
        self.calls: list[int] = []

    def client(self, service: str) -> Failing:
        return self

    def delete_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:
        self.calls.append(len(Entries))
        failed = []
        for entry in Entries:
            handle = entry["ReceiptHandle"]
            if self.fails.get(handle, 0) > 0:
                self.fails[handle] -= 1
                failed.append({"Id": entry["Id"], "SenderFault": self.sender, "Code": "x"})
            else:
                self.deleted.append(handle)
        return {"Failed": failed}


def test_the_part_of_a_batch_that_failed_is_deleted_again() -> None:
    client = Failing({"m3": 2, "m11": 1})
    SQSEventQueue("url", client).delete([f"m{n}" for n in range(12)])  # type: ignore[arg-type]
    assert sorted(client.deleted) == sorted(f"m{n}" for n in range(12))
    assert client.calls == [10, 1, 1, 2, 1]


def test_an_expired_receipt_is_not_tried_again() -> None:
    client = Failing({"gone": 9}, sender=True)
    SQSEventQueue("url", client).delete(["gone"])  # type: ignore[arg-type]
    assert client.calls == [1]


def test_what_cant_be_deleted_is_said(caplog: pytest.LogCaptureFixture) -> None:
    client = Failing({"stuck": 99})
    SQSEventQueue("url", client).delete(["stuck", "fine"])  # type: ignore[arg-type]
    assert "1 messages could not be deleted" in caplog.text


def test_a_missing_queue_is_one_sentence(clients: AwsClients) -> None:
    with pytest.raises(SparknetError, match="no such queue") as caught:
        SQSEventQueue("https://sqs.us-east-1.amazonaws.com/1/nothing", clients).receive(1)
    assert caught.value.kind is FailureKind.REFUSED
