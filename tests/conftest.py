"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from tests.doubles import rgw as ceph
from tests.doubles.moto_server import MotoServer, moto_server

CORPUS = Path(os.environ.get("SPARKNET_TEST_CORPUS", "../shared/corpus")).absolute()


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
    with moto_server() as server:
        yield server


@pytest.fixture
def moto(running_moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """That server, empty, with the environment of this test pointing to it."""
    running_moto.reset()
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
