"""Fixtures of the tests of the asset graph."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from resources.deployment import Deployment
from sparknet_assets.definitions import build_defs
from tests.graph.fakes import ScriptedBatch


@pytest.fixture
def batch() -> ScriptedBatch:
    return ScriptedBatch()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def defs(deployment: Deployment, batch: ScriptedBatch) -> dg.Definitions:
    return build_defs(deployment, run=batch)
