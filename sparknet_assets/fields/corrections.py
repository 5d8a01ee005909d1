"""What people set right about fields: typed, checked, kept apart from what is extracted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.vector_store import PageBox
from sparknet_assets.fields.correction_log import (
    Correction,
    correcting,
    read_log,
)
from sparknet_assets.fields.noted import store_corrections
from sparknet_assets.fields.overlay import value_of
from sparknet_assets.fields.paths import Path, parse_path, value_at
from sparknet_assets.fields.reading import fields_of, known_document
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema
from sparknet_assets.fields.schemas import load_schemas
from sparknet_assets.fields.summary import shown as as_text
from sparknet_assets.fields.typed import check, read
from sparknet_assets.fields.values import FieldValue, Found

# More than any form has; a loop of a program is stopped before the file grows without end.
MOST_ENTRIES = 10_000
_TEXTS = (FieldType.TEXT, FieldType.NAME, FieldType.ADDRESS, FieldType.IDENTIFIER)
_EXAMPLES = {
    FieldType.DATE: "a date, such as 2024-05-31",
    FieldType.AMOUNT: "an amount, such as EUR 1234.50",
    FieldType.NUMBER: "a number, such as 1234.5",
    FieldType.CHOICE: "yes or no",
}


class CorrectedSinceError(SparknetError):
    """Someone else set the field right after it was read; nothing was written."""


class Said(NamedTuple):
    """What a field is after a correction.

    Attributes:
        value: None where nothing was found, and nobody says otherwise.
        version: Number of corrections of the document, this one included.
    """

    value: FieldValue | None
    version: int


def correct(
    deployment: Deployment,
    doc_id: str,
    schema: str,
    field: str,
    value: Any,
    *,
    by: str,
    note: str = "",
    page: int | None = None,
    boxes: Sequence[PageBox] = (),
    expected_version: int | None = None,
) -> Said:
    """Sets a field right. The last word counts; all are kept.

    Args:
        field: Its name, or `table.ROW.column` with rows counted from 0; the row after the last is
            a new one.
        value: JSON as the type of the field has it, or text as a person types it; None: it is not
            in the document.
        by: Who says so.
        page, boxes: Where it stands (1-based, fractions of the page), if someone showed it.
        expected_version: The `version` of the fields that the caller read.

    Raises:
        CorrectedSinceError: The field was corrected after `expected_version`.
        SparknetError: `refused`: there is no such document, schema or field, or the value is not
            of its type, or a box is none.
    """
    spec_of = _schema(deployment, schema)
    path = parse_path(spec_of, field)
    typed = _typed(path.spec, field, value)
    _check_boxes(doc_id, boxes)
    with correcting(deployment):
        shown, found = _now(deployment, doc_id, schema)
        _check_version(deployment, doc_id, (schema, field), expected_version)
        _check_row(shown, path, field)
        entry = Correction(
            schema_name=schema,
            field=field,
            value=typed,
            before=_content(value_at(shown, path)),
            extracted=_content(value_at(found, path)),
            by=by,
            at=datetime.now(UTC),
            note=note,
            page=page,
            boxes=list(boxes),
        )
        version = _add(deployment, doc_id, entry)
    value_now = value_of(entry)
    return Said(value_now.model_copy(update={"problems": _problems(path.spec, typed)}), version)


def _check_boxes(doc_id: str, boxes: Sequence[PageBox]) -> None:
    """What is no number can't be written as JSON: all corrections of the document would be lost."""
    if not all(isfinite(side) for box in boxes for side in box[1:]):
        raise SparknetError(
            FailureKind.REFUSED,
            f"{doc_id}: a box needs numbers, fractions of the page, for all four sides.",
        )


def _check_version(
    deployment: Deployment, doc_id: str, place: tuple[str, str], expected: int | None
) -> None:
    """Refuses to write over what the writer has not seen."""
    if expected is None:
        return
    log = read_log(deployment.storage, doc_id)
    if not 0 <= expected <= len(log.entries):
        raise CorrectedSinceError(
            FailureKind.REFUSED,
            f"{doc_id} has {len(log.entries)} corrections, so version {expected} is of other"
            " ones; look at its fields again, then correct them.",
        )
    other = log.said_since(expected, *place)
    if other is not None:
        now = "took the correction back" if other.dropped else f"made it {as_text(other.value)}"
        raise CorrectedSinceError(
            FailureKind.REFUSED,
            f"{doc_id}: {'.'.join(place)} was changed by someone else meanwhile: {other.by}"
            f" {now}. Look at it again, then correct it.",
        )


def drop(
    deployment: Deployment,
    doc_id: str,
    schema: str,
    field: str,
    by: str,
    *,
    note: str = "",
    expected_version: int | None = None,
) -> Said:
    """Takes the correction of a field back; the extracted value, or None, stands again.

    Args:
        expected_version: As of `correct`.

    Raises:
        CorrectedSinceError: The field was corrected after `expected_version`.
        SparknetError: `refused`: there is no such document, schema or field, or nothing to drop.
    """
    path = parse_path(_schema(deployment, schema), field)
    with correcting(deployment):
        shown, found = _now(deployment, doc_id, schema)
        _check_version(deployment, doc_id, (schema, field), expected_version)
        if (schema, field) not in read_log(deployment.storage, doc_id).in_force:
            raise SparknetError(
                FailureKind.REFUSED, f"{doc_id}: {schema}.{field} was not corrected."
            )
        extracted = value_at(found, path)
        entry = Correction(
            schema_name=schema,
            field=field,
            value=_content(extracted),
            before=_content(value_at(shown, path)),
            extracted=_content(extracted),
            by=by,
            at=datetime.now(UTC),
            note=note,
            dropped=True,
        )
        return Said(extracted, _add(deployment, doc_id, entry))


def history(deployment: Deployment, doc_id: str) -> list[Correction]:
    """All corrections of a document, the oldest first.

    Raises:
        SparknetError: There is no such document, or what is stored is damaged.
    """
    known_document(deployment, doc_id)
    return read_log(deployment.storage, doc_id).entries


def choose_schemas(deployment: Deployment, doc_id: str, schemas: Sequence[str] | None) -> bool:
    """Says which kinds a document is; None leaves that to its marks again.

    Returns:
        Whether that is something new.

    Raises:
        SparknetError: `refused`: there is no such document or schema.
    """
    for name in schemas or ():
        _schema(deployment, name)
    with correcting(deployment):
        known_document(deployment, doc_id)
        log = read_log(deployment.storage, doc_id)
        chosen = None if schemas is None else list(dict.fromkeys(schemas))
        if chosen == log.schemas:
            return False
        store_corrections(deployment, log.model_copy(update={"schemas": chosen}))
    return True


def _add(deployment: Deployment, doc_id: str, entry: Correction) -> int:
    log = read_log(deployment.storage, doc_id)
    if len(log.entries) >= MOST_ENTRIES:
        raise SparknetError(
            FailureKind.REFUSED, f"{doc_id} has {MOST_ENTRIES:,} corrections; it takes no more."
        )
    store_corrections(deployment, log.model_copy(update={"entries": [*log.entries, entry]}))
    return len(log.entries) + 1


def _now(deployment: Deployment, doc_id: str, schema: str) -> tuple[Found, Found]:
    """What is shown of a schema at present, and what of it was found."""
    for part in fields_of(deployment, doc_id).schemas:
        if part.schema_name == schema:
            return Found(fields=part.fields, tables=part.tables), part.found
    return Found(), Found()


def _schema(deployment: Deployment, name: str) -> Schema:
    schemas = load_schemas(deployment.storage)
    if name not in schemas:
        raise SparknetError(
            FailureKind.REFUSED,
            f"There is no schema {name}. There are: {', '.join(sorted(schemas)) or 'none'};"
            " `sparknet schemas` says what is wrong with files that are left out.",
        )
    return schemas[name]


def _check_row(shown: Found, path: Path, field: str) -> None:
    if path.table is None:
        return
    table = shown.tables.get(path.table.name)
    rows = len(table.rows) if table else 0
    if path.row > rows:
        raise SparknetError(
            FailureKind.REFUSED, f"{field}: {path.table.name} has {rows} rows; the next is {rows}."
        )


def _typed(spec: FieldSpec, field: str, value: Any) -> Any:
    """The value as JSON of the field's type. Raises SparknetError (`refused`)."""
    if value is None:
        return None
    bare = FieldSpec(name="value", type=spec.type)
    if isinstance(value, str) and spec.type in _TEXTS:
        value = value.strip()
    if not check(bare, value):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        value = str(value)
    reading = read(spec.type, value) if isinstance(value, str) else None
    if reading is None:
        expected = _EXAMPLES.get(spec.type, "a text that is not empty")
        raise SparknetError(FailureKind.REFUSED, f"{field} takes {expected}.")
    return reading.value


def _problems(spec: FieldSpec, value: Any) -> list[str]:
    return [] if value is None else check(spec, value)


def _content(value: FieldValue | None) -> Any:
    return value.value if value else None
