"""The policies with enforcement on: they allow what the adapters do, and each part is needed.

moto checks actions and the resources of S3, SQS and DynamoDB; it does not check conditions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.catalog import DocumentRecord, StageRecord, StageStatus
from resources.catalog.dynamodb import DynamoDBCatalog
from resources.catalog.dynamodb_locks import DynamoDBLocks
from resources.catalog.dynamodb_table import create_table
from resources.event_queue.sqs import SQSEventQueue
from resources.failure import FailureKind, SparknetError
from resources.storage.s3 import S3StorageAdapter
from tests.aws.test_policies import VALUES, policy
from tests.doubles.moto_server import MotoServer

ROLE = "sparknet"
ACCOUNT = VALUES["Account"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
}
NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROW = DocumentRecord(
    doc_id="a", partition_key="a", raw_key="raw/a/a.txt", filename="a.txt",
    created_at=NOW, updated_at=NOW,
)  # fmt: skip


class Account:
    """An AWS account with a bucket, a table and a queue, and a role that is given policies."""

    def __init__(self, moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._moto = moto
        self._patch = monkeypatch
        owner = AwsClients()
        owner.client("s3").create_bucket(Bucket=VALUES["Bucket"])
        owner.client("s3").put_bucket_versioning(
            Bucket=VALUES["Bucket"], VersioningConfiguration={"Status": "Enabled"}
        )
        create_table(VALUES["Table"], owner)
        queue = owner.client("sqs").create_queue(QueueName=VALUES["Queue"])
        self.queue_url = queue["QueueUrl"]
        owner.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody="{}")
        self._iam, self._sts = owner.client("iam"), owner.client("sts")
        self._iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))

    def become(self, *documents: dict[str, Any]) -> AwsClients:
        """Assumes the role with these policies only, and turns enforcement on."""
        for number, document in enumerate(documents):
            name = f"policy-{number}"
            text = json.dumps(document)
            self._iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=text)
        role = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
        taken = self._sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
        self._patch.setenv("AWS_ACCESS_KEY_ID", taken["AccessKeyId"])
        self._patch.setenv("AWS_SECRET_ACCESS_KEY", taken["SecretAccessKey"])
        self._patch.setenv("AWS_SESSION_TOKEN", taken["SessionToken"])
        self._moto.enforce_iam_after(0)
        return AwsClients()


@pytest.fixture
def account(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    moto.enforce_iam_after(None)
    try:
        yield Account(moto, monkeypatch)
    finally:
        moto.enforce_iam_after(None)


def use_storage(clients: AwsClients, account: Account) -> None:
    storage = S3StorageAdapter(VALUES["Bucket"], clients)
    storage.put("raw/a/a.txt", b"one")
    storage.put("raw/a/a.txt", b"two")
    with storage.writer("processed/a/text.json") as file:
        file.write(b"x" * (20 * 2**20))  # in parts
    assert [info.key for info in storage.list("raw/")] == ["raw/a/a.txt"]
    assert storage.get("raw/a/a.txt") == b"two"
    with storage.as_file("raw/a/a.txt") as path:
        assert path.read_bytes() == b"two"
    assert storage.delete("raw/a/a.txt")
    storage.sweep("processed/a/")
    assert storage.stat("raw/a/a.txt") is None


def use_catalog(clients: AwsClients, account: Account) -> None:
    catalog = DynamoDBCatalog(VALUES["Table"], clients)
    stage = StageRecord(doc_id="a", stage="chunks", status=StageStatus.DONE, updated_at=NOW)
    catalog.put([ROW])
    catalog.put_stages([stage], [ROW])
    assert catalog.get("a") == ROW
    assert catalog.claim(["a"], "host:1:x", 60) == {"a"}
    catalog.release(["a"], "host:1:x")
    assert [row.doc_id for row in catalog.documents()] == ["a"]
    catalog.put_facts({"b": "1"})
    assert catalog.facts() == {"b": "1"}
    catalog.delete_facts(["b"])
    with DynamoDBLocks(VALUES["Table"], clients).hold("intake"):
        pass
    assert catalog.delete("a")


def use_queue(clients: AwsClients, account: Account) -> None:
    queue = SQSEventQueue(account.queue_url, clients)
    queue.receive(10)
    queue.delete(["unknown"])


USES: dict[str, Callable[[AwsClients, Account], None]] = {
    "s3": use_storage,
    "dynamodb": use_catalog,
    "sqs": use_queue,
}


@pytest.mark.parametrize("service", USES)
def test_the_policies_allow_all_that_the_adapters_do(account: Account, service: str) -> None:
    USES[service](account.become(policy("run.json"), policy("watch.json")), account)


@pytest.mark.parametrize(
    ("file", "sid", "service"),
    [
        ("run.json", "ListBucket", "s3"),
        ("run.json", "ReadAndWriteObjects", "s3"),
        ("run.json", "UseCatalog", "dynamodb"),
        ("watch.json", "DrainQueue", "sqs"),
    ],
)
def test_what_a_policy_lacks_is_named_with_its_resource(
    account: Account, file: str, sid: str, service: str
) -> None:
    documents = {name: policy(name) for name in ("run.json", "watch.json")}
    whole = documents[file]["Statement"]
    documents[file]["Statement"] = [each for each in whole if each["Sid"] != sid]
    lacking = {name: document for name, document in documents.items() if document["Statement"]}
    clients = account.become(*lacking.values())
    with pytest.raises(SparknetError) as caught:
        USES[service](clients, account)
    assert caught.value.kind is FailureKind.REFUSED
    assert f"AWS does not allow {service}:" in caught.value.message
    named = {"s3": VALUES["Bucket"], "dynamodb": VALUES["Table"], "sqs": VALUES["Queue"]}
    assert named[service] in caught.value.message


@pytest.mark.parametrize("other", ["Bucket", "Table", "Queue"])
def test_what_belongs_to_others_is_not_touched(account: Account, other: str) -> None:
    service = {"Bucket": "s3", "Table": "dynamodb", "Queue": "sqs"}[other]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(VALUES, other, "of-somebody-else")
        documents = [policy("run.json"), policy("watch.json")]
    with pytest.raises(SparknetError, match="AWS does not allow"):
        USES[service](account.become(*documents), account)


def test_who_only_searches_reads_and_writes_nothing(account: Account) -> None:
    S3StorageAdapter(VALUES["Bucket"], AwsClients()).put("processed/a/pages/page_0.png", b"png")
    DynamoDBCatalog(VALUES["Table"], AwsClients()).put([ROW])
    clients = account.become(policy("search.json"))
    storage = S3StorageAdapter(VALUES["Bucket"], clients)
    catalog = DynamoDBCatalog(VALUES["Table"], clients)
    assert storage.get("processed/a/pages/page_0.png") == b"png"
    assert catalog.get_many(["a"]) == {"a": ROW}
    assert catalog.facts() == {}
    with pytest.raises(SparknetError, match="s3:PutObject"):
        storage.put("processed/a/pages/page_0.png", b"other")
    with pytest.raises(SparknetError, match="dynamodb:"):
        catalog.put([ROW])
