"""`sparknet bootstrap`, and what every other command says before it was run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from resources.aws.clients import AwsClients
from sparknet_assets.cli import main
from tests.doubles.moto_server import MotoServer
from tests.doubles.opensearch import opensearch_double

TABLE, BUCKET = "catalog-of-a-test", "bucket-of-a-test"


@pytest.fixture
def home(moto: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose catalog is in DynamoDB, where nothing is yet."""
    monkeypatch.setenv("SPARKNET_CATALOG", "dynamodb")
    monkeypatch.setenv("SPARKNET_DYNAMODB_TABLE", TABLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


def checks(home: Path) -> dict[str, tuple[str, str]]:
    """Check -> level and detail."""
    done = run(home, "bootstrap", "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (0 if said["ok"] else 1)
    return {check["name"]: (check["level"], check["detail"]) for check in said["checks"]}


def test_it_makes_the_table_once(home: Path) -> None:
    assert checks(home) == {"table": ("ok", f"{TABLE}: made")}
    assert checks(home) == {"table": ("ok", f"{TABLE}: is there")}
    client = AwsClients().client("dynamodb")
    found = client.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires_at")
    backups = client.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    kept = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    assert kept == "ENABLED"
    shown = run(home, "status")
    assert shown.exit_code == 0, shown.output


def test_it_ends_what_was_left_half_done(home: Path) -> None:
    """As after a kill between the table and its TTL."""
    assert checks(home)["table"][0] == "ok"
    client = AwsClients().client("dynamodb")
    client.update_time_to_live(
        TableName=TABLE,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
    )
    assert checks(home)["table"] == ("ok", f"{TABLE}: is there")
    found = client.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert found["TimeToLiveStatus"] == "ENABLED"


def test_it_leaves_a_table_of_others_alone(home: Path) -> None:
    AwsClients().client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    level, detail = checks(home)["table"]
    assert level == "fail"
    assert "SPARKNET_DYNAMODB_TABLE" in detail


def test_it_looks_at_all_that_is_on_aws(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = AwsClients().client("sqs").create_queue(QueueName="events")["QueueUrl"]
    AwsClients().client("s3").create_bucket(Bucket=BUCKET)
    with opensearch_double() as search:
        monkeypatch.setenv("SPARKNET_STORAGE", "s3")
        monkeypatch.setenv("SPARKNET_S3_BUCKET", BUCKET)
        monkeypatch.setenv("SPARKNET_SQS_QUEUE_URL", url)
        monkeypatch.setenv("SPARKNET_VECTOR_STORE", "opensearch")
        monkeypatch.setenv("SPARKNET_OPENSEARCH_ENDPOINT", search.url)
        found = checks(home)
        assert {name: level for name, (level, _) in found.items()} == dict.fromkeys(
            ("table", "bucket", "queue", "index"), "ok"
        ), found
        monkeypatch.setenv("SPARKNET_S3_BUCKET", "absent")
        monkeypatch.setenv("SPARKNET_SQS_QUEUE_URL", url + "-absent")
        found = checks(home)
    assert found["table"] == ("ok", f"{TABLE}: is there")
    assert found["bucket"][0] == found["queue"][0] == "fail"
    assert "no such bucket" in found["bucket"][1]
    assert "no such queue" in found["queue"][1]


def test_locally_there_is_nothing_to_make(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "bootstrap")
    assert done.exit_code == 0
    assert "Nothing to make" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "note.txt"),
        ("status",),
        ("search", "anything"),
        ("plan",),
        ("materialize",),
        ("retry",),
        ("delete", "note", "--yes"),
        ("verify",),
        ("generations",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_its_table_each_command_says_so(home: Path, arguments: tuple[str, ...]) -> None:
    Path("note.txt").write_text("A note.")
    done = run(home, *arguments)
    assert done.exit_code == 1
    [line] = done.stderr.strip().splitlines()
    assert f"no DynamoDB table {TABLE}" in line
    assert "`sparknet bootstrap`" in line
    assert done.stdout == ""
