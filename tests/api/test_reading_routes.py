"""What the routes give out of a home."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from resources.deployment import Deployment
from sparknet_assets.api.app import create_app
from sparknet_assets.records import new_document
from tests.api.conftest import HOSTILE_NAME, ODD_ID, client_of, deployment_at

V1 = "/api/v1"
DOCUMENT_KEYS = {
    "doc_id", "filename", "status", "pages", "chunks", "tier", "media_type", "title", "failure",
    "stale", "created_at", "updated_at", "cost_usd",
}  # fmt: skip


def test_lists_all_documents_with_totals(reading: TestClient) -> None:
    found = reading.get(f"{V1}/documents").json()
    assert len(found["documents"]) == 4
    assert found["next"] is None
    assert found["totals"] == {"indexed": 4}
    assert all(row.keys() == DOCUMENT_KEYS for row in found["documents"])
    lease = next(row for row in found["documents"] if row["doc_id"] == "lease-pdf")
    assert (lease["pages"], lease["title"]) == (2, "Lease of the harbour office")


def test_pages_of_a_list_give_each_document_once(reading: TestClient) -> None:
    seen, after = [], ""
    for _ in range(5):
        page = reading.get(f"{V1}/documents", params={"limit": 1, "after": after}).json()
        seen += [row["doc_id"] for row in page["documents"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"q": "HARBOUR office"}, ["lease-pdf"]),
        ({"media_type": "text/plain", "q": "notes"}, ["notes-txt"]),
        ({"q": "office", "status": "indexed", "tier": "standard"}, ["lease-pdf"]),
        ({"media_type": "text/plain", "status": "indexed"}, [ODD_ID, "notes-txt"]),
        ({"media_type": "text/plain", "tier": "standard", "after": ODD_ID}, ["notes-txt"]),
        ({"media_type": "text/plain", "status": "failed"}, []),
        ({"tier": "premium"}, []),
        ({"status": "failed"}, []),
        ({"q": "<script>"}, None),
    ],
)
def test_a_list_is_filtered(
    reading: TestClient, asked: dict[str, str], expected: list[str] | None
) -> None:
    rows = reading.get(f"{V1}/documents", params=asked).json()["documents"]
    if expected is None:
        assert ["<script>" in row["filename"] for row in rows] == [True]
    else:
        assert [row["doc_id"] for row in rows] == expected


def test_a_document_has_its_stages_metadata_and_original(reading: TestClient) -> None:
    found = reading.get(f"{V1}/documents/lease-pdf").json()
    assert found["metadata"]["page_count"] == 2
    assert {"documents", "page_images", "ocr_text", "chunks", "embeddings", "vector_index"} <= {
        stage["stage"] for stage in found["stages"]
    }
    assert all(stage["status"] == "done" and stage["failure"] is None for stage in found["stages"])
    assert found["raw"]["size"] == found["metadata"]["size"]
    assert found["links"] == {"dagster": None}


def test_pages_have_size_words_and_engine(reading: TestClient) -> None:
    pages = reading.get(f"{V1}/documents/lease-pdf/pages").json()["pages"]
    assert [page["page"] for page in pages] == [1, 2]
    assert [page["words"] for page in pages] == [10, 7]
    assert {page["engine"] for page in pages} == {"text-layer"}
    text = reading.get(f"{V1}/documents/lease-pdf/pages/2/text").json()
    assert text["page"] == 2
    assert [word[0] for word in text["lines"][0]["words"]][:3] == ["The", "lease", "ends"]


def test_an_image_is_sent_once_and_smaller_when_asked(reading: TestClient) -> None:
    address = f"{V1}/documents/lease-pdf/pages/1/image"
    whole = reading.get(address)
    size = Image.open(io.BytesIO(whole.content)).size
    assert whole.headers["content-type"] == "image/png"
    again = reading.get(address, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    small = reading.get(address, params={"width": 100})
    assert Image.open(io.BytesIO(small.content)).size == (100, round(size[1] * 100 / size[0]))
    assert small.headers["etag"] != whole.headers["etag"]
    assert reading.get(address, params={"width": 4000}).content == whole.content


@pytest.mark.parametrize("path", ["pages/3/image", "pages/3/text", "pages/999999/image"])
def test_a_page_that_is_not_there_is_a_problem(reading: TestClient, path: str) -> None:
    answer = reading.get(f"{V1}/documents/lease-pdf/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["doc_id"] == "lease-pdf"


def test_passages_come_in_order_a_page_at_a_time(reading: TestClient) -> None:
    first = reading.get(f"{V1}/documents/lease-pdf/chunks", params={"limit": 1}).json()
    passages = first["chunks"]
    if first["next"] is not None:
        more = reading.get(f"{V1}/documents/lease-pdf/chunks", params={"after": first["next"]})
        passages += more.json()["chunks"]
    assert [passage["ordinal"] for passage in passages] == list(range(len(passages)))
    assert passages[0]["boxes"][0].keys() == {"page", "x0", "y0", "x1", "y1"}
    assert "840 euros" in " ".join(passage["text"] for passage in passages)


def test_a_document_whose_original_became_a_link_out_of_the_home(
    client: TestClient, deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("elsewhere")
    deployment.storage.put("raw/doc/a.txt", b"words")
    deployment.catalog.put([new_document("doc", "doc", "raw/doc/a.txt")])
    original = deployment.home / "raw" / "doc" / "a.txt"
    original.unlink()
    original.symlink_to(tmp_path / "outside.txt")
    assert client.get(f"{V1}/documents/doc").json()["raw"]["size"] is None
    assert client.get(f"{V1}/documents/doc/original").status_code == 404


def test_an_odd_id_is_reached_percent_encoded(reading: TestClient) -> None:
    address = f"{V1}/documents/{quote(ODD_ID, safe='')}"
    assert reading.get(address).json()["doc_id"] == ODD_ID
    assert reading.get(f"{address}/original").content == b"An odd name for a document.\n"
    assert reading.get(f"{address}/pages/1/image").status_code == 200


def test_an_original_is_saved_never_shown(reading: TestClient) -> None:
    rows = reading.get(f"{V1}/documents", params={"q": "<script>"}).json()["documents"]
    answer = reading.get(f"{V1}/documents/{rows[0]['doc_id']}/original")
    assert b"<script>" in answer.content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert "<" not in disposition and disposition.count('"') == 2
    assert HOSTILE_NAME[:3] not in disposition


def test_search_finds_by_post_and_by_address(reading: TestClient) -> None:
    asked = {"query": "when does the ferry sail", "k": 3}
    posted = reading.post(f"{V1}/search", json=asked).json()
    got = reading.get(f"{V1}/search", params={"q": asked["query"], "k": 3}).json()
    assert posted["hits"][0]["doc_id"] == "notes-txt"
    assert posted["hits"] == got["hits"]
    only = reading.get(f"{V1}/search", params={"q": "ferry", "doc": "lease-pdf"}).json()
    assert {hit["doc_id"] for hit in only["hits"]} <= {"lease-pdf"}
    filtered = {**asked, "filters": {"media_types": ["application/pdf"]}}
    hits = reading.post(f"{V1}/search", json=filtered).json()["hits"]
    assert {hit["doc_id"] for hit in hits} == {"lease-pdf"}


def test_an_unknown_filter_is_refused_by_name(reading: TestClient) -> None:
    answer = reading.post(f"{V1}/search", json={"query": "x", "filters": {"colour": "red"}})
    assert answer.status_code == 422
    assert "body.filters.colour" in answer.json()["detail"]


def test_a_question_is_answered_at_once_or_as_events(reading: TestClient) -> None:
    asked = {"question": "When does the ferry sail?"}
    answer = reading.post(f"{V1}/ask", json=asked).json()
    assert answer["question"] == asked["question"]
    streamed = reading.post(f"{V1}/ask", json={**asked, "stream": True})
    by_header = reading.post(f"{V1}/ask", json=asked, headers={"Accept": "text/event-stream"})
    for each in (streamed, by_header):
        assert each.headers["content-type"].startswith("text/event-stream")
        events = _events(each.text)
        assert [events[0][0], events[-1][0]] == ["passages", "done"]
        assert events[-1][1]["answer"] == answer["answer"]


def test_a_language_model_answers_only_where_there_is_one(reading: TestClient) -> None:
    asked = {"question": "When does the ferry sail?"}
    quoted = reading.post(f"{V1}/ask", json={**asked, "answerer": "extractive"})
    assert quoted.json()["model"] == "extractive"
    refused = reading.post(f"{V1}/ask", json={**asked, "answerer": "llm"})
    assert refused.headers["content-type"] == "application/problem+json"
    assert "SPARKNET_LLM" in refused.json()["detail"]


def test_a_stream_that_fails_ends_with_a_problem(
    reading: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sparknet_assets.answers import answer as answers

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the secret text of a document")

    monkeypatch.setattr(answers, "ask_stream", fails)
    answer = reading.post(f"{V1}/ask", json={"question": "what?", "stream": True})
    name, problem = _events(answer.text)[-1]
    assert (name, problem["status"]) == ("error", 500)
    assert "secret" not in answer.text


@pytest.mark.parametrize("spec", ["2.3", "2.4"], ids=["watched", "told by send"])
def test_who_is_gone_is_not_answered_any_further(
    reading: TestClient, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    from sparknet_assets.answers import answer as answers
    from sparknet_assets.answers.results import Text

    said, ended = [], threading.Event()

    def endless(*_: object, **__: object) -> Iterator[Text]:
        try:
            while len(said) < 5000:  # most of a minute
                said.append(1)
                yield Text(text="more ")
                time.sleep(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(answers, "ask_stream", endless)
    asyncio.run(_left_after(reading.app, 3, spec))
    assert ended.wait(30)
    assert len(said) < 5000


async def _left_after(app: Any, parts: int, spec: str) -> None:
    """Asks as a stream, and is gone after so many parts."""
    gone, sent = asyncio.Event(), 0
    body = json.dumps({"question": "what?", "stream": True}).encode()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += 1
        if sent > parts:
            gone.set()
            if spec == "2.4":
                raise OSError("the connection is closed")

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": spec}, "http_version": "1.1",
        "method": "POST", "scheme": "http", "path": f"{V1}/ask", "raw_path": b"/api/v1/ask",
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "state": {},
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    }  # fmt: skip
    await app(scope, receive, send)


def test_sixteen_ask_and_search_at_once(reading: TestClient) -> None:
    def ask(number: int) -> tuple[int, str]:
        if number % 2:
            answer = reading.post(f"{V1}/search", json={"query": "cranes of the harbour"})
            return answer.status_code, json.dumps(answer.json()["hits"])
        answer = reading.post(f"{V1}/ask", json={"question": "How many cranes are there?"})
        return answer.status_code, json.dumps(answer.json()["citations"])

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(64)))
    assert {status for status, _ in answers} == {200}
    assert len(set(answers[::2])) == len(set(answers[1::2])) == 1


def test_health_metrics_and_features(reading: TestClient) -> None:
    health = reading.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert health.json()["checks"].keys() == {"catalog", "storage", "index"}
    me = reading.get(f"{V1}/me").json()
    assert me["scopes"] == ["admin", "read", "write"] and me["auth"] is False
    reading.get(f"{V1}/documents/lease-pdf")
    metrics = reading.get("/metrics").text
    assert 'route="/api/v1/documents/{doc_id}",status="200"' in metrics
    assert "lease-pdf" not in metrics
    assert 'sparknet_documents{status="indexed"} 4.0' in metrics


def test_health_says_which_part_does_not_answer(
    reading: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OSError("/secret/path")

    monkeypatch.setattr(reading.app.state.api.deployment.catalog, "totals", broken)  # type: ignore[attr-defined]
    answer = reading.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    assert answer.json()["checks"]["catalog"] == {
        "ok": False, "detail": "does not answer (internal)",
    }  # fmt: skip


def test_costs_and_plan(reading: TestClient) -> None:
    costs = reading.get(f"{V1}/costs").json()
    assert (costs["total_usd"], costs["documents"], costs["budget_usd"]) == (0.0, [], None)
    assert "ocr_text" in costs["by_stage"]
    plan = reading.get(f"{V1}/plan").json()
    assert plan["documents"] == []


def test_the_page_comes_with_a_strict_policy(reading: TestClient) -> None:
    page = reading.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    script = reading.get("/assets/app.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    again = reading.get("/assets/app.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status_code == 304


def _events(text: str) -> list[tuple[str, dict[str, object]]]:
    found = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n", 1)
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_one_page_is_read_without_the_others(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document of thousands of pages must not be read whole for each page that is looked at."""
    deployment = deployment_at(indexed)
    opened: list[str] = []
    really = type(deployment.storage).open
    monkeypatch.setattr(
        type(deployment.storage), "open", lambda self, key: opened.append(key) or really(self, key)
    )
    sizes: list[int] = []
    ranged = type(deployment.storage).get_range

    def noted(self: object, key: str, start: int, size: int) -> bytes:
        sizes.append(size)
        return ranged(self, key, start, size)  # type: ignore[arg-type]

    monkeypatch.setattr(type(deployment.storage), "get_range", noted)
    client = client_of(create_app(deployment))
    text = client.get(f"{V1}/documents/lease-pdf/pages/2/text").json()
    assert "lease" in text["lines"][0]["words"][1]
    pages = client.get(f"{V1}/documents/lease-pdf/pages").json()["pages"]
    assert [page["words"] for page in pages] == [10, 7]
    whole = deployment.storage.stat("processed/lease-pdf/text.json")
    assert whole is not None and len(sizes) == 1 and sizes[0] < whole.size / 1.5
    assert opened.count("processed/lease-pdf/text.json") == 1  # that part of it
