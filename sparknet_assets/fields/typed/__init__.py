"""Values of fields: read from text, told as JSON, and checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sparknet_assets.fields.schema import FieldSpec, FieldType
from sparknet_assets.fields.typed.amounts import CODES, plain, read_amount, read_number
from sparknet_assets.fields.typed.conventions import UNKNOWN, Conventions, conventions_of
from sparknet_assets.fields.typed.dates import read_date
from sparknet_assets.fields.typed.identifiers import iban_fails

__all__ = ["UNKNOWN", "Conventions", "Reading", "check", "conventions_of", "is_refuted", "read"]

_READABLE = 40  # characters of a pattern
_LONGEST = 10_000
_YES = "[x] (x) x ☑ ☒ ✓ ✔ ✗ ✘ yes ja oui si sí true wahr vrai"
_NO = "[ ]|[]|( )|()|☐|□|○|no|nein|non|nee|false|falsch|faux"
_CHECKED, _UNCHECKED = frozenset(_YES.split()), frozenset(_NO.split("|"))


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as `FieldType` says, and what is doubtful about it."""

    value: Any
    problems: tuple[str, ...] = ()


def read(kind: FieldType, text: str, conventions: Conventions = UNKNOWN) -> Reading | None:
    """Reads a text as a value of a type.

    Returns:
        None when the text is not of that type, as a whole.
    """
    if len(text) > _LONGEST:
        return None
    return _READERS.get(kind, _read_text)(text, conventions)


def check(spec: FieldSpec, value: Any) -> list[str]:
    """What is wrong with the JSON value of a field; None is a value that is not there."""
    if value is None:
        return [f"{spec.name} is missing"] if spec.required else []
    if not _SHAPES.get(spec.type, _is_text)(value):
        return [f"{spec.name} is not of the type {spec.type.value}: {value!r}"[:300]]
    problems = []
    if spec.pattern and isinstance(value, str) and not _matches(spec.pattern, value):
        # A long pattern tells people nothing.
        form = spec.pattern if len(spec.pattern) <= _READABLE else "the form that its schema gives"
        problems.append(f"{spec.name} does not match {form}: {value}"[:300])
    if _is_wrong_iban(spec, value):
        problems.append(f"{spec.name} fails its checksum (ISO 13616): {value}"[:300])
    return problems


def is_refuted(spec: FieldSpec, value: Any) -> bool:
    """Whether a value can't be right: it is not of the type of its field, or fails its checksum."""
    return not _SHAPES.get(spec.type, _is_text)(value) or _is_wrong_iban(spec, value)


def _is_wrong_iban(spec: FieldSpec, value: Any) -> bool:
    named = spec.type is FieldType.IDENTIFIER and "iban" in spec.name.split("_")
    return named and isinstance(value, str) and iban_fails(value)


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def _read_text(text: str, conventions: Conventions) -> Reading | None:
    folded = " ".join(text.split())
    return Reading(folded) if folded else None


def _read_identifier(text: str, conventions: Conventions) -> Reading | None:
    folded = " ".join(text.split()).strip(" :;,#")
    return Reading(folded) if any(c.isalnum() for c in folded) else None


def _read_date(text: str, conventions: Conventions) -> Reading | None:
    found = read_date(text, conventions)
    if found is None:
        return None
    return Reading(found.value.isoformat(), (found.problem,) if found.problem else ())


def _read_amount(text: str, conventions: Conventions) -> Reading | None:
    found = read_amount(text, conventions)
    return None if found is None else Reading(found.json)


def _read_number(text: str, conventions: Conventions) -> Reading | None:
    found = read_number(text, conventions)
    return None if found is None else Reading(plain(found))


def _read_choice(text: str, conventions: Conventions) -> Reading | None:
    folded = " ".join(text.split()).casefold()
    if folded in _CHECKED:
        return Reading(True)
    return Reading(False) if folded in _UNCHECKED else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_amount(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
        return False
    return _is_number(value["amount"]) and (value["currency"] is None or value["currency"] in CODES)


_READERS: dict[FieldType, Callable[[str, Conventions], Reading | None]] = {
    FieldType.IDENTIFIER: _read_identifier,
    FieldType.DATE: _read_date,
    FieldType.AMOUNT: _read_amount,
    FieldType.NUMBER: _read_number,
    FieldType.CHOICE: _read_choice,
}
_SHAPES: dict[FieldType, Callable[[Any], bool]] = {
    FieldType.DATE: _is_date,
    FieldType.AMOUNT: _is_amount,
    FieldType.NUMBER: _is_number,
    FieldType.CHOICE: lambda value: isinstance(value, bool),
}
