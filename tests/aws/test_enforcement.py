"""The roles' policies at work: enough for the adapters, and nothing in them without need.

moto checks actions and the resources of S3, SQS and DynamoDB. It checks no conditions, no
Textract, no Bedrock by model, and no key of KMS on behalf of S3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.catalog import DocumentRecord, Holding, StageRecord, StageStatus
from resources.catalog.dynamodb import DynamoDBCatalog
from resources.catalog.dynamodb_locks import DynamoDBLocks
from resources.catalog.dynamodb_table import create_table
from resources.event_queue.sqs import SQSEventQueue
from resources.failure import FailureKind, SparknetError
from resources.storage.s3 import S3StorageAdapter
from resources.storage.s3_upload import Upload
from tests.aws.test_policies import VALUES, policy
from tests.doubles.moto_server import MotoServer
from tests.doubles.s3_messages import notification

BUCKET, TABLE, QUEUE = VALUES["Bucket"], VALUES["Table"], VALUES["Queue"]
KEY = "processed/a/text.json"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
Statements = list[dict[str, Any]]


class Role:
    """Lets this test's process be a role with a few statements as its policy."""

    def __init__(self, moto: MotoServer, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = url
        self._moto = moto
        self._monkeypatch = monkeypatch

    def assume(self, statements: Statements) -> AwsClients:
        """Clients of the role; from now on its policy is enforced."""
        iam, sts = AwsClients().client("iam"), AwsClients().client("sts")
        arn = iam.create_role(RoleName="run", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName="run", PolicyName="run", PolicyDocument=document)
        given = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        self._monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
        self._monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
        self._monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
        self._moto.enforce_iam_after(0)
        return AwsClients()


@pytest.fixture
def role(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Role]:
    """Over a bucket with versions and an object, a table and a queue with an event."""
    clients = AwsClients()
    s3, sqs = clients.client("s3"), clients.client("sqs")
    s3.create_bucket(Bucket=BUCKET)
    versioned = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"text")
    create_table(TABLE, clients)
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=notification("raw/a/a.pdf"))
    try:
        yield Role(moto, url, monkeypatch)
    finally:
        moto.enforce_iam_after(None)


def work_on_objects(clients: AwsClients, url: str) -> None:
    storage = S3StorageAdapter(BUCKET, clients)
    storage.put("processed/a/x", b"small")
    storage.put("processed/a/big", bytes(Upload.PART_BYTES + 1))
    with pytest.raises(RuntimeError), storage.writer("processed/a/broken") as file:
        file.write(bytes(Upload.PART_BYTES + 1))
        raise RuntimeError
    assert storage.get(KEY) == b"text"
    assert storage.stat("processed/a/none") is None
    assert {info.key for info in storage.list("processed/a/")} == {
        KEY,
        "processed/a/big",
        "processed/a/x",
    }
    client = clients.client("s3")
    client.create_multipart_upload(Bucket=BUCKET, Key="processed/a/killed")
    assert storage.delete("processed/a/x")
    assert storage.sweep("processed/a") == 1


def work_on_the_catalog(clients: AwsClients, url: str) -> None:
    catalog = DynamoDBCatalog(TABLE, clients)
    record = DocumentRecord(
        doc_id="a", partition_key="a", raw_key="raw/a/a.pdf", filename="a.pdf",
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    catalog.put([record])
    catalog.put([record.model_copy(update={"partition_key": "b"})])
    assert [found.doc_id for found in catalog.documents()] == ["a"]
    assert sum(catalog.totals().values()) == 1
    catalog.put_stages(
        [StageRecord(doc_id="a", stage="chunks", status=StageStatus.DONE, updated_at=NOW)]
    )
    catalog.put_facts({"fact": "value"})
    catalog.put_holdings("g", {"a": Holding("v", 1)})
    catalog.drop_holdings("g")
    assert catalog.delete("a")
    with DynamoDBLocks(TABLE, clients).hold("intake"):
        pass


def work_on_the_queue(clients: AwsClients, url: str) -> None:
    queue = SQSEventQueue(url, clients)
    events = queue.receive(1)
    assert [event.key for event in events] == ["raw/a/a.pdf"]
    queue.delete([event.receipt for event in events])


WORK: dict[str, Callable[[AwsClients, str], None]] = {
    "s3": work_on_objects,
    "dynamodb": work_on_the_catalog,
    "sqs": work_on_the_queue,
}
RESOURCES = {"s3": f"s3://{BUCKET}", "dynamodb": f"table {TABLE}", "sqs": QUEUE}
ALLOWED = [s for name in ("run.json", "watch.json", "kms.json") for s in policy(name)["Statement"]]
# AWS wants it beside s3:DeleteObjectVersion whatever is deleted; moto asks for the latter alone:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
# Tags that may not be read are none: `S3StorageAdapter.label` goes on with a warning.
NOT_SHOWN = {"s3:DeleteObject", "s3:GetObjectTagging"}
CHECKED = [
    (statement["Sid"], action)
    for statement in ALLOWED
    for action in statement["Action"]
    if action.partition(":")[0] in WORK and action not in NOT_SHOWN
]


def without(action: str) -> Statements:
    left = [{**s, "Action": [a for a in s["Action"] if a != action]} for s in ALLOWED]
    return [statement for statement in left if statement["Action"]]


@pytest.mark.parametrize("service", WORK)
def test_the_policies_allow_all_the_work(role: Role, service: str) -> None:
    WORK[service](role.assume(ALLOWED), role.url)


@pytest.mark.parametrize("action", [action for _, action in CHECKED])
def test_each_action_is_needed_and_named_when_it_is_missing(role: Role, action: str) -> None:
    service = action.partition(":")[0]
    clients = role.assume(without(action))
    with pytest.raises(SparknetError) as caught:
        WORK[service](clients, role.url)
    assert caught.value.kind is FailureKind.REFUSED
    assert action in caught.value.message
    assert RESOURCES[service] in caught.value.message
    assert caught.value.message.count(". ") == 0


@pytest.mark.parametrize("sid", sorted({sid for sid, _ in CHECKED}))
def test_each_statement_is_needed(role: Role, sid: str) -> None:
    (service,) = {action.partition(":")[0] for name, action in CHECKED if name == sid}
    clients = role.assume([s for s in ALLOWED if s["Sid"] != sid])
    with pytest.raises(SparknetError, match="does not allow") as caught:
        WORK[service](clients, role.url)
    assert RESOURCES[service] in caught.value.message


@pytest.mark.parametrize("service", WORK)
def test_another_bucket_table_or_queue_is_refused(role: Role, service: str) -> None:
    elsewhere = json.loads(
        json.dumps(ALLOWED)
        .replace(f":::{BUCKET}", ":::another")
        .replace(f"table/{TABLE}", "table/another")
        .replace(f":{QUEUE}", ":another")
    )
    with pytest.raises(SparknetError, match="does not allow"):
        WORK[service](role.assume(elsewhere), role.url)


def test_who_only_searches_reads_and_cannot_write(role: Role) -> None:
    clients = role.assume(policy("search.json")["Statement"])
    storage, catalog = S3StorageAdapter(BUCKET, clients), DynamoDBCatalog(TABLE, clients)
    assert storage.get(KEY) == b"text"
    assert not catalog.get_many(["a"])
    assert not list(catalog.documents())
    for write in (
        lambda: storage.put(KEY, b"other"),
        lambda: storage.delete(KEY),
        lambda: catalog.put_facts({"a": "b"}),
        lambda: storage.get("cache/a"),
    ):
        with pytest.raises(SparknetError, match="does not allow"):
            write()
