"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.settings import Settings

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
