"""The run config of the pipeline: which documents a run takes, whichever door requests it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PIPELINE = "document_pipeline"
COUNT_TAG = "sparknet/documents"


def sparse_config(keys: Sequence[str], *, force: bool = False) -> dict[str, Any]:
    """Run config of a run over any set of partition keys.

    The run itself belongs to the first of them: Dagster compares the versions of its inputs, and
    can't do that for a run of a partitioned asset that has no partition.
    """
    return {"ops": {PIPELINE: {"config": {"partition_keys": list(keys), "force": force}}}}


def listed_keys(run_config: Mapping[str, Any]) -> Sequence[str]:
    """The partition keys that a run config lists; none for a run over partitions."""
    op = run_config.get("ops", {}).get(PIPELINE, {})
    keys: Sequence[str] = op.get("config", {}).get("partition_keys", [])
    return keys
