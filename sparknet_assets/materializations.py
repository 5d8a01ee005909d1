"""What the Dagster UI shows of a stage's result: a materialization event with its metadata."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from resources.failure import Failure
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.stages.contract import Stage

DATA_VERSION = "dagster/data_version"
CODE_VERSION = "dagster/code_version"
MAX_THUMBNAIL = 10_000
MAX_PREVIEW = 600
COLUMNS = 90
FLAT = 8
CONTENT = ("title", "preview", "thumbnail", "values")
"""Facts that show what a document says."""


def materialization(
    result: StageResult, stage: Stage, deployment: Deployment, inputs: Mapping[str, str]
) -> dg.AssetMaterialization:
    """The event of a stage that a document finished, whole or with pages missing.

    Args:
        inputs: Tags that say what the result was made from.
    """
    return dg.AssetMaterialization(
        asset_key=stage.name,
        description=f"{stage.name} of {result.ref.doc_id}",
        partition=result.partition_key,
        metadata=metadata(result, stage, deployment),
        tags={
            DATA_VERSION: result.record.data_version,
            CODE_VERSION: stage.code_version,
            **inputs,
        },
    )


def failure_observation(result: StageResult, failure: Failure) -> dg.AssetObservation:
    """Why a stage failed, for the page of the partition; the status itself comes from the run."""
    return dg.AssetObservation(
        asset_key=result.stage,
        description=f"{result.stage} of {result.ref.doc_id}: {failure.kind.value}",
        partition=result.partition_key,
        metadata={
            "document": result.ref.doc_id,
            "failure": failure.kind.value,
            "message": failure.message,
            "retryable": failure.retryable,
            "attempts": failure.attempts,
        },
    )


def metadata(
    result: StageResult, stage: Stage, deployment: Deployment
) -> dict[str, dg.MetadataValue]:
    """The facts of the result for people, the most telling ones first."""
    record = result.record
    values: dict[str, dg.MetadataValue] = {"document": dg.MetadataValue.text(result.ref.doc_id)}
    if record.failed_pages:
        numbers = ", ".join(map(str, record.failed_pages))
        reason = f": {record.failure.message}" if record.failure else ""
        values["missing_pages"] = dg.MetadataValue.text(f"{numbers}{reason}")
    elif record.status == "partial" and record.failure:
        values["missing"] = dg.MetadataValue.text(record.failure.message)
    hidden = () if deployment.settings.event_previews else CONTENT
    for name, fact in record.metadata.items():
        if name not in hidden and fact not in (None, "", [], {}):
            values[name] = _value(name, fact)
    if record.pages:
        values["pages"] = dg.MetadataValue.int(record.pages)
    values |= {
        "seconds": dg.MetadataValue.float(round(record.seconds, 3)),
        "cost_usd": dg.MetadataValue.float(record.cost_usd),
        "reused": dg.MetadataValue.bool(record.reused),
        "fingerprint": dg.MetadataValue.text(record.fingerprint),
    }
    if stage.artifact:
        values["artifact"] = location(result.ref.key(stage.artifact), deployment)
    return values


def failure_table(
    failures: Iterable[tuple[str, tuple[str, str, str]]],
) -> dg.TableMetadataValue:
    """The failed documents as a table.

    Args:
        failures: Document; stage, kind, message.
    """
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"document": name, "stage": stage, "kind": kind, "message": message})
            for name, (stage, kind, message) in failures
        ]
    )


def _value(name: str, fact: Any) -> dg.MetadataValue:
    """A JSON value as the metadata type that shows it best."""
    if name == "thumbnail":
        return _thumbnail(str(fact))
    if name == "values":
        return dg.MetadataValue.table([dg.TableRecord(row) for row in fact])
    match fact:
        case bool():
            return dg.MetadataValue.bool(fact)
        case int():
            return dg.MetadataValue.int(fact)
        case float():
            return dg.MetadataValue.float(round(fact, 4))
        case str() if name == "preview":
            return dg.MetadataValue.md(_quote(fact))
        case str():
            return dg.MetadataValue.text(fact)
        case dict() if _is_flat(fact.values()):
            return dg.MetadataValue.text(", ".join(f"{key}: {fact[key]}" for key in fact))
        case list() if _is_flat(fact):
            return dg.MetadataValue.text(", ".join(map(str, fact)))
        case _:
            return dg.MetadataValue.json(fact)


def _is_flat(values: Collection[Any]) -> bool:
    """True for a few numbers and words: they read better as a line than as JSON."""
    return len(values) <= FLAT and all(isinstance(value, str | int | float) for value in values)


def _thumbnail(image: str) -> dg.MetadataValue:
    """A picture inside the event row; a large one would slow every query down, so it is left out.

    Args:
        image: A `data:` URI, or base64 of a PNG.
    """
    uri = image if image.startswith("data:") else f"data:image/png;base64,{image}"
    if len(uri) > MAX_THUMBNAIL:
        return dg.MetadataValue.text(f"left out: {len(uri)} bytes")
    return dg.MetadataValue.md(f"![first page]({uri})")


def _quote(text: str) -> str:
    """Text as a Markdown code block, which renders none of it."""
    lines = [line for part in text[:MAX_PREVIEW].splitlines() for line in wrap(part, COLUMNS)]
    return "\n".join(["```", *(line.replace("```", "'''") for line in lines), "```"])


def location(key: str, deployment: Deployment) -> dg.MetadataValue:
    """Where an object is, so that it can be copied."""
    return dg.MetadataValue.path(deployment.location(key))
