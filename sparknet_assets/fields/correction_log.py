"""The corrections of a document as they are stored: `corrections/{doc_id}/fields.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.storage import ObjectNotFoundError, StorageAdapter
from resources.vector_store import PageBox

SCHEMA_VERSION = 1
CORRECTIONS = "corrections/"


class Correction(BaseModel):
    """One thing that a person set right, or took back.

    Attributes:
        field: Name of a field, or `table.ROW.column` with rows counted from 0.
        value: As the type of the field has it; None: it is not in the document.
        before: The value that was shown until then, a correction perhaps.
        extracted: The value that was found, without corrections.
        by: Who says so.
        dropped: The correction of before is taken back; `value` is the extracted one.
    """

    model_config = ConfigDict(
        frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    schema_name: str = Field(alias="schema")
    field: str
    value: Any = None
    before: Any = None
    extracted: Any = None
    by: str
    at: datetime
    note: str = ""
    dropped: bool = False
    page: int | None = None
    boxes: list[PageBox] = Field(default_factory=list)


class CorrectionLog(BaseModel):
    """All that people said about the fields of a document; entries are only ever added.

    Attributes:
        schemas: The kinds that the document is, as a person said; None: found out by itself.
    """

    schema_version: int = SCHEMA_VERSION
    doc_id: str
    schemas: list[str] | None = None
    entries: list[Correction] = Field(default_factory=list)

    def said_since(self, version: int, schema: str, field: str) -> Correction | None:
        """The last word on a field, if it came after the first `version` corrections."""
        later = reversed(self.entries[version:])
        return next((e for e in later if (e.schema_name, e.field) == (schema, field)), None)

    @property
    def in_force(self) -> dict[tuple[str, str], Correction]:
        """(schema, field) -> the last word on it, unless that took it back."""
        last = {(entry.schema_name, entry.field): entry for entry in self.entries}
        return {place: entry for place, entry in last.items() if not entry.dropped}

    @property
    def version(self) -> str:
        """Data version: of what is in force, so that taking back restores it; empty: nothing."""
        if not self.entries and self.schemas is None:
            return ""
        said = sorted(
            entry.model_dump_json(include={"schema_name", "field", "value", "page", "boxes"})
            for entry in self.in_force.values()
        )
        if not said and self.schemas is None:
            return ""
        return hashlib.sha256("\n".join([*said, repr(self.schemas)]).encode()).hexdigest()


def log_key(doc_id: str) -> str:
    """Where the corrections of a document are."""
    return f"{CORRECTIONS}{doc_id}/fields.json"


def read_log(storage: StorageAdapter, doc_id: str) -> CorrectionLog:
    """The corrections of a document; empty where there are none.

    Raises:
        SparknetError: What is stored can't be read: nothing may be written over it.
    """
    key = log_key(doc_id)
    try:
        return CorrectionLog.model_validate_json(storage.get(key))
    except ObjectNotFoundError:
        return CorrectionLog(doc_id=doc_id)
    except ValidationError:
        raise SparknetError(
            FailureKind.UNREADABLE,
            f"{doc_id}: its corrections ({key}) can't be read; put back a version that can, or"
            " remove the file.",
        ) from None


def write_log(storage: StorageAdapter, log: CorrectionLog) -> None:
    """Makes the corrections durable."""
    storage.put(log_key(log.doc_id), log.model_dump_json(indent=1).encode() + b"\n")


@contextmanager
def correcting(deployment: Deployment) -> Iterator[None]:
    """Keeps writers of corrections apart, and from a removal of the document."""
    with deployment.locks.hold("field-corrections"):
        yield


def remove_log(storage: StorageAdapter, doc_id: str) -> None:
    """Removes the corrections of a document that is being removed."""
    folder = f"{CORRECTIONS}{doc_id}"
    storage.delete_many([info.key for info in storage.list(f"{folder}/")])
    storage.sweep(folder)
