"""Identifiers whose form says whether they are right."""

from __future__ import annotations

import re

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def iban_fails(text: str) -> bool:
    """Whether an IBAN is no IBAN: its form, or its check digits (mod 97, ISO 13616)."""
    bare = re.sub(r"[\s-]", "", text).upper()
    if not _IBAN.fullmatch(bare) or not bare.isascii():
        return True
    digits = "".join(str(int(c, 36)) for c in bare[4:] + bare[:4])
    return int(digits) % 97 != 1
