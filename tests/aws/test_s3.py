"""What the S3 adapter does beyond the port: parts, versions, broken connections, errors."""

from __future__ import annotations

import io
import json
import logging
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.failure import FailureKind, SparknetError
from resources.storage.s3 import S3StorageAdapter
from resources.storage.s3_upload import Upload
from tests.doubles.buckets import bucket_of, new_bucket, set_versioning
from tests.doubles.moto_server import MotoServer

PART = 5 * 2**20


@pytest.fixture
def clients(moto: MotoServer) -> AwsClients:
    return AwsClients()


@pytest.fixture
def storage(clients: AwsClients) -> S3StorageAdapter:
    return new_bucket(clients=clients)


@pytest.fixture
def versioned(clients: AwsClients) -> S3StorageAdapter:
    return new_bucket(clients=clients, versioned=True)


def left(clients: AwsClients, storage: S3StorageAdapter) -> tuple[int, int]:
    """Versions, and delete markers."""
    found = clients.client("s3").list_object_versions(Bucket=bucket_of(storage))
    return len(found.get("Versions", ())), len(found.get("DeleteMarkers", ()))


def uploads(clients: AwsClients, storage: S3StorageAdapter) -> int:
    found = clients.client("s3").list_multipart_uploads(Bucket=bucket_of(storage))
    return len(found.get("Uploads", ()))


def test_writes_are_encrypted_and_typed(clients: AwsClients, storage: S3StorageAdapter) -> None:
    key = clients.client("kms").create_key()["KeyMetadata"]["Arn"]
    with_key = S3StorageAdapter(bucket_of(storage), clients, key)
    storage.put("processed/a/pages/page_0.png", b"x")
    storage.put("raw/a/page.html", b"x")
    with_key.put("processed/a/text.json", b"x")

    def head(name: str) -> Any:
        return clients.client("s3").head_object(Bucket=bucket_of(storage), Key=name)

    page = head("processed/a/pages/page_0.png")
    assert (page["ServerSideEncryption"], page["ContentType"]) == ("AES256", "image/png")
    assert head("raw/a/page.html")["ContentType"] == "application/octet-stream"
    text = head("processed/a/text.json")
    assert (text["ServerSideEncryption"], text["ContentType"]) == ("aws:kms", "application/json")
    assert text["SSEKMSKeyId"] == key


def test_a_large_file_goes_in_parts_and_reads_back(
    clients: AwsClients, storage: S3StorageAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upload, "PART_BYTES", PART)
    data = bytes(range(256)) * (2 * PART // 256) + b"rest"
    with storage.writer("raw/a/large") as file:
        for start in range(0, len(data), 1_000_003):
            file.write(data[start : start + 1_000_003])
        assert file.tell() == len(data)
    info = storage.stat("raw/a/large")
    assert info is not None
    assert info.version.endswith("-3")
    assert info == next(storage.list())
    assert storage.get("raw/a/large") == data
    with storage.open("raw/a/large") as stream:
        stream.seek(-4, io.SEEK_END)
        assert stream.read() == b"rest"
        stream.seek(PART)
        assert stream.read(3) == data[PART : PART + 3]


def test_a_broken_off_write_leaves_nothing(
    clients: AwsClients, storage: S3StorageAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upload, "PART_BYTES", PART)
    with pytest.raises(ZeroDivisionError), storage.writer("raw/a/large") as file:
        file.write(b"x" * (PART + 1))
        raise ZeroDivisionError
    assert uploads(clients, storage) == 0
    assert storage.stat("raw/a/large") is None


def test_a_sweep_aborts_what_killed_writers_left_below_a_folder(
    clients: AwsClients, storage: S3StorageAdapter
) -> None:
    for key in ("raw/a/one", "raw/a/b %+é", "raw/ab/other"):
        clients.client("s3").create_multipart_upload(Bucket=bucket_of(storage), Key=key)
    storage.put("raw/a/kept", b"x")
    assert storage.sweep("raw/a") == 2
    assert uploads(clients, storage) == 1
    assert storage.get("raw/a/kept") == b"x"


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_a_deleted_object_is_gone_with_all_its_versions(
    clients: AwsClients, versioned: S3StorageAdapter, status: str
) -> None:
    for data in (b"one", b"two"):
        versioned.put("raw/a/file", data)
    set_versioning(clients, bucket_of(versioned), status)
    versioned.put("raw/a/file", b"three")
    versioned.put("raw/a/file.json", b"another")
    assert versioned.delete("raw/a/file")
    assert versioned.stat("raw/a/file") is None
    assert left(clients, versioned) == (1, 0)


def test_what_others_deleted_is_purged_by_a_sweep(
    clients: AwsClients, versioned: S3StorageAdapter
) -> None:
    for data in (b"one", b"two"):
        versioned.put("raw/a/file", data)
        versioned.put("raw/a/kept", data)
        versioned.put("raw/b/file", data)
    client = clients.client("s3")
    client.delete_object(Bucket=bucket_of(versioned), Key="raw/a/file")
    client.put_object(Bucket=bucket_of(versioned), Key="raw/a/", Body=b"")
    assert not versioned.delete("raw/b/nothing")
    assert [info.key for info in versioned.list("raw/a/")] == ["raw/a/kept"]
    assert versioned.sweep("raw/a/") == 5
    assert left(clients, versioned) == (3, 0)
    assert versioned.get("raw/a/kept") == b"two"


def test_a_listing_has_any_number_of_pages(
    storage: S3StorageAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.storage.s3.PAGE", 7)
    for number in range(30):
        storage.put(f"raw/{number:02}", b"")
    assert [i.key for i in storage.list("raw/")] == [f"raw/{n:02}" for n in range(30)]
    assert len(list(storage.list("raw/", start_after="raw/09", limit=15))) == 15


class Breaking:
    """A body whose connection breaks after so many bytes."""

    def __init__(self, body: Any, after: int) -> None:
        self._body, self._left = body, after

    def read(self, size: int) -> bytes:
        if self._left <= 0:
            raise ConnectionResetError
        data: bytes = self._body.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._body.close()


def break_connections(clients: AwsClients, after: int, then: Callable[[], None]) -> list[str]:
    """Breaks the body of each GET; returns the ranges that are asked for."""
    client = clients.client("s3")
    get = client.get_object
    ranges: list[str] = []

    def get_object(**given: Any) -> Any:
        ranges.append(given.get("Range", ""))
        answer = get(**given)
        answer["Body"] = Breaking(answer["Body"], after)
        then()
        return answer

    client.get_object = get_object
    return ranges


def test_a_broken_connection_is_taken_up_where_it_broke(
    clients: AwsClients, storage: S3StorageAdapter
) -> None:
    data = bytes(range(256)) * 40
    storage.put("key", data)
    ranges = break_connections(clients, 4000, lambda: None)
    assert storage.get("key") == data
    assert ranges == ["", "bytes=4000-", "bytes=8000-"]


def test_a_reader_never_goes_on_in_another_version(
    clients: AwsClients, storage: S3StorageAdapter
) -> None:
    storage.put("key", b"0" * 9000)
    break_connections(clients, 4000, lambda: storage.put("key", b"1" * 9000) and None)
    with pytest.raises(SparknetError, match="was replaced or removed") as caught:
        storage.get("key")
    assert caught.value.retryable


def test_a_connection_that_gives_nothing_is_given_up(
    clients: AwsClients, storage: S3StorageAdapter
) -> None:
    storage.put("key", b"0" * 9000)
    break_connections(clients, 0, lambda: None)
    with pytest.raises((SparknetError, ConnectionResetError)):
        storage.get("key")


def test_a_presigned_url_is_read_by_anybody_and_not_logged(
    storage: S3StorageAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    storage.put("processed/a b+%/pages/page_0.png", b"png")
    with caplog.at_level(logging.INFO):
        url = storage.presigned_url("processed/a b+%/pages/page_0.png", 60)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "X-Amz-Expires=60" in url
    assert "X-Amz-Signature" not in caplog.text
    with urllib.request.urlopen(url, timeout=60) as response:
        assert response.read() == b"png"
    with pytest.raises(ValueError, match="604800"):
        storage.presigned_url("a", 10**6)


def test_a_missing_bucket_never_looks_empty(clients: AwsClients) -> None:
    storage = S3StorageAdapter("sparknet-nothing", clients)
    for action in (
        lambda: storage.stat("raw/a"),
        lambda: list(storage.list("raw/")),
        lambda: storage.get("raw/a"),
        lambda: storage.put("raw/a", b""),
        lambda: storage.delete("raw/a"),
    ):
        with pytest.raises(SparknetError, match="no such bucket") as caught:
            action()
        assert caught.value.kind is FailureKind.REFUSED


def answer_with(clients: AwsClients, status: int, code: str, message: str = "") -> None:
    """Lets S3 answer every request so; as it does, without a body to a HEAD."""
    from botocore.awsrequest import AWSResponse

    def answer(request: Any, **_: Any) -> AWSResponse:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        raw = io.BytesIO(b"" if request.method == "HEAD" else body)
        raw.stream = lambda **_: iter([raw.read()])  # type: ignore[attr-defined]
        # boto3 asks by HEAD for the region that a 301 leads to, and would ask again at another.
        said = 404 if request.method == "HEAD" and status == 301 else status
        return AWSResponse(request.url, said, {}, raw)

    clients.client("s3").meta.events.register("before-send.s3", answer)


@pytest.mark.parametrize(
    ("status", "code", "message", "says"),
    [
        (301, "PermanentRedirect", "", "in another region"),
        (400, "AuthorizationHeaderMalformed", "", "in another region"),
        (400, "ExpiredToken", "", "credentials have expired"),
        (403, "AccessDenied", "not allowed: kms:GenerateDataKey", "allow kms:Decrypt"),
        (400, "KMS.DisabledException", "", "check that it is enabled"),
        (400, "BadDigest", "", "damaged on its way"),
    ],
)
def test_each_refusal_is_one_sentence(
    clients: AwsClients,
    storage: S3StorageAdapter,
    status: int,
    code: str,
    message: str,
    says: str,
) -> None:
    answer_with(clients, status, code, message)
    with pytest.raises(SparknetError, match=says):
        storage.put("raw/a", b"x")
    if status != 403:
        with pytest.raises(SparknetError, match=says):
            storage.stat("raw/a")


def test_a_denial_names_the_action_and_the_object(
    moto: MotoServer, clients: AwsClients, storage: S3StorageAdapter
) -> None:
    bucket = bucket_of(storage)
    storage.put("raw/a", b"x")
    denied = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": denied,
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    clients.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    with pytest.raises(SparknetError, match=f"s3:GetObject on s3://{bucket}/raw/a"):
        storage.get("raw/a")
    with pytest.raises(SparknetError, match=f"s3:PutObject on s3://{bucket}/raw/a"):
        storage.put("raw/a", b"y")
