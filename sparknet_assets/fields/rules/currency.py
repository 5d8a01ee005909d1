"""The currency of amounts that carry none, from the rest of the document."""

from __future__ import annotations

from collections.abc import Collection

from sparknet_assets.fields.values import FieldValue, Found


def with_currency(found: Found, stated: Collection[str]) -> Found:
    """Gives amounts without a currency the one that the document states; none where it is several.

    Args:
        stated: ISO 4217 codes of all currencies that the document names.
    """
    if len(stated) != 1:
        return found
    (currency,) = stated
    tables = {
        name: table.model_copy(
            update={
                "rows": [[cell and _stated(cell, currency) for cell in row] for row in table.rows]
            }
        )
        for name, table in found.tables.items()
    }
    fields = {name: _stated(value, currency) for name, value in found.fields.items()}
    return Found(fields=fields, tables=tables)


def _stated(value: FieldValue, currency: str) -> FieldValue:
    amount = value.value
    if not isinstance(amount, dict) or "amount" not in amount or amount.get("currency"):
        return value
    return value.model_copy(update={"value": {**amount, "currency": currency}})
