"""What a removal means to do: written down before it begins, so that whoever resumes it knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from resources.catalog import Catalog, DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from sparknet_assets.digests import stored_sha256
from sparknet_assets.originals import find_raw
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.raw_names import RAW
from sparknet_assets.records import new_document
from sparknet_assets.removal.receipts import Amount
from sparknet_assets.removal.remains import Remains, count_originals, originals_of

_FACTS = "removal/"


class Intent(BaseModel):
    """A removal under way: a fact in the catalog from its beginning to its receipt.

    Attributes:
        sha256: Of the original; empty when that was gone before it was ever read.
        originals: Key -> change mark of the originals to be removed. What has another mark arrived
            later: it is a new document under the old id.
        found: What there was, by store.
    """

    doc_id: str
    partition_key: str
    filename: str
    sha256: str
    pages: int
    reason: str
    requested_by: str
    started: datetime
    originals: dict[str, str]
    found: dict[str, Amount] = Field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """No store has anything of the document."""
        return not any(amount.count for amount in self.found.values())


def is_unfinished(record: DocumentRecord | None) -> bool:
    """Whether the removal of this document was begun and has no receipt."""
    deleted = record is not None and record.status is DocumentStatus.DELETED
    return deleted and record is not None and not record.receipt


def unfinished(catalog: Catalog) -> list[str]:
    """Documents whose removal was begun and has no receipt yet."""
    begun = intents(catalog)
    records = catalog.get_many(begun)
    return [doc_id for doc_id in begun if is_unfinished(records.get(doc_id))]


def intents(catalog: Catalog) -> dict[str, Intent]:
    """doc_id -> intent of each removal that has no receipt yet."""
    found = (Intent.model_validate_json(value) for value in catalog.facts(_FACTS).values())
    return {intent.doc_id: intent for intent in found}


def put_intents(catalog: Catalog, intents: Sequence[Intent]) -> None:
    """Writes down what is about to be done, or what is new about it."""
    catalog.put_facts({_FACTS + intent.doc_id: intent.model_dump_json() for intent in intents})


def drop_intents(catalog: Catalog, doc_ids: Sequence[str]) -> None:
    """Forgets removals that have their receipts."""
    catalog.delete_facts([_FACTS + doc_id for doc_id in doc_ids])


def new_intent(
    deployment: Deployment,
    doc_id: str,
    record: DocumentRecord | None,
    found: Remains,
    *,
    reason: str,
    requested_by: str,
    keep_raw: bool,
) -> Intent:
    """An intent to remove what there is of a document now.

    Args:
        found: What there is beside the original.
        keep_raw: Remove no originals.
    """
    there = originals_of(deployment.storage, doc_id)
    if record is not None and is_unfinished(record):
        # Begun by someone who left no word of it: what nobody has read yet may be new.
        there = {key: mark for key, mark in there.items() if mark == record.raw_version}
    originals = {} if keep_raw else there
    filename, digest = _original(deployment, doc_id, record, there)
    now = datetime.now(UTC)
    return Intent(
        doc_id=doc_id,
        partition_key=partition_key(doc_id),
        filename=filename,
        sha256=digest,
        pages=record.pages if record else 0,
        reason=reason,
        requested_by=requested_by,
        started=now,
        originals=originals,
        found={"raw": count_originals(deployment.storage, originals), **found},
    )


def _original(
    deployment: Deployment, doc_id: str, record: DocumentRecord | None, there: dict[str, str]
) -> tuple[str, str]:
    """File name and hash of the document's bytes: as they are, or as they were last read."""
    recorded = record.raw_key if record else ""
    key = recorded if recorded in there else find_raw(doc_id, deployment)
    if key is None or (record and there.get(key) == record.raw_version and record.raw_sha256):
        return recorded.rsplit("/", 1)[-1], record.raw_sha256 if record else ""
    return key.rsplit("/", 1)[-1], stored_sha256(deployment.storage, key)


def tombstone(
    deployment: Deployment, intent: Intent, record: DocumentRecord | None
) -> DocumentRecord:
    """The record of a document whose removal has begun."""
    if record is None:
        raw_key = find_raw(intent.doc_id, deployment) or f"{RAW}{intent.doc_id}"
        record = new_document(intent.doc_id, intent.partition_key, raw_key)
    return record.model_copy(
        update={
            "status": DocumentStatus.DELETED,
            "failure": None,
            "stale": "",
            "receipt": "",
            "media_type": "",
            "title": "",
            "pages": 0,
            "chunks": 0,
            "updated_at": datetime.now(UTC),
        }
    )


def signed(record: DocumentRecord, receipt: str) -> DocumentRecord:
    """The tombstone of a document that is gone: no mark of it vouches for bytes that come later."""
    state = {
        "status": DocumentStatus.DELETED,  # whatever another wrote over it meanwhile
        "receipt": receipt,
        "raw_version": "",
        "raw_sha256": "",
        "updated_at": datetime.now(UTC),
    }
    return record.model_copy(update=state)
