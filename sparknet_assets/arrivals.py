"""The asset `raw_documents`: the originals, and the event that tells of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from sparknet_assets.materializations import DATA_VERSION
from sparknet_assets.partitions import documents_partitions
from sparknet_assets.stages.contract import RAW_DOCUMENTS

if TYPE_CHECKING:
    from resources.storage import ObjectInfo


def raw_documents_spec(group: str) -> dg.AssetSpec:
    """The originals under raw/: made by people, seen by the sensor and the commands."""
    return dg.AssetSpec(
        RAW_DOCUMENTS,
        description="The original files, `raw/{doc_id}/{filename}`. Never changed by the pipeline.",
        group_name=group,
        kinds={"file"},
        partitions_def=documents_partitions(),
    )


def arrival(
    partition: str, doc_id: str, original: ObjectInfo
) -> tuple[dg.AssetMaterialization, dg.AssetObservation]:
    """The events of an original that arrived or changed.

    Dagster counts the partitions of an asset by materializations, and compares the data versions
    of an asset that it doesn't make itself by observations. So there is one of each.
    """
    facts: dict[str, Any] = {
        "description": f"{RAW_DOCUMENTS} of {doc_id}",
        "partition": partition,
        "metadata": {
            "document": doc_id,
            "key": original.key,
            "bytes": original.size,
            "modified": dg.MetadataValue.timestamp(original.modified),
        },
        "tags": {DATA_VERSION: original.version},
    }
    return (
        dg.AssetMaterialization(RAW_DOCUMENTS, **facts),
        dg.AssetObservation(RAW_DOCUMENTS, **facts),
    )
