"""What changes a document that is there: its tier, its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from resources.tiers import Tier
from sparknet_assets.api.context import ApiDep, CallerDep, requires
from sparknet_assets.api.problems import ProblemError
from sparknet_assets.api.rows import DocumentRow, rows
from sparknet_assets.removal.receipts import Receipt, RemovalError

router = APIRouter(tags=["documents"], dependencies=[Depends(requires("write"))])
# A document that a run holds: the caller may try again rather than wait for long.
_WAIT_SECONDS = 10.0


class RemovalReceipt(Receipt):
    """The receipt of a removal, and the key under which it is stored."""

    receipt: str


class DocumentChange(BaseModel):
    """What is to be another way."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tier": "basic"}]})

    tier: Tier


@router.patch("/documents/{doc_id}", operation_id="changeDocument")
def change_document(api: ApiDep, doc_id: str, body: DocumentChange) -> DocumentRow:
    """Gives a document a tier. Redoes nothing: `/plan` says what follows, `/runs` does it."""
    from sparknet_assets.tiers import set_tier

    api.there(doc_id)
    return rows(api.deployment, set_tier(api.deployment, [doc_id], body.tier))[0]


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
    from sparknet_assets.removal.job import execute_removal

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
