"""Whether a quote stands in a passage, and where: word for word, numbers exactly."""

from __future__ import annotations

import re
import unicodedata

_QUOTE_SIGNS = frozenset("\"'`\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2039\u203a")
_CURRENCY_SIGNS = frozenset("$\u00a3\u00a5\u20ac")
_EDGES = " .,;:!?\u2026\u3002'-"
_FEWEST_WORDS = 2
_FEWEST_SIGNS = 4
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_FIGURE = re.compile(r"\d")


def find_quote(quote: str, passage: str) -> str | None:
    """The characters of the passage that the quote repeats; None where it does not.

    White space, the bars between cells, the kinds of hyphens and quotation marks, hyphens inside
    words, capitals and compatibility forms (ligatures, full width) may differ, and full stops at
    either end; so may commas between groups of three digits, and the space between a number and
    the sign of its currency, or of per cent. Everything else is the same, and begins and ends with
    a whole word or number.
    """
    wanted = _folded(quote)[0].strip(_EDGES)
    if not _says_something(wanted):
        return None
    there, places = _folded(passage)
    at = there.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if _whole(there, at, end):
            return passage[places[at] : places[end - 1] + 1]
        at = there.find(wanted, at + 1)
    return None


def numbers(text: str) -> list[str]:
    """The numbers of a text; those grouped by commas without them."""
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return [n.replace(",", "") if _GROUPED.fullmatch(n) else n for n in found]


def _says_something(wanted: str) -> bool:
    """Whether a quote is more than a word that could be anywhere."""
    cased = sum(map(_is_cased, wanted))
    if _FIGURE.search(wanted) or 2 * cased < len(wanted.replace(" ", "")):
        return len(wanted) >= _FEWEST_SIGNS or bool(_FIGURE.search(wanted))
    return len(wanted.split()) >= _FEWEST_WORDS


def _folded(text: str) -> tuple[str, list[int]]:
    """The text as quotes are compared, and for each of its characters where it comes from."""
    signs: list[str] = []
    places: list[int] = []
    for place, original in enumerate(text):
        for sign in unicodedata.normalize("NFKC", original).casefold():
            category = unicodedata.category(sign)
            if category in ("Cf", "Cc") and not sign.isspace():
                continue
            if sign.isspace() or sign == "|":
                sign = " "
            elif category == "Pd" or sign == "\u2212":
                sign = "-"
            elif sign in _QUOTE_SIGNS:
                sign = "'"
            signs.append(sign)
            places.append(place)
    return _joined(signs, places)


def _joined(signs: list[str], places: list[int]) -> tuple[str, list[int]]:
    """Without hyphens inside words, at the end of a line too, and with single spaces."""
    kept: list[str] = []
    where: list[int] = []
    for number, sign in enumerate(signs):
        if sign == "-" and kept and kept[-1].isalpha() and _letter_after(signs, number):
            continue
        if sign in ", " and _between_figures(signs, number):
            continue
        after_hyphen = number and signs[number - 1] in "- " and kept and kept[-1] != "-"
        if sign == " " and after_hyphen:
            continue
        kept.append(sign)
        where.append(places[number])
    return "".join(kept), where


def _between_figures(signs: list[str], number: int) -> bool:
    """Whether a comma groups digits, or a space parts a number from its sign: $ 1,234, 5 %."""
    before, after = signs[number - 1] if number else "", "".join(signs[number + 1 : number + 5])
    if signs[number] == ",":
        return (
            before.isdigit() and after[:3].isdigit() and len(after) > 2 and not after[3:].isdigit()
        )
    return (before in _CURRENCY_SIGNS and after[:1].isdigit()) or (
        before.isdigit() and after[:1] == "%"
    )


def _letter_after(signs: list[str], number: int) -> bool:
    number += 1
    while number < len(signs) and signs[number] == " ":
        number += 1
    return number < len(signs) and signs[number].isalpha()


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a stretch cuts no word and no number."""
    before, after = text[:start][-2:], text[end : end + 2]
    if text[start].isdigit() and re.search(r"\d[.,]?$", before):
        return False
    if text[end - 1].isdigit() and re.match(r"[.,]?\d", after):
        return False
    opens = _is_cased(text[start]) and before[-1:] and _is_cased(before[-1])
    closes = _is_cased(text[end - 1]) and after[:1] and _is_cased(after[0])
    return not (opens or closes)


def _is_cased(sign: str) -> bool:
    """Whether it is a letter of a script that puts spaces between words."""
    return sign.isalpha() and sign.upper() != sign.lower()
