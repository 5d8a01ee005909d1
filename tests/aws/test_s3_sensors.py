"""Two thousand documents by events of a bucket: each is asked for once, whatever the queue does."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.event_queue import EventKind
from resources.settings import Settings
from schedules.event_queue import drain
from schedules.requests import requested_keys
from schedules.sensors import look
from sparknet_assets.definitions import build_defs
from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.removal.job import OP
from tests.doubles.moto_server import MotoServer
from tests.doubles.s3_messages import TEST_EVENT, event_bridge, in_sns, notification

DOCUMENTS = 2000
POISON = 25
RECEPTIONS = 3
HIDDEN_SECONDS = 60


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@dataclass
class Events:
    """A bucket whose events arrive in a queue, and where the queue's poison goes."""

    deployment: Deployment
    url: str
    dead: str

    @property
    def sqs(self) -> Any:
        return self.deployment.aws.client("sqs")

    def send(self, bodies: list[str]) -> None:
        for start in range(0, len(bodies), 10):
            part = enumerate(bodies[start : start + 10])
            entries = [{"Id": str(n), "MessageBody": body} for n, body in part]
            self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)

    def count(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())


@pytest.fixture
def events(moto: MotoServer, tmp_path: Path) -> Events:
    return notified_bucket(tmp_path)


def notified_bucket(home: Path) -> Events:
    """As the documentation says that a bucket and its queue are set up."""
    settings = Settings(home=home, storage="s3", s3_bucket="documents", sensor_runs=100)
    deployment = Deployment(settings)
    s3, sqs = deployment.aws.client("s3"), deployment.aws.client("sqs")

    def arn(url: str) -> str:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": arn(dead), "maxReceiveCount": RECEPTIONS}
    attributes = {"VisibilityTimeout": str(HIDDEN_SECONDS), "RedrivePolicy": json.dumps(redrive)}
    url = sqs.create_queue(QueueName="events", Attributes=attributes)["QueueUrl"]
    s3.create_bucket(Bucket="documents")
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "raw/"}]}}
    queue = {
        "QueueArn": arn(url),
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": rule,
    }
    s3.put_bucket_notification_configuration(
        Bucket="documents", NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    with_queue = settings.model_copy(update={"sqs_queue_url": url})
    return Events(Deployment(with_queue), url, dead)


@dataclass
class Ticks:
    """Ticks of both sensors, with what the daemon and the runs do about their results."""

    instance: dg.DagsterInstance
    deployment: Deployment
    requested: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    cursor: str | None = None
    listing_cursor: str | None = None

    def by_events(self) -> dg.SensorResult:
        queue = self.deployment.event_queue
        assert queue is not None
        result = drain(self.instance, self.deployment, queue, _soon(), self.cursor)
        self.cursor = result.cursor
        return self._ran(result)

    def by_listing(self) -> dg.SensorResult:
        result = look(self.instance, self.deployment, _soon(), self.listing_cursor)
        self.listing_cursor = result.cursor
        return self._ran(result)

    def _ran(self, result: dg.SensorResult) -> dg.SensorResult:
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(PARTITIONS, list(request.partition_keys or []))
        order = list(self.instance.get_dynamic_partitions(PARTITIONS))
        for request in result.run_requests or []:
            if request.job_name == INGEST:
                self._read(set(requested_keys(request, order)))
            else:
                self._remove(request.run_config["ops"][OP]["config"]["doc_ids"])
        return result

    def _read(self, doc_ids: set[str]) -> None:
        self.requested.update(doc_ids)
        catalog = self.deployment.catalog
        state = {"status": DocumentStatus.INDEXED}
        versions = {info.key: info.version for info in self.deployment.storage.list("raw/")}
        catalog.put(
            [
                record.model_copy(update={**state, "raw_version": versions[record.raw_key]})
                for record in catalog.get_many(doc_ids).values()
            ]
        )

    def _remove(self, doc_ids: list[str]) -> None:
        self.removed.update(doc_ids)
        for doc_id in doc_ids:
            self.deployment.catalog.delete(doc_id)


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=10)  # nobody writes to the objects any more


def put_all(deployment: Deployment, names: list[str]) -> None:
    """Writes small objects, as uploads do: without asking what became of them."""
    client = deployment.aws.client("s3")

    def put(name: str) -> None:
        client.put_object(Bucket="documents", Key=f"raw/{name}/a file+1.pdf", Body=name.encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, names))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_each_of_two_thousand_documents_is_processed_once(
    events: Events, instance: dg.DagsterInstance
) -> None:
    deployment = events.deployment
    names = [f"d{number:04}" for number in range(DOCUMENTS)]
    random.Random(7).shuffle(names)
    put_all(deployment, names)
    assert events.count(events.url) == DOCUMENTS + 1, "with the one that says that it is set up"
    again = random.Random(1).sample(names, 300)
    forms = [notification, event_bridge, lambda key: in_sns(notification(key))]
    others = [forms[n % 3](f"raw/{name}/a file+1.pdf") for n, name in enumerate(again)]
    others += [notification(f"raw/{n}/a file+1.pdf", EventKind.REMOVED) for n in names[:20]]
    others += [notification("raw/never/there.pdf"), notification("processed/a/text.json")]
    others += [TEST_EVENT, *["poison"] * POISON]
    random.Random(2).shuffle(others)
    events.send(others)
    gone = names[-1]
    deployment.storage.delete(f"raw/{gone}/a file+1.pdf")

    ticks = Ticks(instance, deployment)
    while events.count(events.url) > POISON:
        ticks.by_events()
        ticks.by_listing()  # the safety net finds nothing that was asked for already
    kept = set(names) - {gone}
    assert ticks.requested == Counter(kept)
    records = {record.doc_id for record in deployment.catalog.documents()}
    assert records == kept

    put_all(deployment, names[:1])  # the same bytes once more: one more event, no more work
    deployment.storage.delete(f"raw/{names[1]}/a file+1.pdf")
    deployment.storage.put(f"raw/{names[2]}/a file+1.pdf", b"other bytes")
    for _ in range(3):
        ticks.by_events()
    assert ticks.requested - Counter(kept) == Counter([names[2]])
    assert ticks.removed == Counter([names[1]])
    assert events.count(events.url) == POISON


def test_poison_alone_ends_in_the_dead_letter_queue(
    events: Events, instance: dg.DagsterInstance, moto: MotoServer
) -> None:
    put_all(events.deployment, ["a"])
    events.send(["poison"] * 3)
    ticks = Ticks(instance, events.deployment)
    for _ in range(RECEPTIONS + 2):
        ticks.by_events()
        moto.pass_seconds(HIDDEN_SECONDS + 1)
    assert ticks.requested == Counter("a")
    assert events.count(events.url) == 0
    found = events.sqs.receive_message(QueueUrl=events.dead, MaxNumberOfMessages=10)
    assert [message["Body"] for message in found["Messages"]] == ["poison"] * 3


def test_a_lost_event_is_found_by_the_listing(events: Events, instance: dg.DagsterInstance) -> None:
    put_all(events.deployment, ["a", "b"])
    events.sqs.purge_queue(QueueUrl=events.url)
    ticks = Ticks(instance, events.deployment)
    ticks.by_events()
    assert not ticks.requested
    ticks.by_listing()
    assert ticks.requested == Counter("ab")


def test_beside_a_queue_the_listing_is_the_safety_net(events: Events) -> None:
    sensors = {s.name: s for s in build_defs(events.deployment).sensors or ()}
    listing = sensors["raw_documents_sensor"].minimum_interval_seconds
    queue = sensors["storage_events_sensor"].minimum_interval_seconds
    assert listing is not None
    assert queue is not None
    assert listing >= 10 * queue
