"""Names and addresses as people write them, where OCR lost spaces or took an O for a zero."""

from __future__ import annotations

import re

# Commas: none but those between figures stand without a space after them, none with one before.
_COMMA = re.compile(r"\s*,(?:\s*,)*\s*(?=\S)")
_IN_FIGURES = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"^(No)[,;] ?(?=\d)", re.IGNORECASE)
_ZERO = re.compile(r"(?<=[^\W\d_]{2})0(?=[^\W\d_])|(?<=[^\W\d_])0(?=[^\W\d_]{2})")
_PLACEHOLDER = "\x00"


def tidy(text: str) -> str:
    """The text with single spaces, a space after each comma, and no zeros within words.

    What could be read in two ways stays: a 1 in a word may be an l or an i.
    """
    text = _IN_FIGURES.sub(_PLACEHOLDER, " ".join(text.split()))
    text = _COMMA.sub(", ", text).replace(_PLACEHOLDER, ",")
    text = _NUMBER.sub(r"\1. ", text)
    return _ZERO.sub(lambda match: _o(match), text).strip(" ,;")


def _o(match: re.Match[str]) -> str:
    word = re.split(r"[\W\d_]", match.string[match.end() :], maxsplit=1)[0]
    return "O" if (match.string[match.start() - 1] + word).isupper() else "o"
