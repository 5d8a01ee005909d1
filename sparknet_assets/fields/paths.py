"""Names of values within a schema: a field, or a cell of a table as `table.ROW.column`."""

from __future__ import annotations

from typing import NamedTuple

from resources.failure import FailureKind, SparknetError
from sparknet_assets.fields.schema import FieldSpec, Schema, TableSpec
from sparknet_assets.fields.values import FieldValue, Found, TableValue

# A table of a document is not longer; a typing error may be.
_MOST_ROWS = 100_000


class Path(NamedTuple):
    """Where a value is. Without a table it is a field."""

    spec: FieldSpec
    table: TableSpec | None = None
    row: int = 0


def parse_path(schema: Schema, field: str) -> Path:
    """The place that a name stands for.

    Raises:
        SparknetError: `refused`: the schema has nothing of that name; says what it has.
    """
    name, *rest = field.split(".")
    if not rest:
        for spec in schema.fields:
            if spec.name == name:
                return Path(spec)
    for table in schema.tables:
        if table.name == name and len(rest) == 2 and rest[0].isdecimal():
            for spec in table.columns:
                if spec.name == rest[1] and int(rest[0]) < _MOST_ROWS:
                    return Path(spec, table, int(rest[0]))
    cells = [f"{table.name}.ROW.{c.name}" for table in schema.tables for c in table.columns]
    there = ", ".join([*(spec.name for spec in schema.fields), *cells]) or "none"
    raise SparknetError(
        FailureKind.REFUSED, f"{schema.name} has no field {field}. There are: {there}."
    )


def value_at(found: Found, path: Path) -> FieldValue | None:
    """The value there; None where there is none."""
    if path.table is None:
        return found.fields.get(path.spec.name)
    table = found.tables.get(path.table.name)
    if table is None or path.row >= len(table.rows) or path.spec.name not in table.columns:
        return None
    return table.rows[path.row][table.columns.index(path.spec.name)]


def with_value(found: Found, path: Path, value: FieldValue) -> Found:
    """The same with another value there; rows up to it are made, where they were not found."""
    if path.table is None:
        return Found(fields={**found.fields, path.spec.name: value}, tables=found.tables)
    names = [column.name for column in path.table.columns]
    table = found.tables.get(path.table.name) or TableValue(columns=names, rows=[])
    columns = [*table.columns, *(name for name in names if name not in table.columns)]
    rows = [[*row, *[None] * (len(columns) - len(row))] for row in table.rows]
    while len(rows) <= path.row:
        rows.append([None] * len(columns))
    rows[path.row][columns.index(path.spec.name)] = value
    changed = table.model_copy(update={"columns": columns, "rows": rows})
    return Found(fields=found.fields, tables={**found.tables, path.table.name: changed})
