"""The UI calls a document out of sync exactly when an input of it has changed since."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._utils.test.data_versions import get_stale_status_resolver

from resources.storage import ObjectInfo
from sparknet_assets.arrivals import arrival
from sparknet_assets.correction_events import report_corrections
from sparknet_assets.fields.noted import note_corrections
from sparknet_assets.runs.execution import execute
from tests.graph.fakes import STAGE_NAMES, register


def arrive(instance: dg.DagsterInstance, version: str) -> None:
    original = ObjectInfo("raw/a/file.pdf", 1, version, datetime.now(UTC))
    for event in arrival("a", "a", original):
        instance.report_runless_asset_event(event)


@pytest.fixture
def stale(defs, instance):
    """Names of the stages that the UI shows as out of sync for the document `a`."""
    assets = defs.resolve_asset_graph().assets_defs

    def names() -> list[str]:
        with dg.partition_loading_context(dynamic_partitions_store=instance):
            resolver = get_stale_status_resolver(instance, assets)
            return [
                stage
                for stage in STAGE_NAMES
                if resolver.get_status(dg.AssetKey(stage), "a").value == "STALE"
            ]

    return names


def test_fresh_until_an_input_changes(deployment, instance, batch, stale) -> None:
    register(deployment, "a", "b")
    arrive(instance, "v1")
    execute(deployment, ["b", "a"], instance=instance, run=batch)
    assert stale() == []
    arrive(instance, "v1")
    assert stale() == [], "the same bytes, seen again"
    arrive(instance, "v2")
    assert stale() == ["documents"]
    execute(deployment, ["a"], instance=instance, run=batch)
    assert stale() == []


def test_a_stage_done_alone_leaves_the_next_ones_behind(deployment, instance, batch, stale) -> None:
    register(deployment, "a")
    execute(deployment, ["a"], instance=instance, run=batch)
    execute(deployment, ["a"], stages=["chunks"], instance=instance, run=batch)
    assert stale() == [], "made again, and the same"
    batch.edition = "2"
    execute(deployment, ["a"], stages=["chunks"], force=True, instance=instance, run=batch)
    assert stale() == ["embeddings", "vector_index"]


def test_a_correction_leaves_the_fields_behind_and_nothing_else(
    deployment, instance, batch, stale
) -> None:
    register(deployment, "a")
    execute(deployment, ["a"], instance=instance, run=batch)
    note_corrections(deployment.catalog, {"a": "1" * 64})
    report_corrections(instance, deployment.catalog, ["a"])
    assert stale() == ["extracted_fields"]
    batch.edition = "2"
    execute(
        deployment, ["a"], stages=["extracted_fields"], force=True, instance=instance, run=batch
    )
    assert stale() == []
