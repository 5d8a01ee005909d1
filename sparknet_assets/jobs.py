"""The names of the jobs, and the one that takes documents through the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import AssetsDefinition, JobDefinition
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

    AnyJob = JobDefinition | UnresolvedAssetJobDefinition

INGEST = "ingest"
RECONCILE = "reconcile"
RETRY = "retry_failed"


def ingest_job(pipeline: AssetsDefinition) -> UnresolvedAssetJobDefinition:
    """The job that the sensor, the commands and the UI run: every stage of some documents."""
    from dagster import AssetSelection, define_asset_job

    return define_asset_job(
        INGEST,
        # The checks are of the whole corpus: the job `verify` makes them.
        selection=AssetSelection.assets(pipeline).without_checks(),
        description="Documents through all stages; what is up to date is reused.",
    )
