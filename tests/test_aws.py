"""What the adapters on AWS share: errors in words, limits across processes."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from resources.aws.clients import AwsClients
from resources.aws.errors import aws_errors
from resources.aws.limits import Limiter
from resources.failure import FailureKind, SparknetError
from tests.doubles import processes
from tests.doubles.moto_server import MotoServer


def error_of(code: str, message: str = "", status: int = 400) -> SparknetError:
    from botocore.exceptions import ClientError

    said = {"Error": {"Code": code, "Message": message}}
    said["ResponseMetadata"] = {"HTTPStatusCode": status}  # type: ignore[dict-item]
    with pytest.raises(SparknetError) as caught, aws_errors("s3:GetObject", "s3://b/raw/a"):
        raise ClientError(said, "GetObject")
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("AccessDenied", FailureKind.REFUSED, "does not allow s3:GetObject on s3://b/raw/a"),
        ("ExpiredToken", FailureKind.REFUSED, "credentials have expired"),
        ("InvalidAccessKeyId", FailureKind.REFUSED, "credentials are unknown"),
        ("NoSuchBucket", FailureKind.REFUSED, "no such bucket"),
        ("PermanentRedirect", FailureKind.REFUSED, "another region"),
        ("KMS.DisabledException", FailureKind.REFUSED, "kms:Decrypt"),
        ("ThrottlingException", FailureKind.THROTTLED, "throttled s3:GetObject"),
        ("ServiceQuotaExceededException", FailureKind.THROTTLED, "quota"),
        ("ModelTimeoutException", FailureKind.UNAVAILABLE, "tried again later"),
        ("ValidationException", FailureKind.INTERNAL, "ValidationException"),
    ],
)
def test_an_error_is_one_sentence_with_action_and_resource(
    code: str, kind: FailureKind, says: str
) -> None:
    error = error_of(code)
    assert error.kind is kind
    assert says in error.message
    assert error.message.count(". ") == 0
    assert error.retryable is (kind in (FailureKind.THROTTLED, FailureKind.UNAVAILABLE))


def test_a_denied_key_is_told_from_a_denied_object() -> None:
    error = error_of("AccessDenied", "not authorized to perform: kms:Decrypt on the resource", 403)
    assert "kms:Decrypt" in error.message
    assert error.kind is FailureKind.REFUSED


def test_a_message_never_quotes_what_the_service_said() -> None:
    assert "secret-text" not in error_of("ValidationException", "secret-text").message


def test_a_missing_region_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(SparknetError, match="AWS_REGION"):
        AwsClients().client("sqs")


def test_the_region_of_a_container_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert AwsClients().client("sqs").meta.region_name == "eu-central-1"
    assert AwsClients("eu-west-1").client("sqs").meta.region_name == "eu-west-1"


def test_missing_credentials_are_one_sentence(
    moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = AwsClients().client("sqs")
    with pytest.raises(SparknetError, match="No AWS credentials"), aws_errors("sqs:List", "queues"):
        client.list_queues()


def test_a_server_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    client = AwsClients("us-east-1", attempts=1).client("sqs")
    with pytest.raises(SparknetError) as caught, aws_errors("sqs:ListQueues", "queues"):
        client.list_queues()
    assert caught.value.kind is FailureKind.UNAVAILABLE


def _call(folder: Path, times: multiprocessing.Queue[tuple[float, float, float]]) -> None:
    limiter = Limiter(folder, "service", 50.0, 2)
    for _ in range(5):
        asked = time.monotonic()
        with limiter.call():
            began = time.monotonic()
            time.sleep(0.03)
            times.put((asked, began, time.monotonic()))


def test_processes_keep_a_limit_together(tmp_path: Path) -> None:
    times: multiprocessing.Queue[tuple[float, float, float]] = processes.context().Queue()  # type: ignore[assignment]
    callers = [processes.process(_call, tmp_path, times) for _ in range(3)]
    for caller in callers:
        caller.start()
    calls = [times.get(timeout=60) for _ in range(15)]
    for caller in callers:
        caller.join()
    for _, began, _ in calls:
        assert sum(start <= began < end for _, start, end in calls) <= 2
    # The first turn may come as soon as someone asks; the last one fourteen turns later.
    first, last = min(asked for asked, *_ in calls), max(began for _, began, _ in calls)
    assert last - first >= 14 / 50 - 0.001


def _die_within(folder: Path) -> None:
    import os

    with Limiter(folder, "service", None, 1).call():
        os._exit(1)


def test_a_killed_process_gives_its_place_back(tmp_path: Path) -> None:
    process = processes.process(_die_within, tmp_path)
    process.start()
    process.join()
    with Limiter(tmp_path, "service", None, 1).call():
        pass


def test_a_clock_of_an_earlier_boot_delays_nothing(tmp_path: Path) -> None:
    (tmp_path / "service.next").write_text(str(time.monotonic() + 1e6))
    started = time.monotonic()
    with Limiter(tmp_path, "service", 10.0, 1).call():
        assert time.monotonic() - started < 5


def test_only_what_has_a_quota_of_calls_a_second_is_retried_adaptively(moto: MotoServer) -> None:
    clients = AwsClients("us-east-1", 5)
    modes = {
        service: clients.client(service).meta.config.retries
        for service in ("s3", "sqs", "dynamodb", "textract", "bedrock-runtime")
    }
    standard = {"mode": "standard", "total_max_attempts": 5}
    adaptive = {"mode": "adaptive", "total_max_attempts": 5}
    assert modes == {
        **dict.fromkeys(("s3", "sqs", "dynamodb"), standard),
        **dict.fromkeys(("textract", "bedrock-runtime"), adaptive),
    }
    once = clients.client("dynamodb", attempts=1)
    assert once.meta.config.retries["total_max_attempts"] == 1
    assert once is not clients.client("dynamodb")


def test_a_forked_process_has_connections_of_its_own(
    signing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = AwsClients()
    of_the_parent = clients.client("sqs")
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert clients.client("sqs") is not of_the_parent
