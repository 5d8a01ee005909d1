"""Removals in Dagster: the job that runs them, and the asset that shows their receipts."""

# Dagster reads the annotations of ops, so they are not postponed here.

import uuid
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import dagster as dg
from pydantic import Field

from resources.deployment import Deployment
from sparknet_assets.instance import open_instance
from sparknet_assets.materializations import location
from sparknet_assets.partitions import GROUP
from sparknet_assets.removal.gone_partitions import deleted_partitions, forget_partitions
from sparknet_assets.removal.receipts import Amount, Receipt, RemovalError
from sparknet_assets.removal.removing import WAIT_SECONDS, remove
from sparknet_assets.run_owner import owner_tag

REMOVALS = "removals"
REMOVE_DOCUMENTS = "remove_documents"
# A job and an op of one name are refused.
OP = "remove"
_NAMED = 5
STORES = {
    "raw": "the original",
    "processed": "pages, text, chunks, embeddings, fields",
    "corrections": "what people set right in its fields",
    "vectors": "passages in the index",
    "keyword_rows": "the same for the search by words",
    "cache": "texts and vectors that no other document uses",
    "stages": "records of its stages",
    "holdings": "its entries in the generations of the index",
    "events": "its events in Dagster",
}
"""The stores that a receipt counts, in the order of the table: what each holds of a document."""


class Removal(dg.Config):
    """Which documents go, and why."""

    doc_ids: list[str] = Field(
        description="The documents, by the names that `sparknet status` and the asset `documents` "
        "show, such as [lease-pdf, report-pdf]."
    )
    reason: str = Field(default="removed from the Dagster UI", description="For the receipts.")
    requested_by: str = Field(
        default="", description="For the receipts: who asked; the run when empty."
    )
    keep_raw: bool = Field(
        default=False,
        description="Leave the originals. The sensor then takes them for new documents.",
    )


def removals_spec() -> dg.AssetSpec:
    """The receipts: an event for each document that was removed."""
    return dg.AssetSpec(
        REMOVALS,
        description="Receipts of documents that were removed: what went from which store, and the "
        "proof that nothing is left. `receipts/{doc_id}/{time}.json`.",
        group_name=GROUP,
        kinds={"json"},
    )


class RemovalDoor:
    """What a command that removes documents in its own process brings along, and takes back."""

    def __init__(
        self,
        progress: Callable[[str], None] = lambda _: None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.progress = progress
        self.wait_seconds = wait_seconds
        self.receipts: list[Receipt] = []
        self.error: BaseException | None = None


def removal_job(door: RemovalDoor | None = None) -> dg.JobDefinition:
    """The job `remove_documents`."""
    shown = door or RemovalDoor()

    @dg.op(name=OP, description="Every store is asked again at the end; receipts say the result.")
    def op(
        context: dg.OpExecutionContext, config: Removal, deployment: dg.ResourceParam[Deployment]
    ) -> None:
        context.instance.add_run_tags(context.run_id, owner_tag(context.run_id))
        try:
            receipts, failures = _remove(context, config, deployment, shown)
        except BaseException as error:
            shown.error = shown.error or error
            raise
        shown.receipts = receipts
        if failures:
            raise _failure(failures, len(config.doc_ids))

    @dg.job(
        name=REMOVE_DOCUMENTS,
        description="Removes documents from every store and writes a receipt for each.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        op()

    return job


def _remove(
    context: dg.OpExecutionContext, config: Removal, deployment: Deployment, door: RemovalDoor
) -> tuple[list[Receipt], dict[str, str]]:
    """Removes, reports each receipt, and takes the partitions of what is gone off the list."""
    failures: dict[str, str] = {}
    try:
        receipts = remove(
            deployment,
            config.doc_ids,
            reason=config.reason,
            requested_by=config.requested_by or f"the run {context.run_id}",
            instance=context.instance,
            keep_raw=config.keep_raw,
            progress=door.progress,
            wait_seconds=door.wait_seconds,
        )
    except RemovalError as error:
        door.error = error
        receipts = error.receipts
        failures = {doc_id: failure.message for doc_id, failure in error.failures.items()}
    for receipt in receipts:
        context.log_event(receipt_event(receipt, deployment))
    # Those of earlier removals as well, which were left to the next.
    gone = deleted_partitions(context.instance, deployment.catalog)
    left = forget_partitions(context.instance, gone)
    if left:
        context.log.info(f"partitions that unfinished runs hold stay for now: {', '.join(left)}")
    return receipts, failures


def receipt_event(receipt: Receipt, deployment: Deployment) -> dg.AssetMaterialization:
    """The event that shows a receipt."""
    rows = [
        dg.TableRecord(
            {
                "store": name,
                "what": STORES.get(name, ""),
                "removed": amount.count,
                "bytes": "" if amount.bytes is None else amount.bytes,
                "remaining": receipt.remaining.get(name, 0),
            }
        )
        for name, amount in sorted(receipt.removed.items(), key=_place)
    ]
    remaining = sum(receipt.remaining.values())
    reclaimed = sum(each.bytes_before - each.bytes_after for each in receipt.compaction)
    metadata: dict[str, Any] = {
        "document": receipt.doc_id,
        "file": receipt.filename,
        "sha256": receipt.sha256,
        "pages": receipt.pages,
        "reason": receipt.reason,
        "requested_by": receipt.requested_by,
        "receipt": location(receipt.key, deployment),
        "stores": dg.MetadataValue.table(rows),
        "remaining": remaining,
        "complete": receipt.complete,
        "seconds": round((receipt.finished - receipt.started).total_seconds(), 3),
        "reclaimed_bytes": reclaimed,
    }
    if receipt.notes:
        metadata["notes"] = "; ".join(receipt.notes)
    if receipt.kept:
        metadata["kept"] = ", ".join(receipt.kept)
    left = f"{remaining:,} remain" if remaining else "nothing remains in any store"
    return dg.AssetMaterialization(
        REMOVALS, description=f"{receipt.doc_id} was removed; {left}.", metadata=metadata
    )


def _place(item: tuple[str, Amount]) -> int:
    names = list(STORES)
    return names.index(item[0]) if item[0] in names else len(names)


def _failure(failures: dict[str, str], asked: int) -> dg.Failure:
    named = ", ".join(list(failures)[:_NAMED])
    more = f" and {len(failures) - _NAMED} more" if len(failures) > _NAMED else ""
    table = [dg.TableRecord({"document": d, "message": m}) for d, m in failures.items()]
    return dg.Failure(
        f"{len(failures)} of {asked} documents were not removed: {named}{more}",
        metadata={"not_removed": dg.MetadataValue.table(table)},
        allow_retries=False,
    )


def execute_removal(
    deployment: Deployment,
    doc_ids: Sequence[str],
    *,
    reason: str,
    requested_by: str,
    instance: dg.DagsterInstance | None = None,
    keep_raw: bool = False,
    wait_seconds: float = WAIT_SECONDS,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Receipt]:
    """Runs the job in this process, so that the UI shows the removal.

    Args:
        instance: The shared instance by default.

    Raises:
        RemovalError: Some documents could not be removed; it has the receipts of the others.
    """
    door = RemovalDoor(progress, wait_seconds)
    config = Removal(
        doc_ids=list(doc_ids), reason=reason, requested_by=requested_by, keep_raw=keep_raw
    )
    run_id = str(uuid.uuid4())
    opened = nullcontext(instance) if instance else open_instance(deployment.settings)
    with opened as shared:
        removal_job(door).execute_in_process(
            run_id=run_id,
            run_config={
                "ops": {OP: {"config": config.model_dump()}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            instance=shared,
            resources={"deployment": deployment},
            tags=owner_tag(run_id),
            raise_on_error=False,
        )
    if door.error:
        raise door.error
    return door.receipts
