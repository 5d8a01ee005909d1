"""Documents out of every store."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from sparknet_assets.api.context import ApiDep, CallerDep, requires
from sparknet_assets.api.problems import ProblemError
from sparknet_assets.receipts import Receipt, RemovalError

router = APIRouter(tags=["documents"], dependencies=[Depends(requires("write"))])
# A document that a run holds: the caller may try again rather than wait for long.
_WAIT_SECONDS = 10.0


class RemovalReceipt(Receipt):
    """The receipt of a removal, and the key under which it is stored."""

    receipt: str


@router.delete("/documents/{doc_id}", operation_id="deleteDocument")
def delete_document(
    api: ApiDep,
    caller: CallerDep,
    doc_id: str,
    reason: Annotated[str, Query(max_length=500, description="For the receipt.")] = "",
) -> RemovalReceipt:
    """Removes a document and all that was made from it, for good, and proves it."""
    record = api.document(doc_id)
    if record.receipt:
        raise ProblemError(404, f"The document {doc_id} was deleted.", doc_id=doc_id)
    from sparknet_assets.removals import execute_removal

    with api.removing:
        try:
            receipts = execute_removal(
                api.deployment,
                [doc_id],
                reason=reason or "deleted through the API",
                requested_by=f"{caller.name} through the API",
                wait_seconds=_WAIT_SECONDS,
            )
        except RemovalError as error:
            failure = next(iter(error.failures.values()))
            raise ProblemError(
                409, failure.message, kind=failure.kind.value, doc_id=doc_id
            ) from None
    receipt = receipts[0]
    return RemovalReceipt(**receipt.model_dump(), receipt=receipt.key)
