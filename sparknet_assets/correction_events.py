"""The asset `field_corrections`: what people set right about fields, and the events that tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.sqlite import in_chunks
from sparknet_assets.fields.noted import UNCERTAIN, corrections_noted
from sparknet_assets.materializations import DATA_VERSION
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.partitions import documents_partitions
from sparknet_assets.runs.events import report_runless
from sparknet_assets.stages.contract import FIELD_CORRECTIONS

if TYPE_CHECKING:
    from resources.catalog import Catalog


def field_corrections_spec(group: str) -> dg.AssetSpec:
    """The corrections: made by people, seen by the runs and the commands."""
    return dg.AssetSpec(
        FIELD_CORRECTIONS,
        description="What people set right in fields, `corrections/{doc_id}/fields.json`. Laid over"
        " what is extracted, and kept when that is made again. Most documents have none.",
        group_name=group,
        kinds={"json"},
        partitions_def=documents_partitions(),
    )


def report_corrections(
    instance: dg.DagsterInstance, catalog: Catalog, doc_ids: Collection[str]
) -> None:
    """Tells of the corrections of these documents that Dagster has not heard of yet."""
    noted = corrections_noted(catalog)
    known = (doc_id for doc_id in doc_ids if noted.get(doc_id, UNCERTAIN) != UNCERTAIN)
    versions = {doc_id: noted[doc_id] for doc_id in known}
    keys = {partition_key(doc_id): doc_id for doc_id in versions}
    events: list[dg.AssetMaterialization | dg.AssetObservation] = []
    for part in in_chunks(list(keys)):
        told = instance.event_log_storage.get_latest_tags_by_partition(
            dg.AssetKey(FIELD_CORRECTIONS),
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            [DATA_VERSION],
            part,
        )
        for key in part:
            version = versions[keys[key]]
            if told.get(key, {}).get(DATA_VERSION) != version:
                events += _events(key, keys[key], version)
    report_runless(instance, events)


def _events(
    partition: str, doc_id: str, version: str
) -> tuple[dg.AssetMaterialization, dg.AssetObservation]:
    """One of each, for the reasons that `arrivals` gives."""
    facts: dict[str, Any] = {
        "description": f"{FIELD_CORRECTIONS} of {doc_id}",
        "partition": partition,
        "metadata": {"document": doc_id},
        "tags": {DATA_VERSION: version},
    }
    return (
        dg.AssetMaterialization(FIELD_CORRECTIONS, **facts),
        dg.AssetObservation(FIELD_CORRECTIONS, **facts),
    )
