"""How a document writes dates and numbers, told from those that can be read in one way only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_DAY_MONTH = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d|[./-]\d)")
_STATES = (  # of the United States
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM"
    " NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
)
# The United States write the month first; who writes of these currencies and taxes does not.
_MONTH_FIRST = re.compile(rf"\b(?:{_STATES.replace(' ', '|')}),?\s+\d{{5}}(?:-\d{{4}})?\b")
_DAY_FIRST = re.compile(
    r"[€£₹]|\b(?:EUR|GBP|INR|AUD|NZD|IBAN|VAT|GSTIN|ABN|MwSt|USt|TVA|BTW|IVA|NIF|CIF)\b"
)
_FEWEST_CENTS = 3
_LONGEST = 500  # characters of a line that are looked at
_DECIMALS = re.compile(r"\d([.,])\d{2}(?![\d.,]*\d)")


@dataclass(frozen=True, slots=True)
class Conventions:
    """What is known of a document's way of writing; None: no evidence.

    Attributes:
        day_first: 3/4/2020 is the third of April.
        by_country: No date says so; where the document comes from does.
        decimal_comma: 1.234 is more than a thousand, 1,234 is not.
        cents: Amounts are written with two decimals.
    """

    day_first: bool | None = None
    decimal_comma: bool | None = None
    cents: bool = False
    by_country: bool = False


UNKNOWN = Conventions()


def conventions_of(texts: Iterable[str]) -> Conventions:
    """Reads the evidence off the lines of a document; contradictory evidence counts as none."""
    orders: Counter[bool] = Counter()
    marks: Counter[str] = Counter()
    countries: set[bool] = set()
    for whole in texts:
        text = whole[:_LONGEST]
        for match in _DAY_MONTH.finditer(text):
            first, second = int(match[1]), int(match[3])
            if first > 12 >= second > 0:
                orders[True] += 1
            elif second > 12 >= first > 0:
                orders[False] += 1
        marks.update(_DECIMALS.findall(text))
        if _MONTH_FIRST.search(text):
            countries.add(False)
        if _DAY_FIRST.search(text):
            countries.add(True)
    day_first = None if len(orders) != 1 else next(iter(orders))
    by_country = not orders and len(countries) == 1
    if by_country:
        (day_first,) = countries
    # A stray mark is a misread one; three to one is evidence.
    comma, point = marks[","], marks["."]
    decimal_comma = None
    if comma >= 3 * point and comma:
        decimal_comma = True
    elif point >= 3 * comma and point:
        decimal_comma = False
    return Conventions(day_first, decimal_comma, comma + point >= _FEWEST_CENTS, by_country)
