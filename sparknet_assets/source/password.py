"""The forms of a password that may open a document."""

from __future__ import annotations

import stringprep
import unicodedata
from collections.abc import Iterable, Iterator


def candidates(passwords: Iterable[str]) -> Iterator[str]:
    """Each password as given, then as SASLprep normalises it where that differs."""
    for password in passwords:
        yield password
        prepared = saslprep(password)
        if prepared != password:
            yield prepared


def saslprep(password: str) -> str:
    """The mapping and normalisation of SASLprep (RFC 4013, 2.1 and 2.2).

    ISO 32000-2 (7.6.4.3.3) asks for it before a password is hashed; MuPDF leaves it out. What the
    profile prohibits is kept: a password that a lenient program accepted should still open.
    """
    mapped = (
        " " if stringprep.in_table_c12(character) else character
        for character in password
        if not stringprep.in_table_b1(character)
    )
    return unicodedata.normalize("NFKC", "".join(mapped))
