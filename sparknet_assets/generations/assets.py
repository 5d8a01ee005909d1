"""Generations in the Dagster UI: an asset that shows them, their gates as checks, the switch."""

# Dagster reads the annotations of assets and ops, so they are not postponed here.

from collections.abc import Iterator
from typing import Any, Literal

import dagster as dg
from pydantic import Field

from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.generations import switching as generations
from sparknet_assets.generations.gates import GateResult, check_switch
from sparknet_assets.generations.switching import Change
from sparknet_assets.partitions import GROUP
from sparknet_assets.run_owner import owner_tag

GENERATIONS = "index_generations"
SWITCH = "switch_generation"
# Dagster refuses a job and an op of one name.
CHANGE = "change_generation"
RESULT = "result"
_CHECKS = {
    "complete": "Every document that searches are to find is in the new index as it is now.",
    "counts": "Vectors, keyword rows and the chunks of its documents are the same number.",
    "recall": "Words off a page find that page about as often as in the index that answers.",
}


class Wanted(dg.Config):
    """What is to be done with which generation."""

    action: Literal["switch", "rollback", "retire"] = Field(
        default="switch",
        description="`switch` lets another generation answer if the checks pass, `rollback` the "
        "one that did before, `retire` removes one that does not answer.",
    )
    to: str = Field(
        default="",
        description="Name of a generation; for `switch` the one that the settings name by default,"
        " for `rollback` none.",
    )
    force: bool = Field(default=False, description="Switch although a check fails.")


def generations_asset() -> dg.AssetsDefinition:
    """The asset whose page shows how far each generation of the index is."""

    @dg.asset(
        name=GENERATIONS,
        group_name=GROUP,
        kinds={"vectors"},
        description="The generations of the index: which answers, which is built, how far it is.",
    )
    def index_generations(
        deployment: dg.ResourceParam[Deployment],
    ) -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata=_progress(deployment))

    return index_generations


def generation_checks() -> dg.AssetChecksDefinition:
    """The gates of the switch to the generation that the settings name.

    Here they only warn: while it is built, not to pass is as it should be. In the job they block.
    """

    @dg.multi_asset_check(name="generation_gates", specs=_specs())
    def gates(deployment: dg.ResourceParam[Deployment]) -> Iterator[dg.AssetCheckResult]:
        target = deployment.target
        live = deployment.live
        if live is None or live.name == target.name:
            detail = f"{target.name} answers, and is what the settings name."
            found = [GateResult(name, True, detail, {}) for name in _CHECKS]
        else:
            found = check_switch(deployment, target)
        for gate in found:
            yield dg.AssetCheckResult(**_evaluation(gate), severity=dg.AssetCheckSeverity.WARN)

    return gates


def switch_job() -> dg.JobDefinition:
    """The job that changes which generation answers, and removes those that no longer do."""

    @dg.op(name=CHANGE, out={}, description=(Wanted.__doc__ or "").splitlines()[0])
    def change(  # type: ignore[no-untyped-def]
        context: dg.OpExecutionContext, config: Wanted, deployment: dg.ResourceParam[Deployment]
    ):
        context.instance.add_run_tags(context.run.run_id, owner_tag(context.run.run_id))
        try:
            made = _do(config, deployment)
        except SparknetError as error:
            raise dg.Failure(error.message, allow_retries=False) from error
        for gate in made.gates:
            # One that blocks would fail the run of a switch that was forced.
            yield dg.AssetCheckEvaluation(
                **_evaluation(gate),
                severity=dg.AssetCheckSeverity.ERROR,
                blocking=not config.force,
            )
        failed = [gate.detail for gate in made.gates if not gate.passed]
        result = {RESULT: dg.MetadataValue.json(as_json(made))}
        if failed and not made.switched:
            raise dg.Failure(" ".join(failed), metadata=result, allow_retries=False)
        context.log.info(made.said)
        yield dg.AssetMaterialization(
            GENERATIONS,
            description=made.said,
            metadata={"change": made.said, **_progress(deployment), **result},
        )

    @dg.job(name=SWITCH, description="Switch, roll back or retire a generation of the index.")
    def switch_generation() -> None:
        change()

    return switch_generation


def building(deployment: Deployment) -> dg.AssetObservation | None:
    """How far the target is, at the end of a run that wrote to it; None when it answers."""
    live, target = deployment.live, generations.named_by_settings(deployment)
    if live is None or target is None or live.name == target.name:
        return None
    held = {name: len(deployment.catalog.holdings(name)) for name in (target.name, live.name)}
    return dg.AssetObservation(
        GENERATIONS,
        description=(
            f"{target.name} holds {held[target.name]:,} documents, {live.name}, which answers,"
            f" {held[live.name]:,}"
        ),
        metadata={"building": target.name, "live": live.name, "documents": held},
    )


def as_json(made: Change) -> dict[str, Any]:
    """JSON values of what was done."""
    return {**made._asdict(), "gates": [gate._asdict() for gate in made.gates], "said": made.said}


def _do(wanted: Wanted, deployment: Deployment) -> Change:
    match wanted.action:
        case "retire":
            return generations.retire(deployment, wanted.to)
        case "rollback":
            return generations.rollback(deployment)
        case _:
            return generations.switch(deployment, wanted.to, force=wanted.force)


def _specs() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(f"generation_{name}", asset=GENERATIONS, description=description)
        for name, description in _CHECKS.items()
    ]


def _evaluation(gate: GateResult) -> dict[str, Any]:
    return {
        "asset_key": dg.AssetKey(GENERATIONS),
        "check_name": f"generation_{gate.name}",
        "passed": gate.passed,
        "description": gate.detail,
        "metadata": gate.figures,
    }


def _progress(deployment: Deployment) -> dict[str, dg.MetadataValue]:
    rows = generations.progress(deployment)
    live = next((row for row in rows if "live" in row.roles), None)
    table = [
        dg.TableRecord(
            {
                "generation": row.name,
                "roles": ", ".join(row.roles),
                "documents": f"{row.documents:,} of {row.of_documents:,}",
                "chunks": row.chunks,
                "vectors": row.vectors,
                "keyword rows": row.keyword_rows,
                "MiB": round(row.size / 2**20, 1),
            }
        )
        for row in rows
    ]
    values: dict[str, dg.MetadataValue] = {
        "live": dg.MetadataValue.text(live.name if live else ""),
        "generations": dg.MetadataValue.table(table),
        "count": dg.MetadataValue.int(len(rows)),
    }
    hint = generations.next_step(rows)
    return values | ({"next": dg.MetadataValue.text(hint)} if hint else {})
