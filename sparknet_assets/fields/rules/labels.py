"""Labels on a page, found although OCR misreads letters: TOTAL and T0TAL are one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

# Glyphs that engines take for each other.
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b"})
_LONGEST = 120  # characters of a piece in which a label is looked for
FUZZY_PENALTY = 0.08
_GLUED = re.compile(r"(?:RM|EUR|USD|GBP|CHF|SGD|INR)(?![^\W\d_])")


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """A label in a text, from `start` to before `end`.

    Attributes:
        errors: Letters that differ.
        size: Letters of the label.
    """

    label: str
    start: int
    end: int
    errors: int
    size: int


def skeleton(text: str) -> tuple[str, list[int]]:
    """Letters and digits of a text, folded so that what looks alike is alike.

    Returns:
        The skeleton, and for each of its characters the place in the text.
    """
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in _folded(character):
            folded.append(part)
            places.append(place)
    return "".join(folded), places


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character.casefold()).translate(_ALIKE)
    return "".join(c for c in plain if c.isalnum())


@lru_cache(maxsize=4096)
def _bare(label: str) -> str:
    return skeleton(label)[0]


class LabelIndex:
    """Labels made ready for being looked for again and again."""

    def __init__(self, labels: Iterable[str]) -> None:
        self.by_letter = _by_letter(tuple(labels))


def find_labels(
    text: str, labels: Sequence[str] | LabelIndex, *, leading: bool = False
) -> list[LabelMatch]:
    """Where labels stand in a text, at the beginnings of words only.

    For each label the places where it fits; a label may stand within a longer one.

    Args:
        leading: Only those before which no letter stands.
    """
    if leading and not any(map(str.isalpha, text)):
        return []
    bones, places = skeleton(text[:_LONGEST])
    index = labels if isinstance(labels, LabelIndex) else LabelIndex(labels)
    by_letter = index.by_letter
    found = []
    for start, place in enumerate(places):
        if leading and start and text[places[start - 1]].isalpha():
            break
        known = by_letter.get(bones[start])
        if known is None or not _begins(text, place):
            continue
        for label, bare in known:
            fit = _fit(bones, start, bare, text, places)
            if fit is not None:
                end, errors = fit
                found.append(LabelMatch(label, place, places[end - 1] + 1, errors, len(bare)))
    return found


@lru_cache(maxsize=64)
def _by_letter(labels: tuple[str, ...]) -> dict[str, list[tuple[str, str]]]:
    """Labels with their skeletons, by the first letter, which OCR must have read right."""
    found: dict[str, list[tuple[str, str]]] = {}
    for label in labels:
        if bare := _bare(label):
            found.setdefault(bare[0], []).append((label, bare))
    return found


def _begins(text: str, place: int) -> bool:
    if place == 0 or not text[place - 1].isalnum():
        return True
    return _turns(text[place - 1], text[place])


def _turns(before: str, after: str) -> bool:
    """Whether a word begins where OCR left out the space: a letter after digits."""
    return before.isdigit() and after.isalpha()


def _fit(
    bones: str, start: int, label: str, text: str, places: Sequence[int]
) -> tuple[int, int] | None:
    """The end in the skeleton and the errors of a label at a place; None when it does not fit."""
    end = start + len(label)
    if bones.startswith(label, start):
        return (end, 0) if _ends(end, text, places) else None
    allowed = allowed_errors(len(label))
    if not allowed or not _may_fit(bones, start, label, allowed):
        return None
    best: tuple[int, int] | None = None
    for reach in range(end - allowed, min(len(bones), end + allowed) + 1):
        if reach <= start or not _ends(reach, text, places):
            continue
        errors = distance(bones[start:reach], label, allowed)
        if errors <= allowed and (best is None or errors < best[1]):
            best = (reach, errors)
    return best


def _may_fit(bones: str, begin: int, label: str, allowed: int) -> bool:
    """Whether one of the parts of a label, one more than errors are allowed, is near its place."""
    for offset, part in _parts(label, allowed):
        place = begin + offset
        if bones.find(part, max(begin, place - allowed), place + len(part) + allowed) >= 0:
            return True
    return False


@lru_cache(maxsize=4096)
def _parts(label: str, allowed: int) -> list[tuple[int, str]]:
    size = len(label)
    cuts = [size * part // (allowed + 1) for part in range(allowed + 2)]
    return [(a, label[a:b]) for a, b in pairwise(cuts)]


def _ends(end: int, text: str, places: Sequence[int]) -> bool:
    """Whether a word ends before a place of the skeleton; a glued value is no part of it."""
    if end >= len(places):
        return True
    place, before = places[end], places[end - 1]
    if place == before:
        return False
    if place > before + 1 or (text[place].isdigit() and not text[before].isdigit()):
        return True
    return _GLUED.match(text, place) is not None


def allowed_errors(size: int) -> int:
    """Letters that may differ: one in short labels, two in long ones, none in the shortest."""
    return 0 if size < 5 else 1 if size < 10 else 2


@lru_cache(maxsize=65536)
def distance(left: str, right: str, limit: int) -> int:
    """Levenshtein distance; more than `limit` is told as `limit` + 1."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    row = list(range(len(right) + 1))
    for index, character in enumerate(left, start=1):
        previous, row[0] = row[0], index
        for column, other in enumerate(right, start=1):
            previous, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, previous + (character != other)),
            )
        if min(row) > limit:
            return limit + 1
    return row[-1]
