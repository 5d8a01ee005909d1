"""Batches without worker processes, for what neither limits nor crashes have to do with."""

from __future__ import annotations

import pytest

from sparknet_assets.batch import running as batch
from tests.doubles.inline_pool import InlinePool


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are functions of this process: starting one costs most of a second."""
    monkeypatch.setattr(batch, "WorkerPool", InlinePool)
