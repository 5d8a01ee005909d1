"""Fields in Dagster: what is red, what is stale, what an event shows."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.correction_events import report_corrections
from sparknet_assets.fields.noted import note_corrections
from sparknet_assets.materializations import metadata
from sparknet_assets.runs.execution import execute
from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.stages.extracted_fields import STAGE
from tests.graph.fakes import ScriptedBatch, partitions_of, register

CORRECTIONS = dg.AssetKey("field_corrections")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_only_the_fields_of_a_document_are_red(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    register(deployment, "good", "bad")
    batch = ScriptedBatch(broken={"bad": "extracted_fields"})
    summary = execute(deployment, ["good", "bad"], instance=instance, run=batch)
    assert set(summary.failed) == {"bad"}
    assert partitions_of(instance, "extracted_fields", "failed") == {"bad"}
    assert partitions_of(instance, "extracted_fields", "materialized") == {"good"}
    for asset in STAGE_NAMES[:-1]:
        assert partitions_of(instance, asset, "failed") == set()
        assert partitions_of(instance, asset, "materialized") == {"good", "bad"}


def test_corrections_are_told_once_for_each_version(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    register(deployment, "doc", "other")
    execute(deployment, ["doc", "other"], instance=instance, run=ScriptedBatch())

    def told() -> int:
        records = instance.fetch_materializations(CORRECTIONS, limit=10).records
        return len(records)

    assert told() == 0
    note_corrections(deployment.catalog, {"doc": "1" * 64})
    for _ in range(2):
        report_corrections(instance, deployment.catalog, ["doc", "other"])
    assert told() == 1
    note_corrections(deployment.catalog, {"doc": "2" * 64})
    execute(deployment, ["doc"], instance=instance, run=ScriptedBatch())
    assert told() == 2
    assert partitions_of(instance, "field_corrections", "materialized") == {"doc"}


@pytest.mark.parametrize("previews", [True, False])
def test_values_are_shown_where_previews_are(tmp_path: object, previews: bool) -> None:
    deployment = Deployment(Settings(home=tmp_path, event_previews=previews))  # type: ignore[arg-type]
    facts = {"fields": 1, "values": [{"field": "total", "value": "EUR 1", "sure": 0.9}]}
    (result,) = ScriptedBatch(metadata=facts)(["doc"], deployment, stages=["extracted_fields"])
    assert isinstance(result, StageResult)
    shown = metadata(result, STAGE, deployment)
    assert shown["fields"].value == 1
    assert ("values" in shown) is previews
    if previews:
        assert isinstance(shown["values"], dg.TableMetadataValue)
