"""Dates as people write them, in English, German, French, Dutch, Spanish and Italian."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sparknet_assets.fields.typed.conventions import UNKNOWN, Conventions

# Beginnings of the names, without accents; enough to tell the month in all six languages.
_MONTHS = (
    "jan gen ene",
    "feb fev fevr febr",
    "mar mars marz maa maart mrt maerz mrz marzo mär",
    "apr avr abr",
    "may mai mei mag",
    "jun juin giu",
    "jul juil lug",
    "aug aou ago",
    "sep set",
    "oct okt ott",
    "nov",
    "dec dez dic",
)
_MONTH_OF = {stem: number for number, stems in enumerate(_MONTHS, 1) for stem in stems.split()}
_NAMES = """
    january february march april may june july august september october november december sept
    januar februar marz maerz juni juli oktober dezember janner
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    januari februari maart mei augustus
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre
    diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
"""
_LONGEST = 64  # characters that a written date may take
_TAIL = r"(?=$|[^\d./-]|[./-](?!\d)|\d{1,2}:\d\d)"  # OCR may glue the time of day to the year
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)([-./])(\d{1,2})\2(\d{1,2})(?!\d)")
_FIGURES = re.compile(
    r"(?<![\d./-])(\d{1,2})\s?([-./])\s?(\d{1,2})\s?\2\s?((?:19|20)\d\d|\d\d)" + _TAIL
)
_SPACED = re.compile(r"(?<![\d./+-])(?<!\d )(\d{1,2}) (\d{1,2}) ((?:19|20)\d\d)(?! ?\d)" + _TAIL)
_WORD = r"([^\W\d_]{3,12})"
_DAY_NAME = re.compile(
    r"(?<![\d./,-])(\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?[\s./-]{0,3}(?:(?:de|of)\s|d')?"
    + _WORD
    + r"\.?[\s,./'-]{0,3}(?:(?:de|del)\s)?((?:19|20)\d\d|\d\d)"
    + _TAIL,
    re.IGNORECASE,
)
_NAME_DAY = re.compile(
    r"(?<![^\W\d_])" + _WORD + r"\.?[\s./-]{0,2}(\d{1,2})(?:st|nd|rd|th)?(?:[\s,.'-]{1,3})"
    r"((?:19|20)\d\d|\d\d)" + _TAIL,
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text, `start` to before `end`.

    Attributes:
        problem: What is doubtful about it.
        by_country: Day and month are told apart by where the document comes from alone.
    """

    start: int
    end: int
    value: date
    problem: str = ""
    by_country: bool = False


def find_dates(text: str, conventions: Conventions = UNKNOWN) -> list[FoundDate]:
    """The dates in a text, in their order."""
    found: list[FoundDate] = []
    for candidate in sorted(_all(text, conventions), key=lambda d: (d.start, d.start - d.end)):
        if not found or candidate.start >= found[-1].end:
            found.append(candidate)
    return found


def read_date(text: str, conventions: Conventions = UNKNOWN) -> FoundDate | None:
    """The date that a text is; None when it is none, or more than that.

    Eight digits, YYYYMMDD, are read here only: within a longer text they may be any number.
    """
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        return None
    if re.fullmatch(r"(?:19|20)\d{6}", stripped, re.ASCII):
        value = _date(int(stripped[:4]), int(stripped[4:6]), int(stripped[6:]))
        return None if value is None else FoundDate(0, len(text), value)
    whole = [d for d in find_dates(stripped, conventions) if d.end - d.start == len(stripped)]
    return whole[0] if whole else None


def _all(text: str, conventions: Conventions) -> Iterator[FoundDate]:
    for match in _ISO.finditer(text):
        if value := _date(_number(match[1]), _number(match[3]), _number(match[4])):
            yield FoundDate(match.start(), match.end(), value)
    for pattern, groups in ((_FIGURES, (1, 3, 4)), (_SPACED, (1, 2, 3))):
        for match in pattern.finditer(text):
            parts = [match[group] for group in groups]
            if found := _by_order(match, parts, conventions):
                yield found
    for pattern, (day, name) in ((_DAY_NAME, (1, 2)), (_NAME_DAY, (2, 1))):
        for match in pattern.finditer(text):
            month = month_of(match[name])
            value = _date(_year(match[3]), month, _number(match[day])) if month else None
            if value:
                yield FoundDate(match.start(), match.end(), value)


def _by_order(match: re.Match[str], parts: list[str], conventions: Conventions) -> FoundDate | None:
    first, second, year = _number(parts[0]), _number(parts[1]), _year(parts[2])
    as_day, as_month = _date(year, second, first), _date(year, first, second)
    if as_day and as_month and as_day != as_month:
        # Nobody writes the month first with full stops.
        dotted = "." in match[0]
        day_first = True if dotted else conventions.day_first
        value = as_month if day_first is False else as_day
        problem = "" if day_first is not None else f"day and month may be swapped: {match[0]}"
        by_country = conventions.by_country and not dotted
        return FoundDate(match.start(), match.end(), value, problem, by_country)
    only = as_day or as_month
    return None if only is None else FoundDate(match.start(), match.end(), only)


def month_of(name: str) -> int | None:
    """The number of a month by its name or a usual abbreviation."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c)
    )
    if plain in _MONTH_OF:
        return _MONTH_OF[plain]
    if plain not in _NAMES.split():
        return None
    stems = [stem for stem in _MONTH_OF if plain.startswith(stem)]
    return _MONTH_OF[max(stems, key=len)] if stems else None


def _number(digits: str) -> int:
    return int(digits)


def _year(digits: str) -> int:
    """Two digits as POSIX `strptime` reads %y: 69 to 99 are of the 20th century."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= 69 else 2000)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
