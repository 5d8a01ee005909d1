"""The periods that a text names (quarters, halves, months, years), and how far two are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# A quarter told by its last month is a fiscal one of unknown number: the calendar's is a guess.
_BY_CALENDAR = 0.75

_MONTHS = {
    stem: number
    for number, stems in enumerate(
        (
            "january januar jan jänner",
            "february februar feb",
            "march märz maerz mar mär",
            "april apr",
            "may mai",
            "june juni jun",
            "july juli jul",
            "august aug",
            "september sept sep",
            "october oktober oct okt",
            "november nov",
            "december dezember dec dez",
        ),
        1,
    )
    for stem in stems.split()
}
_ORDINALS = {
    stem: number
    for number, stems in enumerate(
        ("first 1st erste 1", "second 2nd zweite 2", "third 3rd dritte 3", "fourth 4th vierte 4"), 1
    )
    for stem in stems.split()
}
_YEAR = r"(?:19|20)\d\d"
# Neither part of a number nor an amount of money, a percentage or a count of something.
_BARE_YEAR = (
    rf"(?<![\d.,/$€£¥#])(?<!\d-)(?P<bare>{_YEAR})(?:/\d\d(?:\d\d)?)?"
    r"(?![\d/]|(?:er|s)\b|[.,]\d|\s*(?:%|(?:percent|prozent|million|billion|euros?|dollars?|usd|eur)\b))"
)
_FISCAL = r"(?:of|in|for|the|des|im|vom|fiscal|fy|gj|financial|year|geschäftsjahr(?:e?s)?|jahres)"
# "Q3 2022", "Q3/22", "Q3 FY22", "third quarter of fiscal year 2022".
_ITS_YEAR = (
    rf"(?:[\s,/'-]*(?:{_FISCAL}\s*)*[\s,/'-]*(?P<{{0}}>{_YEAR}|(?<=['/y])\d\d)(?!\d|[.,]\d))?"
)
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBERED = (
    r"(?:first|second|third|fourth|1st|2nd|3rd|4th|(?:erste|zweite|dritte|vierte)[nmrs]?|[1-4]\.)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
# Where a period can begin: looked at before all that it can be, which takes five times as long.
_START = r"(?:\b|(?<=[^\W\d])(?=\d))(?=[\dadefghjmnoqstvz])"
_PATTERN = re.compile(
    _START
    + "(?:"
    + "|".join(
        (
            rf"\b(?P<y1>{_YEAR})[\s-]*(?:fy\s*)?(?:q(?P<q1>[1-4])|(?P<q2>[1-4])q)\b",
            r"\b(?:q(?P<q3>[1-4])|(?P<q4>[1-4])q)(?:(?P<y2>\d\d)\b|" + _ITS_YEAR.format("y3") + ")",
            rf"(?<!\w)(?P<q5>{_NUMBERED})[\s-]+(?:(?:fiscal|calendar|financial)[\s-]+)?"
            rf"(?:quarter|quartals?)\b" + _ITS_YEAR.format("y4"),
            rf"\b(?P<y5>{_YEAR})[\s-]*h(?P<h1>[12])\b",
            r"\b(?:h(?P<h2>[12])|(?P<h3>[12])h)" + _ITS_YEAR.format("y6") + r"(?!\w)",
            rf"(?<!\w)(?P<h4>{_NUMBERED})[\s-]+(?:half|halbjahr(?:e?s)?)\b"
            + _ITS_YEAR.format("y7"),
            rf"\b(?:{_DAY}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?)?(?P<m1>{_MONTH})\b\.?"
            rf"(?:\s+{_DAY}(?:st|nd|rd|th)?\b)?(?:\s*,\s*|\s+of\s+|[\s-]+)(?P<y8>{_YEAR})(?!\d)",
            rf"(?<![\d.]){_DAY}\.(?P<m2>0?[1-9]|1[0-2])\.(?P<y9>{_YEAR})(?!\d)",
            rf"(?<![\d-])(?P<y10>{_YEAR})-(?P<m3>0[1-9]|1[0-2])(?:-{_DAY})?(?![\d-])",
            rf"(?<!\d)(?P<y11>{_YEAR})(?P<m4>0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
            r"\b(?:fy|gj)\s*[']?(?P<y12>(?:19|20)?\d\d)\b",
            _BARE_YEAR,
        )
    )
    + ")",
    re.IGNORECASE,
)
# What a cover says its document is of, rather than any date on it.
_OWN = re.compile(
    r"\b(?:(?:quarter|months?|year|period|half)\s+(?:then\s+)?end(?:ed|ing)"
    r"|for the (?:month|quarter|year|period)"
    r"|(?:quartal|halbjahr|geschäftsjahr|zeitraum|monat|stichtag)\w*"
    r"(?:\s+(?:bis|vom|zum|endet\w*|am))+)"
    r"\W+(?:(?:of|on|the|am|zum)\s+)*",
    re.IGNORECASE,
)
_REACH = 40
_PART_OF_YEAR = re.compile(r"quart|half|halbj|[qh][1-4]|[1-4][qh]")


class Period(NamedTuple):
    """A stretch of time as far as it was named; a year may be a fiscal one. None is not named."""

    year: int | None = None
    half: int | None = None
    quarter: int | None = None
    month: int | None = None

    def __str__(self) -> str:
        parts = [
            f"{letter}{value}"
            for letter, value in (("H", self.half), ("Q", self.quarter), ("M", self.month))
            if value
        ]
        return " ".join([*([str(self.year)] if self.year else []), *parts])


def periods_in(text: str) -> list[Period]:
    """The periods that a question or the name of a document names, each once, in their order.

    A quarter, half or month without a year takes the year that the text names apart from it, if
    there is one only: "Q3_report_2022".
    """
    found = [period for period, _, _ in _spans(_plain(text))]
    bare = list(dict.fromkeys(p.year for p in found if p.year and p == Period(p.year)))
    lone = [p for p in found if p.year is None]
    if lone and len(bare) == 1:
        found = [p._replace(year=bare[0]) if p.year is None else p for p in found]
        found = [p for p in found if p != Period(bare[0])]
    elif lone and len(years := {p.year for p in found if p.year}) == 1:
        found = [p._replace(year=min(years)) if p.year is None else p for p in found]
    return list(dict.fromkeys(found))


def without_periods(text: str) -> str:
    """The text with nothing but spaces where it names periods."""
    plain = _plain(text)
    for _, start, end in reversed(list(_spans(plain))):
        plain = f"{plain[:start]} {plain[end:]}"
    return plain


def own_periods(cover: str) -> list[Period]:
    """The periods that the first lines of a document say it is of.

    Those after words like "for the quarterly period ended", and quarters and halves with a year:
    other dates on a cover may be of anything.
    """
    plain = _plain(cover)
    ends = [match.end() for match in _OWN.finditer(plain)]
    if not ends and not _PART_OF_YEAR.search(plain.casefold()):
        return []
    spans = list(_spans(plain))
    own = [period for period, _, _ in spans if period.year and (period.quarter or period.half)]
    for end in ends:
        after = [period for period, start, _ in spans if 0 <= start - end <= _REACH]
        own += [period for period in after[:1] if period.year]
    return list(dict.fromkeys(own))[:2]


def agreement(asked: Sequence[Period], own: Sequence[Period]) -> float:
    """How far one of the periods of a document is one of those asked for: 0 to 1.

    1 where it has all that was asked; less where it does not say all; 0 where it says otherwise.
    """
    return max((_agree(one, other) for one in asked for other in own), default=0.0)


def latest(own: Sequence[Sequence[Period]]) -> int | None:
    """Which of several documents is of the latest period; None where that can't be told."""
    moments = in_time(own)
    if not moments or moments.count(max(moments)) > 1:
        return None
    return moments.index(max(moments))


def in_time(own: Sequence[Sequence[Period]]) -> list[tuple[int, ...]] | None:
    """For each of several documents when it is of, so that a later one is greater.

    They are compared by quarters if each names one, else by halves, by months, by years: what the
    one calls its third quarter may end in the month of another's second. None where they name
    nothing that can be compared.
    """
    for fields in (("year", "quarter"), ("year", "half"), ("year", "month"), ("year",)):
        moments = [
            [tuple(getattr(period, name) for name in fields) for period in periods]
            for periods in own
        ]
        known = [[moment for moment in each if None not in moment] for each in moments]
        if all(known):
            return [max(each) for each in known]
    return None


def _agree(asked: Period, own: Period) -> float:
    wanted = [(name, value) for name, value in asked._asdict().items() if value is not None]
    agreed = 0.0
    for name, value in wanted:
        said = getattr(own, name)
        if said == value:
            agreed += 1
        elif said is not None:
            return 0.0
        elif name != "year" and own.month and (guess := _by_calendar(name, own.month)):
            agreed += _BY_CALENDAR * (guess == value)
    return agreed / len(wanted)


def _by_calendar(name: str, month: int) -> int | None:
    return {"quarter": (month + 2) // 3, "half": (month + 5) // 6}.get(name)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("_", " ").replace("\u2019", "'")


def _spans(text: str) -> Iterator[tuple[Period, int, int]]:
    for match in _PATTERN.finditer(text):
        said: dict[str, int] = {}
        for group, value in match.groupdict().items():
            if value is None:
                continue
            match group[0]:
                case "y" | "b":
                    said["year"] = int(value) if len(value) == 4 else 2000 + int(value)
                case "q":
                    said["quarter"] = _number(value)
                case "h":
                    said["half"] = _number(value)
                case "m":
                    said["month"] = int(value) if value.isdigit() else _MONTHS[value.casefold()]
        if said.get("half", 0) <= 2:
            yield Period(**said), match.start(), match.end()


def _number(value: str) -> int:
    plain = value.casefold().rstrip(".")
    return _ORDINALS.get(plain) or _ORDINALS[plain.rstrip("nmrs")]
