"""Whether a text is a cron expression: five fields of numbers, ranges, lists and steps."""

from __future__ import annotations

import re

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


def problem_with(expression: str) -> str:
    """Why `expression` is no cron expression, as the end of a sentence; empty when it is one."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return "must have five fields (minute, hour, day, month, day of the week), or be `off`"
    for text, (name, least, most) in zip(fields, _FIELDS, strict=True):
        if not all(_fits(part, least, most) for part in text.split(",")):
            limits = f"{least} to {most}"
            return f"has the {name} {text!r}, which is no number, range, list or step of {limits}"
    return ""


def _fits(part: str, least: int, most: int) -> bool:
    found = _PART.fullmatch(part)
    if not found:
        return False
    first, last, step = (None if text is None else int(text) for text in found.groups())
    numbers = [number for number in (first, last) if number is not None]
    if step == 0 or any(not least <= number <= most for number in numbers):
        return False
    return numbers == sorted(numbers)
