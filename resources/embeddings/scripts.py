"""What script a text is in, as far as a model that knows a single one needs to ask."""

from __future__ import annotations

import re

# Basic Latin, Latin-1, Extended-A and -B, and Extended Additional.
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")


def mostly_latin(text: str) -> bool:
    """Whether at least half of its letters are Latin; True of a text without letters."""
    letters = sum(character.isalpha() for character in text)
    return 2 * len(_LATIN.findall(text)) >= letters
