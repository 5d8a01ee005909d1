"""Is this the text that a reader of the page sees, or what a broken font encoding left of it?"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
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
# Letters; what is longer and can't be decoded throughout is a leader, not a word.
LONGEST_WORD = 16

_CID = re.compile(r"\(cid:\d+\)")
_RUN = re.compile(r"(.)\1{2,}")
_VOWELS = "aeiou"


def is_garbled(words: Iterable[str]) -> bool:
    """Judges the words of a page."""
    held = list(words)
    text = " ".join(held)
    codes = _CID.findall(text)
    # Leaders and rules ("......", "_____") say nothing about the encoding.
    rest = _RUN.sub(r"\1", _CID.sub("", text))
    counts = Counter(rest)
    kinds = {char: number for char, number in counts.items() if not char.isspace()}
    broken = len(codes) + sum(number for char, number in kinds.items() if _is_broken(char))
    total = len(codes) + sum(kinds.values())
    if not total:
        return False
    lost = sum(is_undecodable(word) and len(word) <= LONGEST_WORD for word in held)
    if broken > MOST_BROKEN * total or lost > MOST_BROKEN * len(held):
        return True
    if total < FEWEST_CHARACTERS:
        return False
    readable = sum(n for char, n in kinds.items() if unicodedata.category(char)[0] in "LMN")
    return readable < LEAST_READABLE * total or _is_shifted(rest)


def is_undecodable(word: str) -> bool:
    """True for a word of which nothing is known but that something stands there."""
    return all(
        char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cn", "Cs") for char in word
    )


def _is_broken(character: str) -> bool:
    """True for what no text holds: private use, unassigned, controls, U+FFFD, half surrogates."""
    return character == "\ufffd" or unicodedata.category(character) in ("Co", "Cn", "Cc", "Cs")


def _is_shifted(text: str) -> bool:
    words = [word for word in text.split() if len(word) > 2 and word.isalpha()]
    letters = Counter(unicodedata.normalize("NFD", "".join(words).lower()))
    latin = sum(number for letter, number in letters.items() if "a" <= letter <= "z")
    if latin < FEWEST_LETTERS or 2 * latin < letters.total():
        return False
    return sum(letters[vowel] for vowel in _VOWELS) < FEWEST_VOWELS * latin


def main_script(text: str) -> str:
    """The script of most letters, as its Unicode names begin (`LATIN`, `HEBREW`), or ""."""
    scripts: Counter[str] = Counter()
    for letter, number in Counter(text).items():
        if letter.isalpha():
            scripts[unicodedata.name(letter, "?").split()[0]] += number
    return scripts.most_common(1)[0][0] if scripts else ""
