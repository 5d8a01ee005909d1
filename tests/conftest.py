"""Fixtures that all tests share."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis.internal.conjecture import engine

import sparknet_assets.source  # noqa: F401 - before PyMuPDF, whose models it does without
from resources.aws.clients import AwsClients
from resources.deployment import Deployment
from resources.locks import FileLocks
from resources.settings import Settings
from resources.vector_store import VectorStore
from tests.distribution import (
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
    slow_first,
)
from tests.doubles import rgw as ceph
from tests.doubles.aws_models import share_models
from tests.doubles.moto_server import CREDENTIALS, REGION, MotoServer, moto_server
from tests.doubles.opensearch import OpenSearchDouble, opensearch_double
from tests.doubles.postgres_server import PostgresServer, postgres_server, reason_to_skip

__all__ = ["pytest_xdist_auto_num_workers", "pytest_xdist_make_scheduler"]

CORPUS = Path(os.environ.get("SPARKNET_TEST_CORPUS", "../shared/corpus")).absolute()
# What hypothesis found is made small for so long, not for its five minutes: a model of states that
# fails would take the time of all other tests.
SHRINKING_SECONDS = 60
# Everywhere as in continuous integration: the same examples in each run, and no example has to be
# done within 200 ms, which a busy machine fails. `--hypothesis-profile=default` tries others.
hypothesis_settings.load_profile("ci")


def pytest_configure() -> None:
    """Bounds what a failure costs."""
    assert engine.MAX_SHRINKING_SECONDS
    engine.MAX_SHRINKING_SECONDS = SHRINKING_SECONDS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the slow ones; leaves out those that take minutes, unless they are asked for."""
    slow_first(items)
    if os.environ.get("SPARKNET_TEST_LONG"):
        return
    skip = pytest.mark.skip(reason="takes minutes: make test-long")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a deployment of this test's own."""
    return Settings(home=tmp_path / "data", workers=2)


@pytest.fixture
def deployment(settings: Settings) -> Deployment:
    """A local deployment in a folder of this test's own."""
    return Deployment(settings)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real documents; the test is skipped where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus of real documents at {CORPUS}")
    return CORPUS


@pytest.fixture(scope="session")
def running_moto() -> Iterator[MotoServer]:
    """A server of AWS's interfaces, for all tests of this process."""
    share_models()
    with moto_server() as server:
        yield server


@pytest.fixture
def moto(running_moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """That server, empty, with the environment of this test pointing to it."""
    running_moto.reset()
    # Its queues have at once what they have: a second of waiting finds no more.
    monkeypatch.setattr("resources.event_queue.sqs.WAIT_SECONDS", 0)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in running_moto.environment.items():
        monkeypatch.setenv(name, value)
    return running_moto


@pytest.fixture(scope="session")
def running_rgw() -> Iterator[ceph.RGW]:
    """A Ceph Object Gateway; the tests are skipped unless it is there and asked for."""
    if reason := ceph.reason_to_skip():
        pytest.skip(reason)
    share_models()
    with ceph.rgw_server() as server:
        yield server


@pytest.fixture
def rgw(running_rgw: ceph.RGW, monkeypatch: pytest.MonkeyPatch) -> ceph.RGW:
    """That gateway, with the environment of this test pointing to it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in running_rgw.environment.items():
        monkeypatch.setenv(name, value)
    return running_rgw


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and region of the doubles, in the environment."""
    share_models()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def attempts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore makes as many attempts as ever, and waits for none: up to 20 seconds each."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    # Where retries are adaptive, one that was throttled waits before it sends, too.
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL; the tests are skipped where there is none."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def opensearch_server() -> str:
    """URL of a real OpenSearch."""
    url = os.environ.get("SPARKNET_TEST_OPENSEARCH", "")
    if not url:
        pytest.skip(
            "no OpenSearch: `make opensearch`, then set SPARKNET_TEST_OPENSEARCH to its URL"
        )
    return url


OpenSearchStores = Callable[[str, int], Callable[..., VectorStore]]


@pytest.fixture
def opensearch_stores(
    request: pytest.FixtureRequest, tmp_path: Path, signing: None
) -> Iterator[OpenSearchStores]:
    """Makes a maker of stores: on a double by its kind, or on a real server."""
    made: list[VectorStore] = []
    doubles = ExitStack()

    def maker(kind: str, dimension: int) -> Callable[..., VectorStore]:
        if kind == "opensearch-real":
            url = request.getfixturevalue("opensearch_server")
            return lambda like=None: like_or(like, lambda: real(url, dimension))
        double = doubles.enter_context(
            opensearch_double(
                "domain" if kind == "opensearch" else kind,  # type: ignore[arg-type]
                scale=0.004 if kind == "serverless-classic" else 0.01,
            )
        )
        return lambda like=None: like_or(like, lambda: on(double, dimension))

    def like_or(like: VectorStore | None, new: Callable[[], VectorStore]) -> VectorStore:
        if like is not None:
            copy: VectorStore = pickle.loads(pickle.dumps(like))
            return copy
        made.append(new())
        return made[-1]

    def real(url: str, dimension: int) -> VectorStore:
        from resources.vector_store.opensearch import OpenSearchVectorStore

        name = f"test-{uuid4().hex[:12]}"
        return OpenSearchVectorStore(url, name, dimension=dimension, engine="lucene", replicas=0)

    def on(double: OpenSearchDouble, dimension: int) -> VectorStore:
        return opensearch_store(double, tmp_path, dimension)

    try:
        yield maker
    finally:
        for store in made:
            store.drop()
        doubles.close()


def opensearch_store(double: OpenSearchDouble, folder: Path, dimension: int) -> VectorStore:
    """A store of its own on a double, with register and locks in a folder."""
    from resources.vector_store.opensearch import OpenSearchVectorStore
    from resources.vector_store.opensearch_register import SQLiteChunkRegister

    name = f"test-{uuid4().hex[:12]}"
    return OpenSearchVectorStore(
        double.url,
        name,
        dimension=dimension,
        kind=double.kind,
        aws=AwsClients(),
        register=SQLiteChunkRegister(folder / f"{name}.db"),
        locks=FileLocks(folder / "locks"),
        visible_within=double.visible_within,
    )
