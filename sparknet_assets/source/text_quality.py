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
# Vowels among Latin letters: at least 0.33 on the same pages, well under 0.2 in shifted codes.
FEWEST_VOWELS = 0.23
FEWEST_CHARACTERS = 40
FEWEST_LETTERS = 120

_CID = re.compile(r"\(cid:\d+\)")
_RUN = re.compile(r"(.)\1{2,}")
_VOWELS = frozenset("aeiou")


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
    words = [word for word in text.split() if len(word) > 2 and word.isalpha()]
    letters = unicodedata.normalize("NFD", "".join(words).lower())
    latin = [letter for letter in letters if "a" <= letter <= "z"]
    if len(latin) < FEWEST_LETTERS or 2 * len(latin) < len(letters):
        return False
    return sum(letter in _VOWELS for letter in latin) < FEWEST_VOWELS * len(latin)
