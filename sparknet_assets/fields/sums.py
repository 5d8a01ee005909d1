"""What is wrong with the fields of a schema as a whole: what is missing, what does not add up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from sparknet_assets.fields.schema import Schema, SumRule
from sparknet_assets.fields.typed import check
from sparknet_assets.fields.values import FieldValue, Found, TableValue

# Each amount may have been rounded to a hundredth on its own.
_ROUNDING = Decimal("0.005")


def checked(schema: Schema, found: Found) -> tuple[Found, list[str]]:
    """The values, each with what is wrong with it, and what is wrong with the whole."""
    columns = {table.name: table.columns for table in schema.tables}
    fields = dict(found.fields)
    for spec in schema.fields:
        if (value := fields.get(spec.name)) is not None and value.value is not None:
            fields[spec.name] = _with(value, check(spec, value.value))
    tables = dict(found.tables)
    for name, table in found.tables.items():
        specs = {spec.name: spec for spec in columns.get(name, ())}
        rows = [
            [
                cell
                if cell is None or cell.value is None or column not in specs
                else _with(cell, check(specs[column], cell.value))
                for column, cell in zip(table.columns, row, strict=True)
            ]
            for row in table.rows
        ]
        tables[name] = table.model_copy(update={"rows": rows})
    return Found(fields=fields, tables=tables), list(_problems(schema, found))


def _with(value: FieldValue, problems: list[str]) -> FieldValue:
    new = [problem for problem in problems if problem not in value.problems]
    return value.model_copy(update={"problems": [*value.problems, *new]}) if new else value


def _problems(schema: Schema, found: Found) -> Iterator[str]:
    for spec in schema.fields:
        value = found.fields.get(spec.name)
        if spec.required and (value is None or value.value is None):
            yield f"{spec.name} is missing"
    for name, table in found.tables.items():
        if not table.complete:
            yield (
                f"{name} may be incomplete: {table.note}" if table.note else f"{name} may lack rows"
            )
    for rule in schema.sums:
        yield from _difference(rule, found)


def _difference(rule: SumRule, found: Found) -> Iterator[str]:
    """A sum is compared only where all of its parts were found."""
    total = _amount(found.fields.get(rule.total))
    parts = [_amount(found.fields.get(name)) for name in rule.parts]
    if rule.column is not None:
        name, _, column = rule.column.partition(".")
        parts += _column(found.tables.get(name), column)
    if total is None or not parts or None in parts:
        return
    amounts = [part for part in parts if part is not None]
    added = sum(amounts, Decimal(0))
    if abs(total - added) > _ROUNDING * len(amounts):
        names = [*rule.parts, *([rule.column] if rule.column else [])]
        yield f"{rule.total} is {total}, but {' + '.join(names)} is {added}"


def _column(table: TableValue | None, column: str) -> list[Decimal | None]:
    if table is None or not table.complete or not table.rows or column not in table.columns:
        return [None]
    place = table.columns.index(column)
    return [_amount(row[place]) for row in table.rows]


def _amount(value: FieldValue | None) -> Decimal | None:
    content: Any = value.value if value else None
    text = content.get("amount") if isinstance(content, dict) else content
    try:
        number = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
