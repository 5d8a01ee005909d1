"""From text to what SQLite FTS5 indexes, and from any string to terms that it accepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

TOKENIZER = "tokenize = 'porter unicode61 remove_diacritics 2'"

# Scripts written without spaces: each character is a word, and a query looks for pairs.
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_UNSPACED_CHARACTER = re.compile(f"([{_UNSPACED}])")
_RUN = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}]+")
# A query of a thousand words says little more than its first ones, and costs much more.
_MAX_TERMS = 64

# So frequent in English that they match everything and decide nothing.
_FREQUENT = frozenset(
    """a about after all also an and any are as at be been before between but by can could did do
    does for from had has have he her his how i if in into is it its me more my no not of on or our
    she should so such than that the their them then there these they this to us was we were what
    when where which who whom whose why will with would you your""".split()  # noqa: SIM905
)


def indexed_form(text: str) -> str:
    """Compatibility forms (ligatures, full width) unfolded; unspaced scripts cut in characters."""
    return _UNSPACED_CHARACTER.sub(r" \1 ", unicodedata.normalize("NFKC", text))


def query_terms(query: str) -> list[str]:
    """The different words of a query, as FTS5 strings to be quoted; none when it has none.

    Frequent English words are left out unless there are no others.
    """
    terms: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", query)):
        if _UNSPACED_CHARACTER.match(run):
            # Pairs of neighbours: long enough to mean something, short enough to be found again.
            terms += [" ".join(run[i : i + 2]) for i in range(max(len(run) - 1, 1))]
        else:
            terms.append(run)
    terms = list(dict.fromkeys(terms))
    return ([term for term in terms if term.lower() not in _FREQUENT] or terms)[:_MAX_TERMS]


def any_of(terms: Iterable[str], *, prefixes: bool = False) -> str:
    """The FTS5 expression that matches any of the terms, or words that begin so."""
    if prefixes:
        return " OR ".join(f'"{term}"*' for term in terms if len(term) > 2)
    return " OR ".join(f'"{term}"' for term in terms)
