"""Amounts of money and plain numbers, with the marks of whichever country."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sparknet_assets.fields.typed.conventions import UNKNOWN, Conventions

# The dollar sign alone stands for the US dollar, as most documents mean it.
SYMBOLS = {
    "€": "EUR", "$": "USD", "US$": "USD", "S$": "SGD", "A$": "AUD", "C$": "CAD", "HK$": "HKD",
    "NZ$": "NZD", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₺": "TRY", "RM": "MYR",
    "SFR": "CHF", "FR.": "CHF", "ZŁ": "PLN", "KČ": "CZK", "RS.": "INR", "R$": "BRL",
}  # fmt: skip
_CODES = """
    AED AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD PHP
    PLN RON RUB SAR SEK SGD THB TRY TWD USD VND ZAR
"""
CODES = frozenset(_CODES.split())
_CURRENCY = "|".join(sorted((re.escape(c) for c in [*SYMBOLS, *CODES]), key=lambda c: (-len(c), c)))
MINUS = "-\u2212\u2013"
_MARK = "[.,'\u2019\u00a0\u202f ]"  # between thousands
_DIGITS = (
    r"\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d{1,2})?"  # by twos above the thousand, as India writes
    rf"|\d{{1,3}}(?:{_MARK}\d{{3}}(?!\d))+(?:[.,]\d{{1,4}})?"
    r"|\d{1,15}(?:[.,]\d{1,4})?|[.,]\d{1,4}"
)
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?P<open>\()?\s?(?P<sign>[{MINUS}+])?\s?"
    rf"(?:(?P<before>{_CURRENCY})(?![^\W\d_])[.:]?)?\s?"
    rf"(?P<sign2>[{MINUS}+])?\s?(?P<digits>{_DIGITS})"
    rf"(?:\s?(?P<after>{_CURRENCY})(?!\w)|\s?(?P<dash>[{MINUS}])(?=\s|$))?"
    r"(?(open)\s?\))(?![\d%]|[.,]\d)",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"(?<![\w.,])(?P<sign>[{MINUS}+])?\s?(?P<digits>{_DIGITS})(?![\w]|[.,]\d)")
# Symbols, codes, and RM; abbreviations of other words, such as "fr.", only count beside amounts.
_STATED = re.compile(
    rf"(?:US|HK|NZ|[SACR])?\$|[€£¥₹₩₺]|(?<![^\W\d_])(?:{'|'.join(sorted(CODES))}|RM|Rs\.)(?![^\W\d_])"
)
_CENTS = re.compile(r"[.,]\d\d$")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class FoundAmount:
    """An amount in a text, `start` to before `end`.

    Attributes:
        figures: Start and end of sign and digits alone, where no currency parts them.
        cents: It is written with two decimals.
    """

    start: int
    end: int
    figures: tuple[int, int]
    value: Decimal
    currency: str | None
    cents: bool

    @property
    def json(self) -> dict[str, str | None]:
        return {"amount": plain(self.value), "currency": self.currency}


def find_amounts(text: str, conventions: Conventions = UNKNOWN) -> list[FoundAmount]:
    """The amounts in a text, with or without a currency, in their order."""
    found = []
    for match in _AMOUNT.finditer(text):
        value = number_of(match["digits"], conventions)
        if value is None:
            continue
        signs = {match["sign"], match["sign2"], match["dash"]}
        if match["open"] or signs & set(MINUS):
            value = -value
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        found.append(
            FoundAmount(
                start,
                match.end(),
                _figures(match, start),
                value,
                currency_of(match["before"] or match["after"] or ""),
                bool(_CENTS.search(match["digits"])),
            )
        )
    return found


def _figures(match: re.Match[str], start: int) -> tuple[int, int]:
    if match["open"] or match["dash"] or (match["sign"] and match["before"]):
        return start, match.end()
    sign = "sign2" if match["sign2"] else "sign"
    first = match.start(sign) if match[sign] else match.start("digits")
    return first, match.end("digits")


def read_amount(text: str, conventions: Conventions = UNKNOWN) -> FoundAmount | None:
    """The amount that a text is; None when it is none, or more than that."""
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        return None
    found = find_amounts(stripped, conventions)
    whole = [a for a in found if a.start == 0 and a.end == len(stripped)]
    return whole[0] if whole else None


def read_number(text: str, conventions: Conventions = UNKNOWN) -> Decimal | None:
    """The number that a text is; None when it is none, or more than that."""
    stripped = text.strip()
    match = _NUMBER.fullmatch(stripped) if len(stripped) <= _LONGEST else None
    if match is None:
        return None
    value = number_of(match["digits"], conventions)
    return -value if value is not None and (match["sign"] or "+") in MINUS else value


def number_of(digits: str, conventions: Conventions = UNKNOWN) -> Decimal | None:
    """Digits with separators as a number.

    The last of two different marks is the decimal one. A single mark before three digits is one of
    thousands, unless the document writes its decimals with that mark or a zero leads.
    """
    bare = re.sub("[\\s'\u2019]", "", digits)
    marks = [c for c in bare if c in ".,"]
    decimal: str | None = None
    if len(set(marks)) == 2:
        decimal = marks[-1]
    elif len(marks) == 1:
        whole, _, fraction = bare.partition(marks[0])
        thousands = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
        if thousands and conventions.decimal_comma is not None:
            thousands = conventions.decimal_comma == (marks[0] == ".")
        decimal = None if thousands else marks[0]
    cleaned = "".join("." if c == decimal else c for c in bare if c == decimal or c not in ".,")
    try:
        return Decimal(cleaned)
    except InvalidOperation:
        return None


def currency_of(mark: str) -> str | None:
    """The ISO 4217 code of a symbol or a code."""
    upper = mark.upper()
    return upper if upper in CODES else SYMBOLS.get(upper)


def currencies_in(text: str) -> set[str]:
    """The currencies that a text states, beside amounts or by themselves; codes in capitals."""
    found = {match[0] for match in _STATED.finditer(text)}
    return {currency for mark in found if (currency := currency_of(mark))}


def plain(value: Decimal) -> str:
    """Digits with a decimal point, never an exponent; minus zero is zero."""
    return f"{value if value else abs(value):f}"
