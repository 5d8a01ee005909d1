"""Which documents a question is about by its words of time: a period, the latest one, several."""

from __future__ import annotations

import re
from typing import NamedTuple

from sparknet_assets.retrieval.periods import Period, periods_in

_KIND = (
    r"(?:10-?[kq]s?|quarterly|annual|fiscal|financial|reported|quarters?|quarterly|reports?|filings?"
    r"|periods?|years?|months?|versions?|editions?|issues?|statements?|documents?|results)"
)
_KIND_DE = (
    r"(?:\w*quartale?[ns]?|\w*bericht(?:e[ns]?|s)?|\w*zeitr(?:aum|äume[ns]?)|\w*jahre?[ns]?"
    r"|\w*abschlüsse?[ns]?|\w*abschluss|monate?[ns]?|version(?:en)?|ausgaben?|fassung(?:en)?)"
)
_LATEST = re.compile(
    rf"\b(?:latest|newest|most recent(?:ly)?|neu(?:e?st)e[nmrs]?|jüngste[nmrs]?"
    rf"|(?:current|last)\s+{_KIND}|(?:aktuelle|letzte)[nmrs]?\s+{_KIND_DE})\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:(?:over|across|between|among|throughout|during|in|for|from)\s+(?:(?:all|the|these|those"
    r"|each|every|reported|reporting|different|last|past|several|various)\s+)*"
    r"(?:(?:reported|reporting|fiscal|quarterly|annual)\s+)*"
    r"(?:quarters|periods|years|months|reports|filings|10-?qs|10-?ks|versions|reporting period)"
    r"|each\s+(?:(?:reported|reporting|fiscal)\s+)?(?:quarter|period|year|month|report|filing)"
    r"|(?:previous|prior|preceding|earlier)\s+(?:(?:fiscal|reported|reporting)\s+)*"
    r"(?:quarters?|periods?|years?|months?|reports?|filings?|10-?[qk]s?|versions?)"
    r"|over time|quarter[- ](?:over|on|by|to)[- ]quarter|year[- ](?:over|on)[- ]year"
    r"|from (?:quarter|year|month) to (?:quarter|year|month)"
    r"|vorquartal\w*|vorjahr\w*|vormonat\w*|im (?:zeit)?verlauf"
    r"|(?:über|zwischen|in|alle[rn]?)\s+(?:(?:alle|die|den|diese[nr]?|mehrere[nr]?|letzten|berichteten)"
    r"\s+)*(?:quartalen?|zeiträumen?|jahren?|berichten?|monaten?)"
    r"|(?:früheren|vorigen|vorherigen|vorangegangenen)\s+" + _KIND_DE + r")\b",
    re.IGNORECASE,
)
_NUMBER = r"(?:first|second|third|fourth|1st|2nd|3rd|4th|(?:erste|zweite|dritte|vierte)[nmrs]?)"
# "the first and the third quarter", "vom ersten zum zweiten Quartal": each is a quarter.
_LEFT_OUT = re.compile(
    rf"\b(?P<number>{_NUMBER})(?=(?:\s*(?:,|\band|\bor|\bto|\bwith|\bversus|\bvs\.?|\bund|\boder|\bzum)"
    rf"\s+(?:(?:and|or|to|the|dem|zum|das|im)\s+)*{_NUMBER})+"
    r"\s+(?:(?:fiscal|calendar|financial)\s+)?(?P<kind>quarter|half|quartal|halbjahr))",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """What a question says of time.

    Attributes:
        periods: Those that it names.
        latest: Whether it is about the most recent of several documents.
        several: Whether it compares documents of several periods.
    """

    periods: tuple[Period, ...]
    latest: bool
    several: bool

    @property
    def of_periods(self) -> bool:
        """Whether the periods of documents have anything to do with it."""
        return bool(self.periods) or self.latest or self.several


def asked_of(question: str) -> Asked:
    """What a question says of time, in English or German."""
    periods = tuple(periods_in(_LEFT_OUT.sub(r"\g<number> \g<kind>", question)))
    is_latest = bool(_LATEST.search(question))
    # The latest of a year is one; the latest and a quarter are two, unless it is that quarter.
    beside = is_latest and any(period != Period(period.year) for period in periods)
    several = beside or len(periods) > 1 or bool(_SEVERAL.search(question))
    return Asked(periods, is_latest, several)
