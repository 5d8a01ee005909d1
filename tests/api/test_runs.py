"""Runs in child processes: asked for, followed, ended with the server, taken up again."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.processes import this_host
from sparknet_assets.api import watch
from sparknet_assets.api.app import create_app
from sparknet_assets.api.changes_seen import ChangesSeen
from sparknet_assets.api.runner import Runner
from sparknet_assets.records import new_document
from tests.api.conftest import client_of

V1 = "/api/v1"
FAKE = (sys.executable, "-m", "tests.api.fake_batch")


@contextmanager
def serving(deployment: Deployment, settle: float = 0.05) -> Iterator[TestClient]:
    """An app that processes by the fake."""
    runner = Runner(deployment, settle=settle, command=FAKE)
    with client_of(create_app(deployment, processing=True, runner=runner)) as client:
        yield client


def upload(client: TestClient, name: str) -> str:
    answer = client.post(f"{V1}/documents", params={"filename": name}, content=b"text")
    return str(answer.json()["doc_id"])


def runs(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{V1}/runs").json()["runs"]
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise TimeoutError


def ended(client: TestClient) -> list[dict[str, Any]]:
    """The runs of the server, once all have ended."""
    own = [run for run in runs(client) if run["what"] != "elsewhere"]
    return own if own and all(run["state"] in ("done", "failed") for run in own) else []


def test_what_is_uploaded_is_indexed_in_one_run(deployment: Deployment) -> None:
    with serving(deployment, settle=0.5) as client:
        ids = [upload(client, name) for name in ("a.txt", "b.txt", "c.txt")]
        (run,) = wait_for(lambda: ended(client))
        assert (run["state"], run["documents"], run["finished"]) == ("done", 3, 3)
        assert run["stages"] == {"documents": 3, "vector_index": 3}
        assert run["doc_ids"] == ids
    assert deployment.catalog.totals() == {"indexed": 3}


def test_a_run_that_breaks_off_says_so_and_is_not_begun_again_by_itself(
    deployment: Deployment,
) -> None:
    with serving(deployment) as client:
        for count, (name, message) in enumerate(
            (("broken.txt", "broke off"), ("killed.txt", "ended with -9")), 1
        ):
            upload(client, name)
            wait_for(lambda count=count: len(ended(client)) == count)
            run = ended(client)[0]
            assert run["state"] == "failed" and message in run["message"]
        runner = client.app.state.api.runner  # type: ignore[attr-defined]
        runner._look()
        assert len(runner.runs()) == 2
        upload(client, "broken.txt")  # the same bytes: nothing new
        answer = client.post(f"{V1}/runs", json={"doc_ids": ["broken-txt"]})
        assert answer.status_code == 202
        wait_for(lambda: len(ended(client)) >= 3)


def test_a_run_is_refused_while_its_documents_are_under_way(deployment: Deployment) -> None:
    with serving(deployment) as client:
        doc_id = upload(client, "slow.txt")
        wait_for(lambda: [run["state"] for run in runs(client)] == ["running"])
        answer = client.post(f"{V1}/runs", json={"doc_ids": [doc_id]})
        assert (answer.status_code, answer.json()["kind"]) == (409, "http_409")
        other = upload(client, "other.txt")
        answer = client.post(f"{V1}/runs", json={"doc_ids": [other]})
        assert answer.status_code in (202, 409)  # 409 when it was just taken up by itself
        wait_for(lambda: any(run["state"] == "waiting" for run in runs(client)))


def test_the_end_of_the_server_ends_its_run_and_the_next_takes_it_up(
    deployment: Deployment,
) -> None:
    with serving(deployment) as client:
        upload(client, "slow.txt")
        wait_for(lambda: [run["stages"] for run in runs(client)] == [{"documents": 1}])
        runner = client.app.state.api.runner  # type: ignore[attr-defined]
        pid = runner._child.pid
    assert not Path(f"/proc/{pid}").exists()
    assert runner.runs()[0].message == "interrupted"
    assert deployment.catalog.totals() == {"pending": 1}
    with serving(deployment) as client:
        wait_for(lambda: [run["state"] for run in runs(client)] == ["running"])
        assert runs(client)[0]["doc_ids"] == ["slow-txt"]


def test_what_others_hold_is_left_to_them(deployment: Deployment) -> None:
    record = new_document("theirs", "theirs", "raw/theirs/x.txt")
    deployment.catalog.put([record])
    import os

    deployment.catalog.claim(["theirs"], f"{this_host()}:{os.getpid()}:token", 60)
    with serving(deployment) as client:
        client.app.state.api.runner._look()  # type: ignore[attr-defined]
        (run,) = runs(client)
    assert (run["what"], run["state"], run["doc_ids"]) == ("elsewhere", "running", ["theirs"])


def test_runs_of_other_doors_are_seen(deployment: Deployment) -> None:
    now = datetime.now(UTC)
    rows = [
        new_document(name, name, f"raw/{name}/x.txt").model_copy(
            update={"run_id": run, "status": status, "updated_at": now}
        )
        for name, run, status in (
            ("a", "r1", DocumentStatus.INDEXED),
            ("b", "r1", DocumentStatus.FAILED),
            ("c", "r2", DocumentStatus.INDEXED),
        )
    ]
    deployment.catalog.put(rows)
    with client_of(create_app(deployment)) as client:
        found = {run["id"]: run for run in runs(client)}
    assert (found["r1"]["state"], found["r1"]["documents"], found["r1"]["failed"]) == (
        "failed", 2, 1,
    )  # fmt: skip
    assert found["r2"]["state"] == "done"


def test_without_processing_no_run_is_started(client: TestClient) -> None:
    upload(client, "a.txt")
    assert client.post(f"{V1}/runs", json={}).status_code == 409
    assert client.get(f"{V1}/me").json()["features"]["processing"] is False


@pytest.mark.parametrize("what", ["pending", "retry"])
def test_nothing_to_do_starts_nothing(deployment: Deployment, what: str) -> None:
    with serving(deployment) as client:
        answer = client.post(f"{V1}/runs", json={"what": what})
        assert (answer.status_code, answer.json()) == (202, {"run": None})
        unknown = client.post(f"{V1}/runs", json={"what": what, "doc_ids": ["none"]})
        assert unknown.status_code == 404


def test_a_deleted_document_is_gone_with_a_receipt(client: TestClient) -> None:
    doc_id = upload(client, "a.txt")
    receipt = client.delete(f"{V1}/documents/{doc_id}", params={"reason": "superseded"}).json()
    assert (receipt["reason"], receipt["complete"]) == ("superseded", True)
    assert receipt["requested_by"] == "local through the API"
    assert receipt["receipt"].startswith("receipts/a-txt/")
    assert sum(receipt["remaining"].values()) == 0
    for path in ("original", "pages", "chunks"):
        assert client.get(f"{V1}/documents/{doc_id}/{path}").status_code == 404
    assert client.delete(f"{V1}/documents/{doc_id}").status_code == 404
    assert client.get(f"{V1}/documents").json()["documents"] == []
    assert upload(client, "a.txt") == doc_id


def test_followers_hear_of_rows_and_progress(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the generator itself: the test client hands a stream out only when it has ended."""
    import asyncio

    heard: list[tuple[str, Any]] = []
    looking = threading.Event()

    def looks(*arguments: Any, **options: Any) -> ChangesSeen:
        seen = ChangesSeen(*arguments, **options)
        looking.set()
        return seen

    monkeypatch.setattr(watch, "ChangesSeen", looks)
    with serving(deployment) as client:
        api = client.app.state.api  # type: ignore[attr-defined]

        async def follow() -> None:
            async for block in api.watch.follow():
                lines = block.decode().splitlines()
                if lines[0].startswith("event: "):
                    heard.append((lines[0][7:], json.loads(lines[1][6:])))
                if any(name == "document" and row["status"] == "indexed" for name, row in heard):
                    return

        async def bounded() -> None:
            await asyncio.wait_for(follow(), 60)

        listener = threading.Thread(target=lambda: asyncio.run(bounded()))
        listener.start()
        assert looking.wait(60)
        upload(client, "a.txt")
        listener.join(70)
    assert any(name == "progress" and run["finished"] == 1 for name, run in heard)
    assert [row["doc_id"] for name, row in heard if name == "document"][-1] == "a-txt"
    assert api.watch._task is None
