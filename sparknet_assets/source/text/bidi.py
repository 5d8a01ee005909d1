"""Lines of Arabic and Hebrew in the order in which they are read, however a file draws them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from resources.ocr import Word

_RIGHT, _NEUTRAL, _NUMBER, _LEFT = -1, 0, 1, 2  # where a word's script begins


def logical_order(texts: Sequence[str], places: Sequence[float]) -> list[int]:
    """In which order the words of a line are read.

    Browsers draw a right-to-left line word by word from its left end, and MuPDF turns no more than
    each word around. Words that stand from right to left already are left as they are. The rest is
    the Unicode bidirectional algorithm (UAX 9) backwards, as far as whole words go: a run of words
    of the other direction keeps its own order, a number goes with the letters before it.

    Args:
        texts: Of the words, as they come.
        places: Their middles along the line, from its left end.

    Returns:
        Indices of the words.
    """
    kinds = [_kind(text) for text in texts]
    turned = [index for index, kind in enumerate(kinds) if kind == _RIGHT]
    ascending = sum(places[one] < places[other] for one, other in pairwise(turned))
    if 2 * ascending <= len(turned) - 1:
        return list(range(len(texts)))
    drawn = sorted(range(len(texts)), key=lambda index: places[index])
    letters = {
        kind: sum(len(text) for text, k in zip(texts, kinds, strict=True) if k == kind)
        for kind in (_RIGHT, _LEFT)
    }
    if letters[_RIGHT] > letters[_LEFT]:
        return _turned(drawn, kinds, (_LEFT,), (_NUMBER, _LEFT))[::-1]
    return _turned(drawn, kinds, (_RIGHT,), (_RIGHT,))


def as_read(line: dict[str, Any], rows: list[Any]) -> list[Any]:
    """The words of a line (rows of `TextPage.extractWORDS`) in the order in which they are read."""
    if len(rows) < 2 or not any(_kind(row[4]) == _RIGHT for row in rows):
        return rows
    x, y = line["dir"] or (1.0, 0.0)
    places = [(row[0] + row[2]) * x + (row[1] + row[3]) * y for row in rows]
    return [rows[index] for index in logical_order([row[4] for row in rows], places)]


def words_as_read(row: Sequence[Word]) -> list[Word]:
    """Words that stand side by side in the order in which they are read."""
    order = logical_order([word.text for word in row], [word.x0 + word.x1 for word in row])
    return [row[index] for index in order]


def _turned(
    drawn: list[int], kinds: list[int], starting: tuple[int, ...], ending: tuple[int, ...]
) -> list[int]:
    """The words with each run of one direction, and what stands within it, turned around."""
    result: list[int] = []
    at = 0
    while at < len(drawn):
        end = at + 1
        if kinds[drawn[at]] in starting:
            reach = at + 1
            while reach < len(drawn) and kinds[drawn[reach]] != (
                _LEFT if starting == (_RIGHT,) else _RIGHT
            ):
                reach += 1
                end = reach if kinds[drawn[reach - 1]] in ending else end
        result += drawn[at:end][::-1]
        at = end
    return result


def _kind(text: str) -> int:
    """The direction of most of a word's letters; of a word without any, whether it has a digit."""
    directions = [unicodedata.bidirectional(character) for character in text]
    right = sum(direction in ("R", "AL") for direction in directions)
    left = directions.count("L")
    if right or left:
        return _RIGHT if right > left else _LEFT
    return _NUMBER if any(direction in ("EN", "AN") for direction in directions) else _NEUTRAL
