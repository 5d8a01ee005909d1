"""Documents in: whole or not at all, by the rules of the intake."""

from __future__ import annotations

import asyncio
import errno
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from resources.deployment import Deployment
from sparknet_assets.api.app import create_app
from sparknet_assets.api.bodies import Patience
from tests.api.conftest import client_of, deployment_at

V1 = "/api/v1"


def upload(client: TestClient, name: str, data: Any = b"Some text.\n", **more: str) -> Any:
    return client.post(f"{V1}/documents", params={"filename": name, **more}, content=data)


def left_behind(deployment: Deployment) -> list[str]:
    """Every file of the home that might hold a part of an upload."""
    home = deployment.home
    return [
        str(path.relative_to(home))
        for folder in ("raw", "state/uploads")
        for path in (home / folder).rglob("*")
        if path.is_file()
    ]


def test_a_document_is_taken_in_as_pending(client: TestClient, deployment: Deployment) -> None:
    answer = upload(client, "Annual Report 2025.txt", tier="premium")
    assert answer.status_code == 202
    assert answer.json() == {
        "doc_id": "annual-report-2025-txt", "filename": "Annual Report 2025.txt", "size": 11,
        "created": True,
    }  # fmt: skip
    record = deployment.catalog.get("annual-report-2025-txt")
    assert record is not None
    assert (record.status, record.tier) == ("pending", "premium")
    assert deployment.storage.get(record.raw_key) == b"Some text.\n"
    assert left_behind(deployment) == [record.raw_key]


def test_the_same_name_again_is_a_new_version(client: TestClient, deployment: Deployment) -> None:
    first, second = upload(client, "a.txt", b"one").json(), upload(client, "a.txt", b"two!").json()
    assert (first["created"], second["created"]) == (True, False)
    assert first["doc_id"] == second["doc_id"]
    assert deployment.storage.get("raw/a-txt/a.txt") == b"two!"


def test_an_upload_reads_no_rows_of_others(
    client: TestClient, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(client, "a.txt").status_code == 202

    def listed(*_: object, **__: object) -> Iterator[None]:
        raise AssertionError("the catalog was listed")

    for name in ("documents", "documents_between", "select"):
        monkeypatch.setattr(deployment.catalog, name, listed)
    assert [upload(client, name).status_code for name in ("a.txt", "b.txt")] == [202, 202]


def test_a_name_of_another_document_gets_an_id_of_its_own(
    client: TestClient, deployment: Deployment
) -> None:
    deployment.storage.put("raw/a-txt/a.txt", b"dropped there by hand")
    assert upload(client, "a.txt", b"another").json()["doc_id"] != "a-txt"
    assert deployment.storage.get("raw/a-txt/a.txt") == b"dropped there by hand"


def test_a_new_version_may_have_another_name(client: TestClient, deployment: Deployment) -> None:
    upload(client, "v1.txt", b"one")
    address = f"{V1}/documents/v1-txt/original"
    answer = client.put(address, params={"filename": "v2.txt"}, content=b"two")
    assert (answer.status_code, answer.json()["created"]) == (202, False)
    assert left_behind(deployment) == ["raw/v1-txt/v2.txt"]
    missing = client.put(f"{V1}/documents/none/original", params={"filename": "x"}, content=b"x")
    assert missing.status_code == 404


def test_uploads_of_the_same_name_at_once_make_one_document(
    client: TestClient, deployment: Deployment
) -> None:
    contents = [bytes([65 + n]) * 100_000 for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda data: upload(client, "same.txt", data), contents))
    assert {answer.status_code for answer in answers} == {202}
    assert [answer.json()["created"] for answer in answers].count(True) == 1
    assert deployment.storage.get("raw/same-txt/same.txt") in contents
    assert left_behind(deployment) == ["raw/same-txt/same.txt"]


def test_what_is_announced_too_large_is_refused_at_once(client: TestClient) -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    address = f"{V1}/documents"
    answer = client.post(
        address, params={"filename": "a.bin"}, content=never(), headers=_announced(10 * 2**30)
    )
    assert (answer.status_code, answer.json()["kind"]) == (413, "too_large")


def test_what_grows_too_large_leaves_nothing(tmp_path: Any) -> None:
    deployment = deployment_at(tmp_path / "home", max_bytes=100_000)
    with client_of(create_app(deployment)) as client:
        answer = upload(client, "a.txt", iter([b"x" * 60_000, b"y" * 60_000]))
        assert (answer.status_code, answer.json()["kind"]) == (413, "too_large")
    assert left_behind(deployment) == []
    assert deployment.catalog.totals() == {}


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "../../etc/passwd", "a/b.txt", "a\\b.txt", "C:\\x.txt", "/etc/passwd",
     "x\0.txt", "draft.tmp", "~$plan.docx", "Thumbs.db", "x" * 1025],
)  # fmt: skip
def test_no_name_leads_anywhere_else(client: TestClient, deployment: Deployment, name: str) -> None:
    answer = upload(client, name)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert left_behind(deployment) == []


@pytest.mark.parametrize(
    "name",
    ["\u202egnp.exe", "a\r\nSet-Cookie: x=1.txt", "%2e%2e%2fx.txt", "\uff0e\uff0e\uff0fx.txt",
     "é" * 500,
     ".htaccess", "<b>&\"'.txt", "\ufeffx.txt", "nul.txt\n"],
)  # fmt: skip
def test_odd_names_become_plain_keys(client: TestClient, deployment: Deployment, name: str) -> None:
    answer = upload(client, name)
    assert answer.status_code == 202, answer.text
    (key,) = left_behind(deployment)
    assert key == f"raw/{answer.json()['doc_id']}/{answer.json()['filename']}"
    assert answer.json()["doc_id"].isascii()
    original = client.get(f"{V1}/documents/{answer.json()['doc_id']}/original")
    assert original.content == b"Some text.\n"
    assert "set-cookie" not in original.headers


def test_a_tier_is_changed(client: TestClient, deployment: Deployment) -> None:
    upload(client, "a.txt")
    row = client.patch(f"{V1}/documents/a-txt", json={"tier": "basic"}).json()
    assert (row["doc_id"], row["tier"]) == ("a-txt", "basic")
    record = deployment.catalog.get("a-txt")
    assert record is not None and record.tier == "basic"
    assert client.patch(f"{V1}/documents/a-txt", json={"tier": "gold"}).status_code == 422
    assert client.patch(f"{V1}/documents/none", json={"tier": "basic"}).status_code == 404


def test_nothing_is_no_document(client: TestClient, deployment: Deployment) -> None:
    answer = upload(client, "a.txt", b"")
    assert (answer.status_code, answer.json()["kind"]) == (422, "empty")
    assert left_behind(deployment) == []


def test_a_full_disk_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from sparknet_assets.api.routes import uploads

    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads, "_aside", lambda folder: Full())
    assert upload(client, "a.txt").status_code == 507


@pytest.mark.parametrize(
    ("pauses", "patience"),
    [
        ([0.0, 30.0], Patience(pause=0.1)),
        ([0.02] * 50, Patience(pause=5, grace=0.1, rate=10_000)),
    ],
    ids=["stalls", "trickles"],
)
def test_a_slow_upload_is_ended(
    deployment: Deployment, pauses: list[float], patience: Patience
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for pause in pauses:
            await asyncio.sleep(pause)
            yield b"x" * 10

    status = asyncio.run(_posted(create_app(deployment, patience=patience), body()))
    assert status == 408
    assert left_behind(deployment) == []


def test_an_upload_that_breaks_off_leaves_nothing(deployment: Deployment) -> None:
    async def body() -> AsyncIterator[bytes | None]:
        yield b"x" * 3_000_000
        yield None

    asyncio.run(_posted(create_app(deployment), body()))
    assert left_behind(deployment) == []
    assert deployment.catalog.totals() == {}


def _announced(length: int) -> dict[str, str]:
    return {"Content-Length": str(length)}


async def _posted(app: Callable[..., Awaitable[None]], body: AsyncIterator[bytes | None]) -> int:
    """Sends an upload part by part, as a server hands it on; None breaks it off. The status."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        try:
            part = await anext(body)
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": f"{V1}/documents", "raw_path": b"/api/v1/documents",
        "query_string": b"filename=slow.txt", "root_path": "", "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1")], "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return int(sent[0]["status"])
