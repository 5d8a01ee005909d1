"""What several ways of finding say of the same fields, as one: the surest value of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from resources.ocr import PageText
from sparknet_assets.fields.rules.sums import amounts_of
from sparknet_assets.fields.schema import FieldSpec, Schema
from sparknet_assets.fields.typed import check
from sparknet_assets.fields.values import FieldValue, Found, TableValue

# Two ways that agree are surer than each; nothing that was read is certain.
SUREST = 0.99
# From here on, a value that differs is told beside the one that is taken.
_HEARD = 0.5
_NAMED = 20  # pages


def merged(schema: Schema, ways: Sequence[Found]) -> Found:
    """The best of what the ways of finding give for a schema.

    A value with problems gives way to one without, then confidence decides; where ways agree, it
    rises as if they erred by chance, each on its own. Of tables, the fullest is taken whole.
    """
    result = Found()
    for spec in schema.fields:
        given = [way.fields[spec.name] for way in ways if spec.name in way.fields]
        if given:
            result.fields[spec.name] = _best(spec, given)
    for table in schema.tables:
        tables = [way.tables[table.name] for way in ways if table.name in way.tables]
        if tables:
            result.tables[table.name] = max(tables, key=_fullness)
    return result


def joined(parts: Sequence[Found]) -> Found:
    """What one way of finding gives for the stretches of a long document, in their order.

    Of each field the surest value, the earlier one where two are equal; tables go on.
    """
    result = Found()
    for part in parts:
        for name, value in part.fields.items():
            if name not in result.fields or value.confidence > result.fields[name].confidence:
                result.fields[name] = value
        for name, table in part.tables.items():
            before = result.tables.get(name)
            result.tables[name] = table if before is None else _continued(before, table)
    return result


def partial(found: Found, note: str) -> Found:
    """The same with its tables marked as ones that may lack rows."""
    update = {"complete": False, "note": note}
    tables = {name: table.model_copy(update=update) for name, table in found.tables.items()}
    return Found(fields=found.fields, tables=tables)


def unread_note(pages: Iterable[PageText]) -> list[str]:
    """What to say of pages that could not be read; nothing where all were."""
    unread = [page.page for page in pages if page.failure is not None]
    return [f"pages that could not be read: {', '.join(map(str, unread[:_NAMED]))}"] * bool(unread)


def _continued(before: TableValue, after: TableValue) -> TableValue:
    if before.columns != after.columns:
        return before
    notes = list(dict.fromkeys(note for note in (before.note, after.note) if note))
    return TableValue(
        columns=before.columns,
        rows=[*before.rows, *after.rows],
        complete=before.complete and after.complete,
        note="; ".join(notes),
    )


def _best(spec: FieldSpec, given: Sequence[FieldValue]) -> FieldValue:
    there = [value for value in given if value.value is not None] or list(given)
    order = sorted(there, key=lambda v: (bool(v.problems or check(spec, v.value)), -v.confidence))
    best, *others = order
    doubt = 1.0 - best.confidence
    problems, value = list(best.problems), best.value
    money: dict[str, object] | None = None
    heard = {best.source}
    for other in others:
        if other.source in heard:
            continue
        heard.add(other.source)
        if same(other.value, best.value) or (money := _one_amount(best.value, other.value)):
            doubt *= 1.0 - other.confidence
            value = money or value
        elif other.confidence >= _HEARD:
            problems.append(f"{other.source} says {other.text or other.value}")
    sure = best.confidence if len(heard) == 1 else min(SUREST, max(best.confidence, 1.0 - doubt))
    update = {"value": value, "confidence": round(sure, 4), "problems": problems}
    return best.model_copy(update=update)


def _one_amount(one: object, other: object) -> dict[str, object] | None:
    """Two amounts as one, where one of them states no currency; None where they differ."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return None
    currencies = {each.get("currency") for each in (one, other)} - {None}
    amounts = amounts_of({"one": one, "other": other})
    if len(amounts) < 2 or amounts["one"] != amounts["other"] or len(currencies) > 1:
        return None
    return {**one, "currency": next(iter(currencies), None)}


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same: of texts, case and spaces don't count."""
    return _key(one) == _key(other)


def _key(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return " ".join(text.casefold().split())


def _fullness(table: TableValue) -> tuple[int, float]:
    cells = [cell for row in table.rows for cell in row if cell and cell.value is not None]
    return len(cells), mean(cell.confidence for cell in cells)


def mean(values: Iterable[float]) -> float:
    """The mean; 0 of none."""
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
