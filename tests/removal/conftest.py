"""A deployment whose documents are quick to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.world import SmallDeployment
from tests.removal.homes import small_deployment


@pytest.fixture
def deployment(tmp_path: Path) -> SmallDeployment:
    return small_deployment(tmp_path / "data")
