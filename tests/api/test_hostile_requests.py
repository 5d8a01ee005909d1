"""Requests that mean harm: none brings the server down, none makes it say more than it should."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from resources.deployment import Deployment
from sparknet_assets.api.app import create_app
from sparknet_assets.api.disposition import attachment
from sparknet_assets.batch.running import run_batch
from tests.api.conftest import client_of, deployment_at

V1 = "/api/v1"


@pytest.mark.parametrize(
    "doc_id",
    ["..", "%2e%2e", "..%2f..%2fstate", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "lease-pdf%00", "%5c..",
     "%2fetc%2fpasswd", "lease-pdf%2f..%2fnotes-txt", "%ff%fe", "%ed%a0%80", "x" * 3000,
     "%ef%bc%8e%ef%bc%8e"],
)  # fmt: skip
@pytest.mark.parametrize("rest", ["", "/original", "/pages", "/pages/1/image", "/chunks"])
def test_no_path_leaves_the_documents(reading: TestClient, doc_id: str, rest: str) -> None:
    answer = reading.get(f"{V1}/documents/{doc_id}{rest}")
    assert answer.status_code in (404, 200)
    if answer.status_code == 200:  # `..` taken out by the client itself
        assert "documents" in answer.json() or "scopes" in answer.json()
    else:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["%2e%2e/api/app.py", "..%2f..%2fpyproject.toml", "%00", "x\\..\\y", "/etc/passwd", ""]
)
def test_assets_are_those_of_the_page_only(reading: TestClient, path: str) -> None:
    assert reading.get(f"/assets/{path}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"a":' * 5_000, 400),
        (json.dumps({"query": "x", "k": 1, "filters": [[[]]]}).encode(), 422),
        (b"{", 422),
        (b"\xff\xfe\x00", 422),
        (b"null", 422),
        (b'{"query": "x", "k": 1e400}', 422),
        (b'{"query": "x", "k": ' + b"9" * 5_000 + b"}", 422),
        (b'{"query": "\\ud800"}', 422),
        (b'{"query": "   "}', 422),
        (b'{"query": "' + b"a" * 10_001 + b'"}', 422),
        (b'{"query": "' + b"a" * 2**21 + b'"}', 413),
        (b'{"query": "x", "unknown": 1}', 422),
        (b'{"query": "x", "filters": {"pages": {"first": 9223372036854775808}}}', 422),
    ],
)
def test_bodies_that_are_no_request(reading: TestClient, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    answer = reading.post(f"{V1}/search", content=body, headers=headers)
    assert answer.status_code in ({status} | ({400} if status == 422 else set()))
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 2_000


@pytest.mark.parametrize(
    "query",
    ["\0", "' OR 1=1 --", '"unbalanced', "NEAR(", "a AND OR", "*", "🦜" * 500, "\u202e\u0000x",
     "${jndi:ldap://x}", "../../etc/passwd", "a" * 10_000, "{{7*7}}"],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_any_text_may_be_searched_for(reading: TestClient, query: str, mode: str) -> None:
    answer = reading.post(f"{V1}/search", json={"query": query, "mode": mode})
    assert answer.status_code == 200, answer.text
    assert answer.json()["query"] == query


def test_halves_of_characters_in_filters_find_nothing(reading: TestClient) -> None:
    body = b'{"query": "rent", "filters": {"doc_ids": ["\\ud800"]}}'
    answer = reading.post(
        f"{V1}/search", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (200, 422)


def test_methods_that_are_not_there(reading: TestClient) -> None:
    for method in ("DELETE", "PATCH", "TRACE", "BREW"):
        answer = reading.request(method, f"{V1}/search")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("documents", "GET, HEAD, POST"),
        ("documents/any", "DELETE, GET, HEAD, PATCH"),
        ("documents/any/original", "GET, HEAD, PUT"),
        ("search", "GET, HEAD, POST"),
        ("runs", "GET, HEAD, POST"),
        ("ask", "POST"),
        ("events", "GET"),
    ],
)
def test_who_takes_another_method_says_which(reading: TestClient, path: str, methods: str) -> None:
    for method in ("TRACE", "OPTIONS"):
        answer = reading.request(method, f"{V1}/{path}")
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert reading.request("TRACE", "/").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
def test_json_that_does_not_say_so_is_told_to(reading: TestClient, kind: str) -> None:
    answer = reading.post(
        f"{V1}/search", content=b'{"query": "rent"}', headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.headers["accept"]) == (415, "application/json")
    assert answer.headers["content-type"] == "application/problem+json"
    odd = {"Content-Type": "application/vnd.api+json; charset=utf-8"}
    assert reading.post(f"{V1}/search", content=b'{"query": "rent"}', headers=odd).is_success


def test_every_answer_has_the_headers(reading: TestClient) -> None:
    for path in ("/", "/nothing", f"{V1}/documents", f"{V1}/documents/none", "/openapi.json"):
        headers = reading.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "attachment; filename=\"report.pdf\"; filename*=UTF-8''report.pdf"),
        ('a"; x="b', "attachment; filename=\"a__ x__b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"),
        ("a\r\nX: y", "attachment; filename=\"a__X_ y\"; filename*=UTF-8''a__X%3A%20y"),
        ("Bericht ü.pdf", "attachment; filename=\"Bericht u.pdf\"; filename*=UTF-8''"
         "Bericht%20%C3%BC.pdf"),
        ("日本", "attachment; filename=\"document\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC"),
        ("..", "attachment; filename=\"document\"; filename*=UTF-8''.."),
    ],
)  # fmt: skip
def test_a_name_can_not_end_its_header(name: str, expected: str) -> None:
    assert attachment(name) == expected


def zip_bomb() -> bytes:
    """A workbook whose sheet is 300 MB of nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/workbook.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b"\0" * 2**20)
    return out.getvalue()


def pixel_bomb() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in a few kilobytes."""
    import struct

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 7_501 * 1_000)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("name", "data"), [("book.xlsx", zip_bomb()), ("scan.png", pixel_bomb())], ids=["zip", "pixel"]
)
def test_bombs_end_as_failures_that_say_why(
    tmp_path: Path, inline: None, name: str, data: bytes
) -> None:
    deployment = deployment_at(tmp_path / "home")
    with client_of(create_app(deployment)) as client:
        doc_id = upload(client, name, data)
        list(run_batch([doc_id], deployment))
        row = client.get(f"{V1}/documents/{doc_id}").json()
    assert row["status"] in ("failed", "partial")
    assert row["failure"]["kind"] in ("too_large", "corrupt", "unsupported", "unreadable")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("x.html", b"<script>alert(1)</script><p>Tea</p>"),
    ],
)
def test_active_documents_are_given_back_inert(
    client: TestClient, deployment: Deployment, name: str, data: bytes
) -> None:
    doc_id = upload(client, name, data)
    answer = client.get(f"{V1}/documents/{doc_id}/original")
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


def upload(client: TestClient, name: str, data: bytes) -> str:
    answer: Any = client.post(f"{V1}/documents", params={"filename": name}, content=data)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["doc_id"])


def test_neighbours_are_limited_over_all_passages(reading: TestClient) -> None:
    asked = {"query": "rent", "k": 100, "context": 10}
    assert reading.post(f"{V1}/search", json=asked).status_code == 200
    refused = reading.post(f"{V1}/search", json={**asked, "k": 101})
    assert refused.status_code == 422
    assert "k times context" in refused.json()["detail"]
