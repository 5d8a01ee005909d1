"""The fields of a document as they stand: what was extracted, with corrections laid over."""

from __future__ import annotations

from pydantic import ValidationError

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import FIELDS, DocumentRef
from sparknet_assets.fields.correction_log import read_log
from sparknet_assets.fields.overlay import laid_over
from sparknet_assets.fields.schemas import load_schemas
from sparknet_assets.fields.values import DocumentFields, FieldsAsRead

NOT_YET = "its fields were not extracted yet: `sparknet extract DOC` does it"


def fields_of(deployment: Deployment, doc_id: str) -> FieldsAsRead:
    """The fields of a document; corrections count from the moment they were made.

    A document whose fields were not extracted yet has its corrections only, and is not complete.

    Raises:
        SparknetError: `refused`: there is no such document; `unreadable`: a file is damaged.
    """
    record = known_document(deployment, doc_id)
    log = read_log(deployment.storage, doc_id)
    found = extracted_of(deployment, DocumentRef(doc_id, record.raw_key))
    if found is None:
        note = NOT_YET.replace("DOC", doc_id)
        found = DocumentFields(doc_id=doc_id, complete=False, note=note)
    shown = laid_over(found, log, load_schemas(deployment.storage))
    return FieldsAsRead(**dict(shown), version=len(log.entries))


def extracted_of(deployment: Deployment, ref: DocumentRef) -> DocumentFields | None:
    """fields.json; None before there is one.

    Raises:
        SparknetError: It is damaged.
    """
    try:
        return DocumentFields.model_validate_json(deployment.storage.get(ref.key(FIELDS)))
    except ObjectNotFoundError:
        return None
    except ValidationError:
        raise SparknetError(
            FailureKind.UNREADABLE,
            f"{ref.doc_id}: {ref.key(FIELDS)} can't be read; `sparknet verify --repair` makes it"
            " again.",
        ) from None


def known_document(deployment: Deployment, doc_id: str) -> DocumentRecord:
    """The row of a document that is there.

    Raises:
        SparknetError: There is none.
    """
    record = deployment.catalog.get(doc_id)
    if record is None or record.status is DocumentStatus.DELETED:
        raise SparknetError(
            FailureKind.REFUSED, f"There is no document {doc_id}; `sparknet status` lists all."
        )
    return record
