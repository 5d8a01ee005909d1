"""The checks of `sparknet verify` as Dagster's asset checks: one walk for all checks of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.deployment import Deployment
from sparknet_assets.partitions import PARTITIONS, documents_of
from sparknet_assets.verification import Check, Severity, checks_of, examine
from sparknet_assets.verification.evaluation import Evaluation, Report, evaluate
from sparknet_assets.verification.remedies import advice_for

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

    from sparknet_assets.stages.contract import Stage

VERIFY = "verify"
_SHOWN = 50
_PARTITION = "dagster/partition"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def verification(stages: Sequence[Stage]) -> dg.AssetChecksDefinition:
    """All checks as one op, which walks past everything once.

    It takes no input from the pipeline, unlike what `@multi_asset_check` makes: the pipeline
    yields events and no outputs, so Dagster would skip a check that waits for one. In a run that
    materializes documents, as a backfill of the UI does, the op comes last and looks at these
    documents only.
    """
    checks = {check_spec(check).key: check for check in checks_of(stages)}
    specs = {spec.get_python_identifier(): spec for spec in map(check_spec, checks.values())}

    @dg.op(
        name="verification",
        description="Do originals, artifacts, catalog and index agree?",
        out={name: dg.Out(dg.Nothing, is_required=False) for name in specs},
        tags={"dagster/priority": "-1"},
    )
    def run(context, deployment: dg.ResourceParam[Deployment]):  # type: ignore[no-untyped-def]
        chosen = [checks[key] for key in checks if key in context.selected_asset_check_keys]
        doc_ids = _documents_of(context.run.tags, context.instance, deployment)
        walk = examine(deployment, stages, checks=chosen, doc_ids=doc_ids)
        yield from results(evaluate(walk))

    made: dg.AssetChecksDefinition = dg.AssetChecksDefinition.create(
        keys_by_input_name={},
        node_def=run,
        check_specs_by_output_name=specs,
        can_subset=True,
    )
    return made


def verify_job(checks: dg.AssetChecksDefinition) -> UnresolvedAssetJobDefinition:
    """The job that makes all checks on all documents."""
    return dg.define_asset_job(
        VERIFY,
        selection=dg.AssetSelection.checks(checks),
        description="Do originals, artifacts, catalog and index agree? Changes nothing.",
    )


def check_spec(check: Check) -> dg.AssetCheckSpec:
    """How a check is declared."""
    return dg.AssetCheckSpec(
        check.name, asset=check.asset, description=check.description, blocking=check.blocking
    )


def results(report: Report) -> Iterator[dg.AssetCheckResult]:
    """What a run of the job yields."""
    for evaluation in report.evaluations:
        yield dg.AssetCheckResult(
            asset_key=evaluation.check.asset,
            check_name=evaluation.check.name,
            passed=evaluation.passed,
            severity=_severity(evaluation.check),
            description=_summary(evaluation, report.examined),
            metadata=_metadata(evaluation, report),
        )


def report_to(instance: dg.DagsterInstance, report: Report) -> None:
    """Shows in the UI what a command found, by events that belong to no run."""
    for evaluation in report.evaluations:
        event = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(evaluation.check.asset),
            check_name=evaluation.check.name,
            passed=evaluation.passed,
            severity=_severity(evaluation.check),
            description=_summary(evaluation, report.examined),
            metadata=_metadata(evaluation, report),
            blocking=evaluation.check.blocking,
        )
        instance.report_runless_asset_event(event)


def _severity(check: Check) -> dg.AssetCheckSeverity:
    warning = check.severity is Severity.WARNING
    return dg.AssetCheckSeverity.WARN if warning else dg.AssetCheckSeverity.ERROR


def _summary(evaluation: Evaluation, examined: int) -> str:
    """One line, the first thing that a person reads."""
    if evaluation.passed:
        return f"{examined:,} documents looked at"
    first = evaluation.found[0]
    instance = f"{first.doc_id}: {first.detail}" if first.doc_id else first.detail
    if len(evaluation.found) == 1:
        return instance
    concerned = f"{evaluation.documents:,} of {examined:,} documents" if first.doc_id else "several"
    return f"{concerned}; the first: {instance}"


def _metadata(evaluation: Evaluation, report: Report) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "documents": dg.MetadataValue.int(report.examined),
        "found": dg.MetadataValue.int(len(evaluation.found)),
    }
    if report.busy:
        facts["in_work"] = dg.MetadataValue.int(len(report.busy))
    if evaluation.found:
        facts["first"] = _table(evaluation)
        kinds = sorted({item.kind for item in evaluation.found})
        # Markdown would be hidden behind a link.
        facts["remedy"] = dg.MetadataValue.text(
            "; ".join(f"{kind}: {advice_for(kind)}" for kind in kinds)
        )
    return facts


def _table(evaluation: Evaluation) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"document": item.doc_id, "kind": item.kind, "detail": item.detail})
            for item in evaluation.found[:_SHOWN]
        ]
    )


def _documents_of(
    tags: Mapping[str, str], instance: dg.DagsterInstance, deployment: Deployment
) -> list[str] | None:
    """The documents of a run that materializes some; None in a run that only checks."""
    keys: Iterable[str]
    if _PARTITION in tags:
        keys = [tags[_PARTITION]]
    elif all(tag in tags for tag in _RANGE):
        order = instance.get_dynamic_partitions(PARTITIONS)
        start, end = (order.index(tags[tag]) for tag in _RANGE)
        keys = order[start : end + 1]
    else:
        return None
    found, _ = documents_of(list(keys), deployment.catalog)
    return list(found)
