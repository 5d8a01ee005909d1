"""The fields of a document in a few figures, and as a small table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sparknet_assets.fields.merge import mean
from sparknet_assets.fields.values import DocumentFields, FieldValue

VALUES = "values"
"""The fact that holds what the document says."""
_ROWS = 25
_WIDTH = 60


def summary(fields: DocumentFields) -> dict[str, Any]:
    """Facts for the UI and `status`, JSON values only."""
    values = [value for _, _, value in all_values(fields) if value.value is not None]
    problems = sum(len(part.problems) for part in fields.schemas)
    problems += sum(len(value.problems) for value in values)
    facts: dict[str, Any] = {
        "schemas": [part.schema_name for part in fields.schemas],
        "fields": len(values),
        "table_rows": sum(len(t.rows) for part in fields.schemas for t in part.tables.values()),
        "labelled": len(fields.labelled),
        "mean_confidence": round(mean(value.confidence for value in values), 4) if values else None,
        "problems": problems,
        "sources": dict(sorted(Counter(value.source for value in values).items())),
        VALUES: [
            {"field": name, "value": shown(value.value), "sure": round(value.confidence, 2)}
            for _, name, value in list(all_values(fields))[:_ROWS]
        ],
    }
    if not fields.complete:
        facts["incomplete"] = fields.note
    return facts


def all_values(fields: DocumentFields) -> Iterator[tuple[str, str, FieldValue]]:
    """(schema, field, value) of all fields, then of all cells as `table.ROW.column`."""
    for part in fields.schemas:
        for name, value in part.fields.items():
            yield part.schema_name, name, value
        for name, table in part.tables.items():
            for number, row in enumerate(table.rows):
                for column, cell in zip(table.columns, row, strict=True):
                    if cell is not None:
                        yield part.schema_name, f"{name}.{number}.{column}", cell


def shown(value: Any, width: int = _WIDTH) -> str:
    """A JSON value as people read it, on one line."""
    if value is None:
        return "-"
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        text = f"{value['currency'] or ''} {value['amount']}".strip()
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 3]}..."
