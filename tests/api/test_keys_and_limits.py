"""Who may do what, how often, and from where."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from resources.api_keys import ApiKey
from resources.cache.redis import RedisCache
from resources.cache.sqlite import SQLiteCache
from resources.settings import SettingsError, load_settings
from sparknet_assets.api.app import create_app
from sparknet_assets.api.keys import KeyRing, new_key
from sparknet_assets.api.rates import Rates
from tests.api.conftest import client_of, deployment_at

V1 = "/api/v1"
READ, WRITE, ADMIN = (f"{name}-key-0123456789-0123456789-abcdef" for name in ("r", "w", "a"))


@pytest.fixture(scope="module")
def locked(indexed: Path) -> TestClient:
    kept = f"sha256:{_digest(WRITE)}"
    keys = [
        {"name": "reader", "key": READ, "scopes": ["read"]},
        {"name": "writer", "key": kept, "scopes": ["write"]},
        {"name": "chief", "key": ADMIN, "scopes": ["admin"]},
    ]
    return client_of(create_app(deployment_at(indexed, api_keys=keys), loopback=False))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "path",
    [f"{V1}/documents", f"{V1}/me", f"{V1}/documents/lease-pdf/original", "/metrics", "/nothing"],
)
def test_without_a_key_nothing_is_told(locked: TestClient, path: str) -> None:
    for headers in ({}, bearer("x" * 40), {"X-API-Key": READ[:-1]}, bearer("")):
        answer = locked.get(path, headers=headers)
        assert (answer.status_code, answer.json()["kind"]) == (401, "http_401")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/health", "/openapi.json"])
def test_the_page_and_health_need_none(locked: TestClient, path: str) -> None:
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/assets/../api/v1/documents", "/assets/%2e%2e/x", "//api/v1/me"])
def test_no_path_slips_past_the_keys(locked: TestClient, path: str) -> None:
    assert locked.get(path).status_code in (401, 404)


def test_either_header_does_and_scopes_include_the_lesser(locked: TestClient) -> None:
    for key, scopes in ((READ, 1), (WRITE, 2), (ADMIN, 3)):
        for headers in (bearer(key), {"X-API-Key": key}, {"Authorization": f"bearer {key}"}):
            me = locked.get(f"{V1}/me", headers=headers).json()
            assert (len(me["scopes"]), me["auth"]) == (scopes, True)


def test_a_reader_may_not_write(locked: TestClient) -> None:
    writes = [
        ("POST", f"{V1}/documents?filename=a.txt"),
        ("PUT", f"{V1}/documents/lease-pdf/original?filename=a.txt"),
        ("PATCH", f"{V1}/documents/lease-pdf"),
        ("DELETE", f"{V1}/documents/lease-pdf"),
        ("POST", f"{V1}/runs"),
    ]
    for method, path in writes:
        answer = locked.request(method, path, headers=bearer(READ), json={"tier": "basic"})
        assert answer.status_code == 403, path
        assert "scope write" in answer.json()["detail"]
    assert locked.post(f"{V1}/search", json={"query": "rent"}, headers=bearer(READ)).is_success


def test_every_route_but_the_open_ones_asks_for_a_scope(locked: TestClient) -> None:
    nobody = {"name": "nobody", "key": READ, "scopes": []}
    app = create_app(deployment_at(Path("nowhere"), api_keys=[nobody]))
    paths = app.openapi()["paths"]
    with_fields = {"doc_id": "d", "page": "1", "schema": "s", "field": "f", "schema_name": "s"}
    for path, operations in paths.items():
        for method in operations:
            if path in ("/health", f"{V1}/me"):
                continue
            answer = client_of(app).request(
                method, path.format(**with_fields), headers=bearer(READ),
                params={"filename": "a", "q": "a"},
                json={"query": "a", "question": "a", "value": 1, "tier": "basic"}
                if method in ("post", "put", "patch") else None,
            )  # fmt: skip
            assert answer.status_code == 403, (method, path, answer.text)


def test_what_changes_something_asks_for_the_scope_write(locked: TestClient) -> None:
    """All operations of the contract: to change is to send another method than GET, or to ask."""
    reads = {f"POST {V1}/search", f"POST {V1}/ask"}
    filled = {"doc_id": "none", "page": "1", "schema": "s", "field": "f"}
    body = {"query": "a", "question": "a", "value": 1, "tier": "basic"}
    refused = set()
    for path, operations in locked.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        for method in {*operations} - {"get"}:
            answer = locked.request(
                method, path.format(**filled), params={"filename": "a"}, json=body,
                headers=bearer(READ),
            )  # fmt: skip
            name = f"{method.upper()} {path}"
            assert (answer.status_code == 403) == (name not in reads), (name, answer.text)
            refused |= {name} if answer.status_code == 403 else set()
    assert len(refused) == 7


def test_beyond_loopback_there_are_keys(indexed: Path) -> None:
    with pytest.raises(ValueError, match="SPARKNET_API_KEYS"):
        create_app(deployment_at(indexed), loopback=False)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_on_loopback_no_other_host_is_answered(reading: TestClient, host: str) -> None:
    assert reading.get(f"{V1}/documents", headers={"Host": host}).status_code == 421


def test_with_keys_a_proxy_on_this_machine_may_pass_its_host_on(indexed: Path) -> None:
    keys = [{"name": "reader", "key": READ}]
    client = client_of(create_app(deployment_at(indexed, api_keys=keys)))
    host = {"Host": "docs.example.org", "Origin": "https://docs.example.org"}
    asked = client.post(f"{V1}/search", json={"query": "rent"}, headers=bearer(READ) | host)
    assert asked.status_code == 200


@pytest.mark.parametrize("host", ["localhost:8484", "127.0.0.1:1", "[::1]:8484", "LOCALHOST"])
def test_loopback_has_several_names(reading: TestClient, host: str) -> None:
    assert reading.get(f"{V1}/me", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_may_not_write(
    reading: TestClient, headers: dict[str, str]
) -> None:
    answer = reading.post(f"{V1}/search", json={"query": "rent"}, headers=headers)
    assert answer.status_code == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_page_itself_may(reading: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1:8484", "Sec-Fetch-Site": "same-origin"}
    assert reading.post(f"{V1}/search", json={"query": "rent"}, headers=headers).is_success


def test_who_asks_too_often_waits(indexed: Path) -> None:
    deployment = deployment_at(indexed, api_burst=3, api_per_second=0.1)
    client = client_of(create_app(deployment))
    answers = [client.get(f"{V1}/me") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


def test_guessing_keys_runs_dry_without_hurting_others(indexed: Path) -> None:
    keys = [{"name": "reader", "key": READ}]
    deployment = deployment_at(indexed, api_keys=keys, api_burst=40, api_per_second=0.1)
    client = client_of(create_app(deployment))
    answers = [client.get(f"{V1}/me", headers=bearer("x" * 40)).status_code for _ in range(4)]
    assert answers == [401, 401, 429, 429]
    assert client.get(f"{V1}/me", headers=bearer(READ)).status_code == 200


def test_a_bucket_fills_again_and_old_ones_are_forgotten() -> None:
    now = [0.0]
    rates = Rates(2.0, 2, clock=lambda: now[0])

    def taken(*who: str) -> list[int]:
        async def take() -> list[int]:
            return [await rates.take(each) for each in who]

        return asyncio.run(take())

    assert taken("a", "a", "a", "b") == [0, 0, 1, 0]
    now[0] = 0.5
    assert taken("a", "a") == [0, 1]
    taken(*map(str, range(10_001)))
    assert taken("a") == [0]


def test_two_servers_keep_one_limit(indexed: Path, tmp_path: Path) -> None:
    def served(shared: bool) -> TestClient:
        deployment = deployment_at(
            indexed, api_burst=3, api_per_second=0.1, api_shared_limits=shared
        )
        deployment.__dict__["cache"] = SQLiteCache(tmp_path / "cache.db")
        return client_of(create_app(deployment))

    one, other, alone = served(True), served(True), served(False)
    answers = [client.get(f"{V1}/me") for client in (one, other, one, other, one)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
    assert "try again in" in answers[-1].json()["detail"]
    assert alone.get(f"{V1}/me").status_code == 200


def test_each_server_counts_by_itself_while_the_cache_is_away(indexed: Path) -> None:
    deployment = deployment_at(indexed, api_burst=2, api_per_second=0.1, api_shared_limits=True)
    deployment.__dict__["cache"] = RedisCache("redis://127.0.0.1:1/0", "n")
    client = client_of(create_app(deployment))
    assert [client.get(f"{V1}/me").status_code for _ in range(3)] == [200, 200, 429]


def test_a_new_key_fits_what_is_kept_of_it() -> None:
    key, kept = new_key()
    assert key not in kept
    ring = KeyRing([ApiKey(name="ann", key=kept, scopes=("write",))])  # type: ignore[arg-type]
    caller = ring.caller(key)
    assert caller is not None
    assert (caller.name, sorted(caller.scopes)) == ("ann", ["read", "write"])
    assert ring.caller(key[:-1]) is None
    assert ring.caller("\udcff") is None


@pytest.mark.parametrize(
    "keys",
    ['[{"name": "a", "key": "hunter2hunter2"}]', '[{"name": "a", "key": "sha256:hunter2hunter2"}]',
     '[{"name": "a", "key": "hunter2hunter2hunter2hunter2hunter2", "scopes": ["root"]}]'],
)  # fmt: skip
def test_wrong_keys_are_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    monkeypatch.setenv("SPARKNET_API_KEYS", keys)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "SPARKNET_API_KEYS" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_logs_hold_no_keys_and_no_text(
    locked: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sparknet_assets import retrieval

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"{READ} rent of 840 euros")

    monkeypatch.setattr(retrieval, "search", fails)
    with caplog.at_level(logging.DEBUG):
        answer = locked.post(f"{V1}/search", json={"query": "rent"}, headers=bearer(READ))
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "RuntimeError" in caplog.text
    for secret in (READ, "840"):
        assert secret not in caplog.text + answer.text


def _digest(key: str) -> str:
    import hashlib

    return hashlib.sha256(key.encode()).hexdigest()
