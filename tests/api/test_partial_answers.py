"""What a client has already, wants a part of, compressed, or below a prefix."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from resources.failure import SparknetError
from sparknet_assets.api.app import create_app
from sparknet_assets.api.event_stream import Event, streamed
from sparknet_assets.api.prefix import checked_prefix
from tests.api.conftest import client_of, deployment_at

V1 = "/api/v1"
ORIGINAL = f"{V1}/documents/notes-txt/original"
NOTES = b"The ferry sails at nine. The harbour has three cranes.\n"


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-3", 206, NOTES[:4]),
        ("bytes=4-", 206, NOTES[4:]),
        ("bytes=-7", 206, NOTES[-7:]),
        ("bytes=50-9999", 206, NOTES[50:]),
        ("bytes=-9999", 206, NOTES),
        ("bytes=0-0,5-6", 200, NOTES),
        ("bytes=-", 200, NOTES),
        ("bytes=9-3", 200, NOTES),
        ("pages=1-2", 200, NOTES),
    ],
)
def test_a_part_of_an_original(
    reading: TestClient, asked: str, status: int, expected: bytes
) -> None:
    answer = reading.get(ORIGINAL, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, expected)
    assert answer.headers["content-length"] == str(len(expected))
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        start = NOTES.index(expected)
        told = f"bytes {start}-{start + len(expected) - 1}/{len(NOTES)}"
        assert answer.headers["content-range"] == told


@pytest.mark.parametrize("asked", ["bytes=55-", "bytes=9999-10000", "bytes=-0"])
def test_a_part_behind_the_end(reading: TestClient, asked: str) -> None:
    answer = reading.get(ORIGINAL, headers={"Range": asked})
    assert (answer.status_code, answer.json()["kind"]) == (416, "http_416")
    assert answer.headers["content-range"] == f"bytes */{len(NOTES)}"


def test_a_part_of_another_version_is_all_of_this_one(reading: TestClient) -> None:
    tag = reading.get(ORIGINAL).headers["etag"]
    for given, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        answer = reading.get(ORIGINAL, headers={"Range": "bytes=0-3", "If-Range": given})
        assert answer.status_code == status


@pytest.mark.parametrize("path", [ORIGINAL, f"{V1}/documents/lease-pdf/pages/1/image", "/"])
def test_what_a_client_has_is_not_sent_again(reading: TestClient, path: str) -> None:
    tag = reading.get(path).headers["etag"]
    for given in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        again = reading.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert reading.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_part_of_a_page_image(reading: TestClient) -> None:
    path = f"{V1}/documents/lease-pdf/pages/1/image"
    whole = reading.get(path)
    part = reading.get(path, headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, b"\x89PNG\r\n\x1a\n")
    assert part.headers["content-range"] == f"bytes 0-7/{len(whole.content)}"


@pytest.mark.parametrize(
    "path",
    ["/", "/assets/app.js", "/health", f"{V1}/documents", ORIGINAL,
     f"{V1}/documents/lease-pdf/pages/1/image", f"{V1}/documents/lease-pdf/pages/2/text"],
)  # fmt: skip
def test_head_is_get_without_its_body(reading: TestClient, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}
    whole, head = reading.get(path, headers=plain), reading.head(path, headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag"):
        assert head.headers.get(name) == whole.headers.get(name)
    assert reading.head(f"{V1}/documents/none/original").status_code == 404
    assert reading.head(f"{V1}/events").status_code == 405
    counted = reading.get("/metrics").text
    assert 'method="HEAD",route="/api/v1/documents"' in counted or path != f"{V1}/documents"


def test_long_answers_are_compressed_and_bytes_are_not(reading: TestClient) -> None:
    with reading.stream("GET", "/openapi.json") as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
    assert len(gzip.decompress(raw)) > 4 * len(raw)
    for path in (ORIGINAL, f"{V1}/documents/lease-pdf/pages/1/image", f"{V1}/me"):
        assert "content-encoding" not in reading.get(path).headers


@pytest.fixture(scope="module")
def prefixed(indexed: Path) -> Iterator[TestClient]:
    app = create_app(deployment_at(indexed), prefix="/tools/docs/")
    with client_of(app, follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("before", ["", "/tools/docs"])
def test_a_proxy_may_leave_its_prefix_on_or_take_it_off(prefixed: TestClient, before: str) -> None:
    page = prefixed.get(f"{before}/")
    assert "SPARKNET" in page.text and 'src="/' not in page.text and 'href="/' not in page.text
    assert prefixed.get(f"{before}/assets/app.js").status_code == 200
    assert prefixed.get(f"{before}{V1}/documents/lease-pdf").json()["doc_id"] == "lease-pdf"
    assert prefixed.get(f"{before}/openapi.json").json()["servers"] == [{"url": "/tools/docs"}]
    sent = prefixed.post(f"{before}{V1}/documents?filename=../x", content=b"x")
    assert sent.status_code == 422
    odd = prefixed.get(f"{before}{V1}/documents/M%C3%A4%C3%9Fe%20%26%20100%25%20'wahr'%3F")
    assert odd.json()["filename"] == "odd.txt"


def test_the_page_below_a_prefix_ends_with_a_slash(prefixed: TestClient) -> None:
    answer = prefixed.get("/tools/docs")
    assert (answer.status_code, answer.headers["location"]) == (308, "docs/")
    assert prefixed.get("/tools/docsx/health").status_code == 404
    assert prefixed.get(f"{V1}/documents/").status_code == 404  # and no redirect to a host


@pytest.mark.parametrize("prefix", ["docs", "/a//b", "/a/../b", "/a b", "/api", "/health", "/{x}"])
def test_what_can_be_no_prefix(prefix: str) -> None:
    with pytest.raises(SparknetError, match="prefix"):
        checked_prefix(prefix)


def test_a_stream_ends_with_the_server() -> None:
    """With an event that says so, however long the language model is silent."""
    spoken, released, closed = threading.Event(), threading.Event(), threading.Event()

    def events() -> Iterator[Event]:
        try:
            yield Event("text", {"text": "One."})
            spoken.set()
            assert released.wait(10)
            yield Event("text", {"text": "Two."})
        finally:
            closed.set()

    async def read() -> bytes:
        answer = streamed(events(), spoken.is_set)  # type: ignore[arg-type]
        parts = [part async for part in answer.body_iterator]
        released.set()
        await asyncio.to_thread(closed.wait, 10)
        return b"".join(parts)  # type: ignore[arg-type]

    sent = asyncio.run(read())
    assert b"One." in sent and b"Two." not in sent
    assert b"event: error" in sent and b'"status": 503' in sent
    assert closed.is_set()
