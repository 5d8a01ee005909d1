"""Encodings of before Unicode, told apart by what their text is mostly made of."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import partial

_SAMPLE = 8_000  # characters that are looked at
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_KANA = re.compile("[\u3041-\u30ff]")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_PUNCTUATION = re.compile("[\u3000-\u301f\uff01-\uff5e]")
# Inside a word, a sign or a capital after a small letter says that the encoding is another one.
_BROKEN = re.compile(r"(?<=[^\W\d_])[^\w\s\x00-\x7f\u2019\u00ad\u2013](?=[^\W\d_])")
_CAPITAL = re.compile(r"(?<=[a-z])[^\x00-\x7f](?=[a-z])")
# The commonest small letters, some nine tenths of a text. Read in another encoding, a text has
# about half as many of them, or none.
_COMMON = {
    "cp1251": "оеаинтсрвлкмдпуяыгіјє",
    "koi8_r": "оеаинтсрвлкмдпуяыг",
    "cp866": "оеаинтсрвлкмдпуяыг",
    "cp1253": "αοιετσνηυρπκλμςόήίάέύ",
    "cp1255": "יוהלאמרבתשנ",
    "cp1256": "اليمنوترهبةعد",
}
_LEAST_COMMON = 0.6
# Letters of other scripts do not touch Latin ones, those with accents do.
_TOUCHING = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]|[^\x00-\x7f](?=[A-Za-z])")
_MOST_TOUCHING = 0.1
# Nor do most East Asian characters stand in a Latin word, as an accent does that was read in one
# with the letter after it. Big5 and Korean take such pairs; GB 2312 does not.
_WITHIN = re.compile(r"(?<=[A-Za-z]{2})[^\x00-\x7f]|[^\x00-\x7f](?=[a-z]{2})")
_MOST_WITHIN = 0.5
_LATIN = ("cp1252", "cp1250", "mac_roman", "cp850")
_MOST_BROKEN = 0.05
_LEAST_KANA, _MOST_HALF_WIDTH = 0.1, 0.1
_LEAST_HANGUL, _LEAST_HAN = 0.85, 0.85


def likely_encoding(data: bytes, *, complete: bool) -> str | None:
    """The encoding of text that is no UTF-8, or None where none is likely.

    Args:
        complete: False when `data` may end within a character.
    """
    for encoding, fits in _EAST_ASIAN:
        text = _decoded(data, encoding, complete)
        if text and fits(text):
            return encoding
    scores = {
        encoding: _share(text, common)
        for encoding, common in _COMMON.items()
        if (text := _decoded(data, encoding, complete))
    }
    best = max(scores, key=lambda encoding: scores[encoding], default="")
    if best and scores[best] >= _LEAST_COMMON:
        return best
    broken = {
        encoding: _broken(text)
        for encoding in _LATIN
        if (text := _decoded(data, encoding, complete))
    }
    latin = min(broken, key=lambda encoding: broken[encoding], default="")
    return latin if latin and broken[latin] <= _MOST_BROKEN else None


def _decoded(data: bytes, encoding: str, complete: bool) -> str:
    """The characters beyond ASCII decide, wherever they stand; empty for what can't be decoded."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, complete)
    except UnicodeError:
        return ""
    first = _NON_ASCII.search(text)
    return text[max(0, first.start() - 20) : first.start() + _SAMPLE] if first else ""


def _within_words(text: str) -> bool:
    return len(_WITHIN.findall(text)) > _MOST_WITHIN * len(_NON_ASCII.findall(text))


def _is_japanese(text: str) -> bool:
    total = len(_NON_ASCII.findall(text))
    kana, narrow = len(_KANA.findall(text)), len(_HALF_WIDTH.findall(text))
    return kana >= _LEAST_KANA * total and narrow <= _MOST_HALF_WIDTH * total


def _is_korean(text: str) -> bool:
    letters = [sign for sign in _NON_ASCII.findall(text) if sign.isalpha()]
    hangul = len(_HANGUL.findall(text))
    return bool(letters) and hangul >= _LEAST_HANGUL * len(letters) and not _within_words(text)


def _is_big5(text: str) -> bool:
    return _is_chinese(text, "big5", 0xA4, 0xC6) and not _within_words(text)


def _is_chinese(text: str, encoding: str, first: int, last: int) -> bool:
    """Whether most characters are of the first level of a standard, which has the common ones."""
    signs = [s for s in _NON_ASCII.findall(text) if not _PUNCTUATION.match(s)]
    common = sum(
        first <= code[0] <= last
        for sign in signs
        if len(code := sign.encode(encoding, "ignore")) == 2
    )
    return bool(signs) and common >= _LEAST_HAN * len(signs)


_EAST_ASIAN: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("cp932", _is_japanese),
    ("euc_jp", _is_japanese),
    ("cp949", _is_korean),
    # GB 2312, level 1; Big5, frequently used characters
    ("gb18030", partial(_is_chinese, encoding="gb2312", first=0xB0, last=0xD7)),
    ("big5hkscs", _is_big5),
)


def _share(text: str, common: str) -> float:
    """Share of the characters beyond ASCII that are common letters; capitals count half."""
    signs = _NON_ASCII.findall(text)
    if len(_TOUCHING.findall(text)) > _MOST_TOUCHING * len(signs):
        return 0.0
    small = sum(sign in common for sign in signs)
    capital = sum(sign.lower() in common for sign in signs) - small
    return (small + capital / 2) / len(signs)


def _broken(text: str) -> float:
    """Share of the characters beyond ASCII that stand where no text has them."""
    capitals = sum(sign.isupper() for sign in _CAPITAL.findall(text))
    broken = len(_BROKEN.findall(text)) + capitals
    return float(broken / len(_NON_ASCII.findall(text)))
