"""Everything Dagster loads: `build_defs` for any deployment, `defs` for the one of the settings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.configurable import (
    CacheResource,
    CatalogResource,
    DeploymentResource,
    EmbedderResource,
    OCRResource,
    StorageResource,
    VectorStoreResource,
)
from resources.deployment import Deployment
from resources.settings import load_settings
from schedules.event_queue import queue_sensor
from schedules.maintenance import plan_asset, reconcile_job, retry_job
from schedules.schedules import all_schedules
from schedules.sensors import SAFETY_NET_SECONDS, raw_documents_sensor
from sparknet_assets.arrivals import raw_documents_spec
from sparknet_assets.batch.running import run_batch
from sparknet_assets.checks import verification, verify_job
from sparknet_assets.correction_events import field_corrections_spec
from sparknet_assets.evaluation.assets import evaluate_job, evaluation_assets
from sparknet_assets.generations.assets import generation_checks, generations_asset, switch_job
from sparknet_assets.jobs import ingest_job
from sparknet_assets.partitions import GROUP
from sparknet_assets.pipeline import (
    Door,
    RunBatch,
    pipeline_asset,
)
from sparknet_assets.removal.job import removal_job, removals_spec
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import Stage

if TYPE_CHECKING:
    from sparknet_assets.jobs import AnyJob


def build_defs(
    deployment: Deployment | None = None,
    *,
    door: Door | None = None,
    stages: Sequence[Stage] = STAGES,
    run: RunBatch = run_batch,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """The assets, their checks, the jobs, the sensor and the resources.

    Args:
        deployment: Used as it is; by default each run builds the one that the settings name.
        door: What runs in this process bring along.
        stages, run: What a run does; a test or a benchmark brings its own.
        resource_overrides: Replace resources by name.
    """
    # Dagster itself passes the parameter that it warns of, when it gives a sensor's jobs resources.
    warnings.filterwarnings(
        "ignore", "Parameter `owners` of initializer `SensorDef", dg.BetaWarning
    )
    settings = deployment.settings if deployment else load_settings()
    pipeline = pipeline_asset(settings.batch_size, stages, run)
    checks = verification(stages)
    evaluations = evaluation_assets()
    ingest, removal = ingest_job(pipeline), removal_job()
    others: list[AnyJob] = [reconcile_job(stages, run), retry_job(run), verify_job(checks)]
    jobs = [ingest, removal, *others]
    if (deployment or Deployment(settings)).event_queue:
        safety_net = raw_documents_sensor([ingest, removal], SAFETY_NET_SECONDS)
        sensors = [safety_net, queue_sensor([ingest, removal])]
    else:
        sensors = [raw_documents_sensor([ingest, removal])]
    whole = DeploymentResource()
    resources: dict[str, Any] = {
        "deployment": deployment or whole,
        "door": door or Door(),
        "storage": StorageResource(deployment=whole),
        "ocr": OCRResource(deployment=whole),
        "embedder": EmbedderResource(deployment=whole),
        "vector_store": VectorStoreResource(deployment=whole),
        "catalog": CatalogResource(deployment=whole),
        "cache": CacheResource(deployment=whole),
    }
    return dg.Definitions(
        assets=[
            raw_documents_spec(GROUP),
            field_corrections_spec(GROUP),
            pipeline,
            plan_asset(stages),
            removals_spec(),
            generations_asset(),
            *evaluations,
        ],
        asset_checks=[checks, generation_checks()],
        jobs=[*jobs, switch_job(), evaluate_job(evaluations)],
        sensors=sensors,
        schedules=all_schedules(settings, {job.name: job for job in jobs}),
        resources={**resources, **(resource_overrides or {})},
        # The batch has its own worker processes; a process for its one step would only add seconds.
        executor=dg.in_process_executor,
    )


defs = build_defs()
