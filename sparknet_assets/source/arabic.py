"""Arabic ligatures in their logical order."""

from __future__ import annotations

from itertools import groupby
from typing import Any

LAM = "\u0644"
_ALEFS = frozenset("\u0622\u0623\u0625\u0627\u0671")


def has_lam_alef(rows: list[Any]) -> bool:
    """Whether any of the words (as of `TextPage.extractWORDS`) may hold the ligature."""
    return any(LAM in row[4] for row in rows)


def restore_ligatures(rows: list[Any], content: dict[str, Any]) -> list[Any]:
    """Puts the two letters of lam-alef ligatures in order.

    MuPDF turns right-to-left runs around glyph by glyph, and with them the letters of a glyph that
    stands for two: the alef then comes first, without a width of its own.

    Args:
        rows: Words, as of `TextPage.extractWORDS`.
        content: The same page's `TextPage.extractRAWDICT`.
    """
    texts = [block for block in content["blocks"] if block["type"] == 0]
    result: list[Any] = []
    for (block, line), group in groupby(rows, key=lambda row: (row[5], row[6])):
        spans = texts[block]["lines"][line]["spans"]
        letters = [char for span in spans for char in span["chars"] if not char["c"].isspace()]
        given, ordered = "".join(char["c"] for char in letters), _ordered(letters)
        position = 0
        for row in group:
            text = row[4]
            start = position if given.startswith(text, position) else given.find(text)
            if start >= 0:
                position = start + len(text)
                text = ordered[start:position]
            result.append((*row[:4], text, *row[5:]))
    return result


def _ordered(characters: list[dict[str, Any]]) -> str:
    letters = [str(character["c"]) for character in characters]
    for index in range(len(letters) - 1):
        x0, _, x1, _ = characters[index]["bbox"]
        if (
            letters[index] in _ALEFS
            and letters[index + 1] == LAM
            and x1 - x0 < 0.01
            and abs(characters[index + 1]["bbox"][2] - x1) < 0.1
        ):
            letters[index], letters[index + 1] = letters[index + 1], letters[index]
    return "".join(letters)
