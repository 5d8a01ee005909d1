"""Is this the text that a reader of the page sees, or what a broken font encoding left of it?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Shares of a page's characters, spaces left out. On the pages with good text that this was measured
# on (about 200: reports, filings, papers, forms, invoices, in several scripts) at most 0.02 are
# broken, from bullets of symbol fonts, and at least 0.65 are letters, marks or digits. The limits
# stand well apart from that, towards the 0.3 and more of pages with a broken encoding.
MOST_BROKEN = 0.1
LEAST_READABLE = 0.45
# Latin words without any vowel: under 0.1 on the same pages; most words where letters are shifted.
MOST_VOWELLESS = 0.5
FEWEST_CHARACTERS = 40
FEWEST_WORDS = 25

_CID = re.compile(r"\(cid:\d+\)")
_RUN = re.compile(r"(.)\1{2,}")
_VOWELS = frozenset("aeiouyw")


def is_garbled(words: Iterable[str]) -> bool:
    """Judges the words of a page."""
    text = " ".join(words)
    codes = _CID.findall(text)
    # Leaders and rules ("......", "_____") say nothing about the encoding.
    rest = _RUN.sub(r"\1", _CID.sub("", text))
    characters = [character for character in rest if not character.isspace()]
    broken = len(codes) + sum(map(_is_broken, characters))
    total = len(codes) + len(characters)
    if not total:
        return False
    if broken > MOST_BROKEN * total:
        return True
    if total < FEWEST_CHARACTERS:
        return False
    readable = sum(unicodedata.category(character)[0] in "LMN" for character in characters)
    return readable < LEAST_READABLE * total or _is_shifted(rest)


def _is_broken(character: str) -> bool:
    """True for what no text holds: private use, unassigned, controls, U+FFFD, half surrogates."""
    return character == "\ufffd" or unicodedata.category(character) in ("Co", "Cn", "Cc", "Cs")


def _is_shifted(text: str) -> bool:
    words = [word for word in text.lower().split() if len(word) > 2 and word.isalpha()]
    latin = [word for word in words if max(word) < "\u0250"]
    if len(latin) < FEWEST_WORDS:
        return False
    without = sum(_VOWELS.isdisjoint(unicodedata.normalize("NFD", word)) for word in latin)
    return without > MOST_VOWELLESS * len(latin)
