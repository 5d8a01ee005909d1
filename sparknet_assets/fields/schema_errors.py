"""What is wrong with a schema, as sentences that name the place by the names in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sparknet_assets.fields.schema import FieldType

_MOST = 10  # sentences
_LONGEST = 60  # characters of what stands in the file
_ALLOWED_WORDS = "a list of allowed words is a pattern, such as `low|normal|high`"
# What other languages call our types.
_TYPES = {
    FieldType.NUMBER: "percent percentage integer int float double decimal numeric",
    FieldType.AMOUNT: "money currency price",
    FieldType.CHOICE: "boolean bool checkbox flag",
    FieldType.DATE: "datetime timestamp day",
    FieldType.IDENTIFIER: "id iban bic code vat uuid",
    FieldType.TEXT: "string str duration time email phone url",
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words.split()}
_ADVICE = {
    **dict.fromkeys(("enum", "enumeration", "values", "choices", "options"), _ALLOWED_WORDS),
    **dict.fromkeys(("list", "array", "table"), "what repeats is a table of one or more columns"),
    **dict.fromkeys(("aliases", "alias", "label", "synonyms"), "other names are `labels`"),
    **dict.fromkeys(("regex", "format"), "the form of a value is its `pattern`"),
    "optional": "what is not `required` is optional",
}


def sentences(error: ValidationError, content: Any) -> str:
    """All that is wrong, one after the other; of much, the first ten.

    Args:
        content: The file, as the error's places are in it.
    """
    errors = [each for each in error.errors() if not _follows(each, error.errors())]
    told = [_sentence(each, content) for each in errors[:_MOST]]
    more = [f"and {len(errors) - _MOST} more"] if len(errors) > _MOST else []
    return "; ".join([*told, *more])


def _follows(error: ErrorDetails, others: Sequence[ErrorDetails]) -> bool:
    """Whether a list is too short only since what it holds is wrong."""
    where = error["loc"]
    inside = (
        len(other["loc"]) > len(where) and other["loc"][: len(where)] == where for other in others
    )
    return error["type"] == "too_short" and any(inside)


def _sentence(error: ErrorDetails, content: Any) -> str:
    where = _place(error["loc"], content) or "the file"
    last = str(error["loc"][-1]) if error["loc"] else ""
    given = str(error.get("input"))[:_LONGEST]
    match error["type"]:
        case "enum":
            kind = _TYPE_OF.get(given.casefold())
            advice = f"it is `{kind.value}` here" if kind else _ADVICE.get(given.casefold())
            if advice:
                return f"{where}: there is no type {given}: {advice}"
            kinds = ", ".join(each.value for each in FieldType)
            return f"{where}: should be one of {kinds}, not {given}"
        case "extra_forbidden":
            advice = _ADVICE.get(last, "")
            return f"{where}: there is no such entry" + (f": {advice}" if advice else "")
        case "too_short":
            return f"{where}: it is empty"
        case "missing":
            return f"{where}: it is missing"
        case "tuple_type":
            such = f", such as [{given}]" if isinstance(error.get("input"), str) else ""
            return f"{where}: should be a list{such}"
        case "model_type":
            return f"{where}: should be a mapping, such as {{name: total}}, not {given}"
        case "string_pattern_mismatch" if last == "name":
            return f"{where}: should be small letters, figures and _, not {given}"
    said = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{where}: {said[0].lower()}{said[1:]}"


def _place(steps: Sequence[int | str], content: Any) -> str:
    """A place in a file: what has a name in a list stands for its number."""
    names = []
    for step in steps:
        if isinstance(content, dict):
            content = content.get(step)
        elif isinstance(content, list | tuple) and isinstance(step, int):
            content = content[step] if step < len(content) else None
        else:
            content = None
        named = content.get("name") if isinstance(step, int) and isinstance(content, dict) else None
        names.append(named if isinstance(named, str) and steps[-1] != "name" else str(step))
    return ".".join(names)
