"""Runs without worker processes, and a deployment that reads by the toy engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch import running as batch
from tests.doubles.inline_pool import InlinePool
from tests.tiers.readers import SharpEngine


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "WorkerPool", InlinePool)
    monkeypatch.setattr("resources.tier_deployment.which", lambda name: None)


@pytest.fixture
def engine() -> SharpEngine:
    return SharpEngine()


@pytest.fixture
def reading(settings: Settings, engine: SharpEngine, tmp_path: Path) -> Deployment:
    """A deployment whose every tier reads by the toy engine."""
    return reading_with(settings, engine)


def reading_with(settings: Settings, engine: SharpEngine) -> Deployment:
    deployment = Deployment(settings)
    deployment.__dict__["ocr"] = engine
    return deployment
