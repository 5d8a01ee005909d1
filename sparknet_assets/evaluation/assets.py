"""Evaluation in the Dagster UI: an asset a kind, with history, and a check for regressions."""

# Dagster reads the annotations of assets, so they are not postponed here.

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg
from pydantic import Field

from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.evaluation import history
from sparknet_assets.evaluation.chart import COLOURS, as_markdown, line_chart
from sparknet_assets.evaluation.evaluate import Outcome, evaluate
from sparknet_assets.evaluation.measured import Kind, Sample
from sparknet_assets.run_owner import owner_tag

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

GROUP = "evaluation"
EVALUATE = "evaluate"
CHECK = "no_regression"
_CHARTED = 50


class _Quality(NamedTuple):
    """One asset: what it measures, and what that comes from."""

    asset: str
    kind: Kind
    upstream: tuple[str, ...]
    description: str
    headline: tuple[str, ...]


QUALITIES = (
    _Quality(
        "ocr_quality",
        "ocr",
        ("ocr_text",),
        "How much of the true texts was read right: CER, WER, words.",
        ("cer", "wer", "word_f1"),
    ),
    _Quality(
        "retrieval_quality",
        "retrieval",
        ("vector_index",),
        "Where search ranks what the questions are about: recall, MRR, nDCG.",
        ("document.recall@1", "document.recall@10", "document.mrr@10", "page.recall@5"),
    ),
    _Quality(
        "answer_quality",
        "answers",
        ("vector_index",),
        "Whether answers cite the right place, and quote what is there.",
        ("answered", "refused", "document_hit", "page_hit", "any_quote", "quotes_verified"),
    ),
    _Quality(
        "field_quality",
        "fields",
        ("extracted_fields",),
        "How many fields were found right, by the set and by what people corrected: F1.",
        ("f1", "f1_normalised", "right", "right_normalised"),
    ),
)


class EvaluationSetConfig(dg.Config):
    """Which evaluation set, and how much of it."""

    where: str = Field(
        default="",
        description="A folder, or the name of a set in the storage; by default `evaluation/`.",
    )
    sample: int = Field(default=0, ge=0, description="At most so many items; 0: all.")
    seed: int = Field(default=0, description="Another seed gives another sample.")
    accept: bool = Field(default=False, description="Hold later figures against these.")


def evaluation_assets() -> list[dg.AssetsDefinition]:
    """An asset for each kind; to materialize it is to measure."""
    return [_asset(quality) for quality in QUALITIES]


def evaluate_job(assets: Sequence[dg.AssetsDefinition]) -> "UnresolvedAssetJobDefinition":
    """The job that measures all kinds."""
    return dg.define_asset_job(
        EVALUATE,
        selection=dg.AssetSelection.assets(*assets),
        description="Measures reading, search, answers and fields on a set of truths.",
    )


def _asset(quality: _Quality) -> dg.AssetsDefinition:
    @dg.asset(
        name=quality.asset,
        group_name=GROUP,
        kinds={"evaluation"},
        deps=list(quality.upstream),
        description=quality.description,
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=quality.asset,
                description="No figure is worse than the accepted one by more than two standard"
                " errors of the difference, item by item.",
            )
        ],
    )
    def measured(  # type: ignore[no-untyped-def] # Dagster takes no generic result beside checks
        context: dg.AssetExecutionContext,
        config: EvaluationSetConfig,
        deployment: dg.ResourceParam[Deployment],
    ):
        context.instance.add_run_tags(context.run.run_id, owner_tag(context.run.run_id))
        try:
            outcomes = evaluate(
                deployment,
                config.where,
                only=[quality.kind],
                sample=Sample(config.sample or None, config.seed),
                accept=config.accept,
            )
        except SparknetError as error:
            raise dg.Failure(error.message, allow_retries=False) from error
        return _result(outcomes[0] if outcomes else None, quality, config, deployment)

    return measured


def _result(
    outcome: Outcome | None,
    quality: _Quality,
    config: EvaluationSetConfig,
    deployment: Deployment,
) -> dg.MaterializeResult[Any]:
    if outcome is None:
        said = "The set has no truth for this; docs/evaluation.md says how to give some."
        check = dg.AssetCheckResult(check_name=CHECK, passed=True, description=said)
        return dg.MaterializeResult(metadata={"items": 0, "note": said}, check_results=[check])
    return dg.MaterializeResult(
        metadata=_metadata(outcome, quality, deployment),
        check_results=[_check(outcome, config.accept)],
    )


def _check(outcome: Outcome, accept: bool) -> dg.AssetCheckResult:
    """Figures that were just accepted are what later ones are held against: no regression."""
    worse = [] if accept else outcome.regressions
    said = "; ".join(
        f"{c.name} {c.now:.3f}, accepted {c.before:.3f}, tolerance {c.tolerance:.3f}" for c in worse
    )
    compared = sum(change.tolerance is not None for change in outcome.changes)
    return dg.AssetCheckResult(
        check_name=CHECK,
        passed=not worse,
        severity=dg.AssetCheckSeverity.ERROR,
        description=said or f"{compared} figures compared, none worse by more than its tolerance",
        metadata={"compared": compared, "regressions": len(worse), "changes": _table(outcome)},
    )


def _metadata(
    outcome: Outcome, quality: _Quality, deployment: Deployment
) -> dict[str, dg.MetadataValue]:
    """The figures by name, which the UI draws over time, then what they are of."""
    entry = outcome.entry
    values: dict[str, dg.MetadataValue] = {"items": dg.MetadataValue.int(entry.items)}
    values |= {
        name: dg.MetadataValue.float(round(value, 4)) for name, value in entry.figures.items()
    }
    values["figures"] = _table(outcome)
    values["history"] = _chart(entry.set_name, quality, deployment)
    if outcome.measured.problems:
        values["problems"] = dg.MetadataValue.text("\n".join(outcome.measured.problems))
    return values | {
        "set": dg.MetadataValue.text(entry.set_name),
        "set_sha256": dg.MetadataValue.text(entry.set_sha256),
        "generation": dg.MetadataValue.text(entry.generation),
        "settings_sha256": dg.MetadataValue.text(entry.settings_sha256),
        "code_version": dg.MetadataValue.text(entry.code_version),
    }


def _table(outcome: Outcome) -> dg.TableMetadataValue:
    def told(value: float | None) -> str:
        return "" if value is None else f"{value:.4f}"

    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "figure": change.name,
                    "value": told(change.now),
                    "accepted": told(change.before),
                    "tolerance": told(change.tolerance),
                    "items compared": change.items,
                    "worse": "yes" if change.regressed else "",
                }
            )
            for change in outcome.changes
        ]
    )


def _chart(set_name: str, quality: _Quality, deployment: Deployment) -> dg.MetadataValue:
    entries = history.read(deployment.storage, set_name, quality.kind)[-_CHARTED:]
    names = [name for name in quality.headline if any(name in e.figures for e in entries)]
    series = {name: [e.figures.get(name) for e in entries] for name in names[: len(COLOURS)]}
    dates = [f"{entry.when:%Y-%m-%d %H:%M}" for entry in entries]
    return dg.MetadataValue.md(as_markdown(line_chart(series, dates), f"{quality.asset} over time"))
