"""Amounts that must add up: what confirms values, and what makes them doubtful."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.schema import Schema, SumRule
from sparknet_assets.fields.values import FieldValue, Found

_BONUS, _SMALL_BONUS = 0.12, 0.06
_MOST_PARTS = 6
_CENT = Decimal("0.01")
# Cash is rounded to five or ten cents, which not every receipt spells out.
_CASH_ROUNDING = Decimal("0.05")
# What is said of a price rather than charged beside it.
_CONTAINED = re.compile(
    r"(?:incl|inkl|inclu\w*|inklusive|davon|darin|dont|waarvan|di\s+cui|incluy\w*)\b", re.IGNORECASE
)
_SURER, _LESS_SURE = 0.4, 0.8


def holds(rule: SumRule, amounts: Mapping[str, Decimal], column: Decimal | None) -> bool | None:
    """Whether the total is the sum of its first part and of some of the others.

    A part may be contained in another, as tax is in the prices of shops, and a deduction or a
    payment may be printed with or without its sign; so signs do not count, and any others may be
    left out.

    Returns:
        None when the total or its first part (of a rule without parts: the column) is not known.
    """
    total = amounts.get(rule.total)
    first, others = _addends(rule, amounts, column)
    if total is None or first is None:
        return None
    return _adds_up(total, first, others, (0, 1, -1), _tolerance(rule, amounts))


def holds_with_all(rule: SumRule, amounts: Mapping[str, Decimal]) -> bool:
    """Whether the total is the sum of all parts that are known, of which at least two are not 0."""
    total = amounts.get(rule.total)
    first, others = _addends(rule, amounts, None)
    others = [other for other in others if other]
    if total is None or not first or not others:
        return False
    return _adds_up(total, first, others, (1, -1), _tolerance(rule, amounts))


def _adds_up(
    total: Decimal,
    first: Decimal,
    others: Sequence[Decimal],
    signs: Sequence[int],
    tolerance: Decimal,
) -> bool:
    return any(
        abs(abs(first + sum(map(operator.mul, chosen, others), Decimal(0))) - abs(total))
        <= tolerance
        for chosen in product(signs, repeat=len(others))
    )


def _tolerance(rule: SumRule, amounts: Mapping[str, Decimal]) -> Decimal:
    if any("rounding" in part and part not in amounts for part in rule.parts):
        return _CASH_ROUNDING
    return _CENT * len(rule.parts)


def _addends(
    rule: SumRule, amounts: Mapping[str, Decimal], column: Decimal | None
) -> tuple[Decimal | None, list[Decimal]]:
    others = [amounts[part] for part in rule.parts[1:_MOST_PARTS] if part in amounts]
    if rule.column is None:
        return (amounts.get(rule.parts[0]) if rule.parts else None), others
    if rule.parts and rule.parts[0] in amounts:
        others.append(amounts[rule.parts[0]])
    return column, others


def preferred(
    schema: Schema, candidates: Mapping[str, Sequence[Candidate]]
) -> dict[str, list[Candidate]]:
    """Candidates, the best first, with those ahead that add up with the best of other fields."""
    chosen = {name: list(ranked) for name, ranked in candidates.items()}
    for rule in schema.sums:
        for name in dict.fromkeys([rule.total, *rule.parts[:1]]):
            ranked = chosen.get(name, [])
            if len(ranked) < 2:
                continue
            best = {other: c[0].value for other, c in chosen.items() if c}
            moved = [
                replace(
                    c, score=min(0.99, c.score + _bonus(rule, amounts_of({**best, name: c.value})))
                )
                for c in ranked
            ]
            # The order so far decides between equals.
            chosen[name] = sorted(moved, key=lambda c: c.score, reverse=True)
    return chosen


def _bonus(rule: SumRule, amounts: Mapping[str, Decimal]) -> float:
    if holds_with_all(rule, amounts):
        return _BONUS
    return _SMALL_BONUS if holds(rule, amounts, None) else 0.0


def amounts_of(values: Mapping[str, Any]) -> dict[str, Decimal]:
    """The amounts among JSON values of fields."""
    found = {}
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(value.get("amount"), str):
            found[name] = Decimal(value["amount"])
    return found


def column_sum(rule: SumRule, found: Found, *, contained: bool = True) -> Decimal | None:
    """The sum of a rule's column; None where it has none, or a row's amount was not read.

    Args:
        contained: With the rows that say what is in the price of the row before.
    """
    table_name, _, column = (rule.column or "").partition(".")
    table = found.tables.get(table_name)
    if table is None or column not in table.columns or not table.rows:
        return None
    place = table.columns.index(column)
    cells = [row[place] for row in table.rows if contained or not _is_contained(row)]
    amounts = amounts_of({str(n): cell.value for n, cell in enumerate(cells) if cell is not None})
    return sum(amounts.values(), Decimal(0)) if len(amounts) == len(cells) else None


def _is_contained(row: Sequence[FieldValue | None]) -> bool:
    texts = [cell.value for cell in row if cell is not None and isinstance(cell.value, str)]
    return any(map(_CONTAINED.match, texts))


def _holds_in(
    rule: SumRule, amounts: Mapping[str, Decimal], found: Found
) -> tuple[bool | None, Decimal | None]:
    """Whether a rule holds of what was found, and the sum of its column."""
    column = column_sum(rule, found)
    right = holds(rule, amounts, column)
    if right is False and column is not None:
        right = holds(rule, amounts, column_sum(rule, found, contained=False)) or False
    return right, column


def sum_problems(schema: Schema, found: Found) -> list[str]:
    """The sums of a schema that differ, each as a sentence."""
    return [sentence for _, sentence in _differing(schema, found)]


def _differing(schema: Schema, found: Found) -> list[tuple[SumRule, str]]:
    amounts = amounts_of({name: value.value for name, value in found.fields.items()})
    problems = []
    for rule in schema.sums:
        right, column = _holds_in(rule, amounts, found)
        if right is False:
            parts = [f"{part} {amounts[part]}" for part in rule.parts if part in amounts]
            if column is not None:
                parts.insert(0, f"{rule.column} {column}")
            problems.append(
                (rule, f"{rule.total} {amounts[rule.total]} is not the sum of {', '.join(parts)}")
            )
    return problems


def with_sums(schema: Schema, found: Found) -> Found:
    """The values with what the sums say of them: surer where they hold, a problem where not."""
    amounts = amounts_of({name: value.value for name, value in found.fields.items()})
    fields = dict(found.fields)
    for rule in schema.sums:
        if _holds_in(rule, amounts, found)[0]:
            for name in (rule.total, *(() if rule.column else rule.parts[:1])):
                if name in fields and fields[name].confidence > 0:
                    fields[name] = _surer(fields[name])
    for rule, sentence in _differing(schema, found):
        value = fields[rule.total]
        fields[rule.total] = value.model_copy(
            update={
                "confidence": round(value.confidence * _LESS_SURE, 4),
                "problems": [*value.problems, sentence],
            }
        )
    tables = dict(found.tables)
    for rule, sentence in _differing(schema, found):
        name = (rule.column or "").partition(".")[0]
        if name in tables:
            note = "; ".join(filter(None, [tables[name].note, f"rows may be missing: {sentence}"]))
            tables[name] = tables[name].model_copy(update={"complete": False, "note": note})
    return Found(fields=fields, tables=tables)


def _surer(value: FieldValue) -> FieldValue:
    sure = 1 - (1 - value.confidence) * _SURER
    return value.model_copy(update={"confidence": round(sure, 4)})
