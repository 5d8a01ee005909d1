"""What is wrong with the fields of a schema as a whole: what is missing, what does not add up."""

from __future__ import annotations

from collections.abc import Iterator

from sparknet_assets.fields.rules.sums import sum_problems
from sparknet_assets.fields.schema import FieldSpec, Schema
from sparknet_assets.fields.typed import check, is_refuted
from sparknet_assets.fields.values import FieldValue, Found

_REFUTED = 0.3  # at most


def checked(schema: Schema, found: Found) -> tuple[Found, list[str]]:
    """The values, each with what is wrong with it, and what is wrong with the whole."""
    columns = {table.name: table.columns for table in schema.tables}
    fields = dict(found.fields)
    for spec in schema.fields:
        if (value := fields.get(spec.name)) is not None and value.value is not None:
            fields[spec.name] = _judged(spec, value)
    tables = dict(found.tables)
    for name, table in found.tables.items():
        specs = {spec.name: spec for spec in columns.get(name, ())}
        rows = [
            [
                cell
                if cell is None or cell.value is None or column not in specs
                else _judged(specs[column], cell)
                for column, cell in zip(table.columns, row, strict=True)
            ]
            for row in table.rows
        ]
        tables[name] = table.model_copy(update={"rows": rows})
    return Found(fields=fields, tables=tables), list(_problems(schema, found))


def _judged(spec: FieldSpec, value: FieldValue) -> FieldValue:
    """A value with what is wrong with it; one that can't be right is not sure, whoever found it."""
    new = [problem for problem in check(spec, value.value) if problem not in value.problems]
    sure = value.confidence
    if value.source != "correction" and is_refuted(spec, value.value):
        sure = min(sure, _REFUTED)
    if not new and sure == value.confidence:
        return value
    return value.model_copy(update={"problems": [*value.problems, *new], "confidence": sure})


def _problems(schema: Schema, found: Found) -> Iterator[str]:
    for spec in schema.fields:
        value = found.fields.get(spec.name)
        if spec.required and (value is None or value.value is None):
            yield f"{spec.name} is missing"
    yield from sum_problems(schema, found)
