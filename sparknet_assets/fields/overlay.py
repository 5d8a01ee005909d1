"""What people set right, laid over what was found. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from resources.failure import SparknetError
from sparknet_assets.fields.correction_log import Correction, CorrectionLog
from sparknet_assets.fields.paths import parse_path, with_value
from sparknet_assets.fields.rules.sums import sum_problems
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.schemas import schema_digest
from sparknet_assets.fields.sums import checked
from sparknet_assets.fields.values import DocumentFields, FieldValue, Found, SchemaFields


def laid_over(
    fields: DocumentFields, log: CorrectionLog, schemas: Mapping[str, Schema]
) -> DocumentFields:
    """The fields with the corrections in force, whichever were laid over before.

    Values are checked anew. A correction whose schema or field is no longer there is left out, and
    comes back with it.
    """
    corrections: dict[str, list[Correction]] = {}
    for entry in log.in_force.values():
        corrections.setdefault(entry.schema_name, []).append(entry)
    parts = list(fields.schemas)
    for name in corrections.keys() - {part.schema_name for part in parts}:
        if name in schemas:
            parts.append(SchemaFields(schema_name=name, schema_sha256=schema_digest(schemas[name])))
    made = [
        _with(part, corrections.get(part.schema_name, []), schemas.get(part.schema_name))
        for part in parts
    ]
    return fields.model_copy(update={"schemas": made})


def value_of(entry: Correction) -> FieldValue:
    """A correction as a value."""
    return FieldValue(
        value=entry.value,
        confidence=1.0,
        page=entry.page,
        boxes=entry.boxes,
        source="correction",
    )


def _without(found: Found, said: set[str]) -> Found:
    """The values without what was said of sums that hold, or are other ones, by now."""
    fields = {
        name: value.model_copy(update={"problems": [p for p in value.problems if p not in said]})
        for name, value in found.fields.items()
    }
    return Found(fields=fields, tables=found.tables)


def _with(part: SchemaFields, entries: list[Correction], schema: Schema | None) -> SchemaFields:
    found = part.found
    if schema is None:
        return part.model_copy(
            update={"fields": found.fields, "tables": found.tables, "extracted": None}
        )
    shown, over = found, False
    for entry in sorted(entries, key=lambda entry: entry.field):
        try:
            path = parse_path(schema, entry.field)
        except SparknetError:
            continue
        shown, over = with_value(shown, path, value_of(entry)), True
    valued, problems = checked(schema, shown)
    if over:
        valued = _without(valued, set(sum_problems(schema, found)) - set(problems))
    extracted = Found(fields=found.fields, tables=found.tables) if over else None
    return part.model_copy(
        update={
            "fields": valued.fields,
            "tables": valued.tables,
            "problems": problems,
            "extracted": extracted,
        }
    )
