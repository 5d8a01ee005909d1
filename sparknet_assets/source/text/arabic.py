"""Arabic ligatures in their logical order."""

from __future__ import annotations

from typing import Any

LAM = "\u0644"
_ALEFS = frozenset("\u0622\u0623\u0625\u0627\u0671")


def has_lam_alef(rows: list[Any]) -> bool:
    """Whether any of the words (as of `TextPage.extractWORDS`) may hold the ligature."""
    return any(LAM in row[4] for row in rows)


def order_ligatures(content: dict[str, Any]) -> dict[str, Any]:
    """Gives spans of `TextPage.extractRAWDICT` their text, lam-alef ligatures in order.

    MuPDF turns right-to-left runs around glyph by glyph, and with them the letters of a glyph that
    stands for two: the alef then comes first, without a width of its own.
    """
    for block in content["blocks"]:
        for line in block.get("lines", ()):
            for span in line["spans"]:
                span["text"] = _ordered(span["chars"])
    return content


def reworded(line: dict[str, Any], rows: list[Any]) -> list[Any]:
    """The words of a line with the letters that its spans have, in the order of the spans."""
    letters = "".join("".join(span["text"].split()) for span in line["spans"])
    if len(letters) != sum(len(row[4]) for row in rows):
        return rows
    result, position = [], 0
    for row in rows:
        end = position + len(row[4])
        result.append((*row[:4], letters[position:end], *row[5:]))
        position = end
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
