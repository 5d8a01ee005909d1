"""The diagnosis names what is wrong, goes on after a failure, and shows no secrets."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets import diagnosis
from sparknet_assets.diagnosis import Check

Usage = namedtuple("Usage", "total used free")


class Embedder:
    identity = "fake"
    dimension = 4

    def __init__(self, width: int) -> None:
        self.width = width

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros((len(texts), self.width), dtype=np.float32)


class NoEngine:
    identity = "none"

    def recognize(self, image: object) -> object:
        raise SparknetError(FailureKind.UNAVAILABLE, "the model is not there")


class Store:
    generation = "fake-4"

    def count(self) -> tuple[int, int]:
        return 3, 2


def checks(deployment: Deployment) -> dict[str, Check]:
    return {check.name: check for check in diagnosis.diagnose(deployment)}


@pytest.fixture
def light(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment whose models and index are not there, or not as they should be."""
    deployment.__dict__.update(embedder=Embedder(3), ocr=NoEngine(), vector_store=Store())
    monkeypatch.setattr(diagnosis, "check_dagster", lambda _: Check("dagster", "ok", ""))
    return deployment


def test_each_check_runs_although_others_fail(light: Deployment) -> None:
    found = checks(light)
    assert {name: check.level for name, check in found.items() if check.level == "fail"} == {
        "ocr": "fail",
        "embedder": "fail",
    }
    assert found["ocr"].detail == "the model is not there"
    assert found["ocr"].remedy
    assert found["vector store"].level == "warn"
    assert found["catalog"].level == found["cache"].level == found["home"].level == "ok"


def test_a_home_that_can_not_be_written_to(light: Deployment, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    broken = Deployment(Settings(home=tmp_path / "file" / "data"))
    broken.__dict__.update(embedder=Embedder(4), ocr=NoEngine(), vector_store=Store())
    found = checks(broken)
    assert found["home"].level == "fail"
    assert found["catalog"].level == "fail"
    assert found["catalog"].remedy == found["cache"].remedy == "see home"
    assert "Errno" not in found["home"].detail
    assert found["embedder"].level == "ok"


def test_the_same_reason_is_not_given_another_remedy(light: Deployment) -> None:
    class Lost:
        def count(self) -> tuple[int, int]:
            raise SparknetError(FailureKind.UNAVAILABLE, "the model is not there")

    light.__dict__.update(vector_store=Lost())
    assert checks(light)["vector store"].remedy == "see ocr"


def test_a_misspelt_variable(light: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARKNET_WORKER", "4")
    found = checks(light)["settings"]
    assert found.level == "warn"
    assert "SPARKNET_WORKER (did you mean SPARKNET_WORKERS?)" in found.detail


@pytest.mark.parametrize(("free", "level"), [(0.1, "fail"), (1, "warn"), (100, "ok")])
def test_space(light: Deployment, monkeypatch: pytest.MonkeyPatch, free: float, level: str) -> None:
    usage = Usage(0, 0, int(free * diagnosis.GIB))
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda _: usage)
    assert diagnosis.check_disk(light).level == level


def test_too_many_workers(tmp_path: Path) -> None:
    greedy = Deployment(Settings(home=tmp_path, workers=64, worker_memory_mb=2**20))
    assert diagnosis.check_machine(greedy).level == "warn"


def test_settings_show_no_secrets(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, pdf_passwords=["hush"])  # type: ignore[list-item]
    rows = {
        name: (value, default) for name, value, default in diagnosis.settings_in_force(settings)
    }
    assert rows["pdf_passwords"] == (["***"], False)
    assert rows["home"] == (str(tmp_path), False)
    assert rows["ocr"] == ("paddle", True)
    assert "hush" not in str(rows)
