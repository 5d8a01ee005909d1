"""A plan in parts: none missing, none twice, the totals those of all."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from resources.deployment import Deployment
from schedules import reconciliation
from schedules.reconciliation import Gathered
from sparknet_assets.api.app import create_app
from tests.api.conftest import client_of

V1 = "/api/v1"


@pytest.fixture
def seven(deployment: Deployment) -> list[str]:
    """Documents that nobody has processed, and a loose file."""
    raw = deployment.settings.home / "raw"
    names = [f"d{number}/file.txt" for number in range(7)]
    for name in (*names, "loose.txt"):
        path = raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
        os.utime(path, (time.time() - 60,) * 2)
    return [name.partition("/")[0] for name in names]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When plans were made."""
    times: list[float] = []
    gather_settled = reconciliation.gather_settled

    def counted(deployment: Deployment) -> Gathered:
        times.append(time.monotonic())
        time.sleep(0.1)
        return gather_settled(deployment)

    monkeypatch.setattr(reconciliation, "gather_settled", counted)
    return times


def test_parts_are_the_whole(client: TestClient, seven: list[str], made: list[float]) -> None:
    found, after, parts = [], "", 0
    while after is not None:
        page = client.get(f"{V1}/plan", params={"after": after, "limit": 3}).json()
        assert (page["totals"]["documents"], page["totals"]["new"]) == (7, 7)
        assert [each["documents"] for each in page["reasons"]] == [7]
        assert (page["totals"]["ignored"], page["ignored"][0]["key"]) == (1, "raw/loose.txt")
        found += [each["doc_id"] for each in page["documents"]]
        after, parts = page["next"], parts + 1
    assert (found, parts) == (seven, 3)
    assert len(made) == 1, "a part is no reason to compare everything once more"


def test_another_server_goes_on_where_one_ended(
    client: TestClient, deployment: Deployment, seven: list[str]
) -> None:
    first = client.get(f"{V1}/plan", params={"limit": 4}).json()
    other = client_of(create_app(deployment))
    rest = other.get(f"{V1}/plan", params={"after": first["next"], "limit": 4}).json()
    assert [each["doc_id"] for each in first["documents"] + rest["documents"]] == seven


def test_a_new_listing_is_of_what_there_is_now(
    client: TestClient, deployment: Deployment, seven: list[str]
) -> None:
    client.get(f"{V1}/plan", params={"limit": 1})
    deployment.storage.delete("raw/d0/file.txt")
    assert client.get(f"{V1}/plan").json()["totals"]["documents"] == 6


def test_who_asks_at_the_same_time_shares_a_plan(
    client: TestClient, seven: list[str], made: list[float]
) -> None:
    together = threading.Barrier(8)

    def ask(_: int) -> Any:
        together.wait(60)
        return client.get(f"{V1}/plan")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert {answer.json()["totals"]["documents"] for answer in answers} == {7}
    assert len(made) < 8


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=nan", f"after={'x' * 501}"])
def test_what_can_be_no_part_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"{V1}/plan?{query}").status_code == 422
