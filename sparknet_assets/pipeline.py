"""The asset graph: the originals, and one fused, subsettable asset over all stages."""

# Dagster reads the annotations of assets, so they are not postponed here.

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import dagster as dg
from pydantic import Field

from resources.deployment import Deployment
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.batch.running import run_batch
from sparknet_assets.correction_events import report_corrections
from sparknet_assets.generations.assets import building
from sparknet_assets.partitions import GROUP, PARTITIONS, documents_of, documents_partitions
from sparknet_assets.run_owner import owner_tag
from sparknet_assets.runs.companions import BACKFILL, take_along
from sparknet_assets.runs.config import COUNT_TAG, PIPELINE
from sparknet_assets.runs.events import ResultEvents
from sparknet_assets.runs.outcome import Outcome
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import Stage

Progress = Callable[[StageResult], None]


class RunBatch(Protocol):
    """The signature of `sparknet_assets.batch.running.run_batch`."""

    def __call__(
        self,
        doc_ids: Sequence[str],
        deployment: Deployment,
        *,
        stages: Sequence[str] | None = None,
        run_id: str = "",
        force: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[StageResult]: ...


class Selection(dg.Config):
    """Which documents a run takes, and whether it redoes what is up to date."""

    partition_keys: list[str] = Field(
        default=[],
        description="Any documents, instead of the run's partition or range of partitions. Only "
        "neighbours form a range; this makes one run out of any set.",
    )
    force: bool = Field(default=False, description="Redo stages even when their output is current.")


def no_progress(result: StageResult) -> None:
    """Watches nothing."""


@dataclass(frozen=True)
class Door:
    """What a command that runs the pipeline in its own process brings along.

    Attributes:
        progress: Called with each result.
        shown: (stage, partition key) pairs that the UI shows as done, and in which data version.
            What is reused of them gets no event: nothing happened, and an event costs more than
            looking.
    """

    progress: Progress = no_progress
    shown: Mapping[tuple[str, str], str] = field(default_factory=dict)


def stage_spec(stage: Stage) -> dg.AssetSpec:
    """The asset that a stage makes."""
    kind = stage.artifact.rsplit(".", 1)[-1] if stage.artifact else "vectors"
    where = f"processed/{{doc_id}}/{stage.artifact}" if stage.artifact else "the vector index"
    return dg.AssetSpec(
        stage.name,
        deps=list(stage.inputs),
        description=stage.description,
        code_version=stage.code_version,
        group_name=GROUP,
        kinds={kind},
        metadata={"writes": where},
        skippable=True,
    )


def pipeline_asset(
    batch_size: int, stages: Sequence[Stage] = STAGES, run: RunBatch = run_batch
) -> dg.AssetsDefinition:
    """The fused asset over `stages`, at most `batch_size` documents a run.

    Separate assets would fail every document downstream of a bad one. Here each (stage, document)
    that finished has an event of its own, and the run fails if any document did, so the pairs that
    were planned and have no event are the failed ones, and no others.
    """
    by_name = {stage.name: stage for stage in stages}

    @dg.multi_asset(
        name=PIPELINE,
        specs=[stage_spec(stage) for stage in stages],
        partitions_def=documents_partitions(),
        backfill_policy=dg.BackfillPolicy.multi_run(batch_size),
        can_subset=True,
    )
    def document_pipeline(
        context: dg.AssetExecutionContext,
        config: Selection,
        deployment: dg.ResourceParam[Deployment],
        door: dg.ResourceParam[Door],
    ) -> Iterator[Any]:
        context.instance.add_run_tags(context.run.run_id, owner_tag(context.run.run_id))
        own = _selected_keys(context, config)
        keys = [*own, *_taken_along(context, config, own, batch_size, deployment)]
        names = [name for name in by_name if dg.AssetKey(name) in context.selected_asset_keys]
        doc_ids, unknown = documents_of(keys, deployment.catalog)
        outcome = Outcome(context, names, keys)
        outcome.unknown(unknown)
        report_corrections(context.instance, deployment.catalog, doc_ids)
        with ResultEvents(context, by_name, deployment) as events:
            for result in run(
                list(doc_ids),
                deployment,
                stages=names,
                run_id=context.run.run_id,
                force=config.force,
                progress=door.progress,
            ):
                failure = outcome.add(result)
                if result.record.reused and outcome.is_shown(result, door.shown):
                    events.note(result)
                else:
                    events.add(result, failure)
        under_way = building(deployment)
        if under_way:
            yield under_way
        outcome.settle(planned=() if config.partition_keys else own)

    return document_pipeline


def _taken_along(
    context: dg.AssetExecutionContext,
    config: Selection,
    own: Sequence[str],
    most: int,
    deployment: Deployment,
) -> list[str]:
    """Documents of a backfill's other runs, which wait in the queue."""
    if config.partition_keys or BACKFILL not in context.run.tags:
        return []
    order = context.instance.get_dynamic_partitions(PARTITIONS)
    keys = take_along(context.instance, context.run, own, order, most, deployment.locks)
    if keys:
        context.log.info(f"{len(keys)} documents that other runs of the backfill waited with")
        tags = {COUNT_TAG: str(len(own) + len(keys))}
        context.instance.add_run_tags(context.run.run_id, tags)
    return keys


def _selected_keys(context: dg.AssetExecutionContext, config: Selection) -> Sequence[str]:
    if config.partition_keys:
        return config.partition_keys
    if context.has_partition_key or context.has_partition_key_range:
        keys: Sequence[str] = context.partition_keys
        return keys
    raise dg.Failure(
        "the run names no documents: select partitions, or give partition_keys in its config",
        allow_retries=False,
    )
