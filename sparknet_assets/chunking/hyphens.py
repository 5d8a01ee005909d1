"""Words that the end of a line parts, put together again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from sparknet_assets.source.text.spacing import SOFT_HYPHEN

Place = TypeVar("Place")

_HYPHENS = ("-", "\u2010", SOFT_HYPHEN)
# Parts that are joined by a hyphen far more often than without one: well-known, self-made.
_COMPOUNDS = frozenset(
    {"all", "cross", "ex", "first", "full", "half", "high", "large", "long", "low", "mid", "multi"}
    | {"non", "off", "part", "pre", "post", "second", "self", "semi", "short", "small", "so"}
    | {"state", "third", "three", "two", "well", "year"}
)
# Before these, a hyphen stands for the end of a later word: pre- and post-war, Vor- und Nachteile.
_SUSPENDED = frozenset(
    {"and", "or", "to", "nor", "und", "oder", "bis", "sowie", "et", "ou", "y", "e", "o", "of", "en"}
)


def ends_parted(word: str) -> bool:
    """Whether a word may go on in the next line."""
    return word.endswith(_HYPHENS)


def known_words(words: Iterable[str]) -> frozenset[str]:
    """Words as `join_hyphenated` looks them up."""
    return frozenset(map(_bare, words))


def join_hyphenated(
    lines: Sequence[list[tuple[str, Place]]], known: Collection[str] = ()
) -> list[list[tuple[str, Place]]]:
    """The lines of a paragraph, each parted word whole at the end of the line that it begins on.

    A hyphen is dropped where it only parts the word. It is kept in a compound: where the words
    known hold it with its hyphen, where it has another one, and after parts such as "self".

    Args:
        lines: Words with their places, in order.
        known: Words that stand elsewhere in the text, see `known_words`.
    """
    result: list[list[tuple[str, Place]]] = []
    for line in lines:
        rest = list(line)
        if result and rest:
            first, place = result[-1][-1]
            if _is_parted(first, rest[0][0]):
                result[-1][-1] = _whole(first, rest[0][0], known), place
                del rest[0]
        if rest:
            result.append(rest)
    return result


def _is_parted(first: str, rest: str) -> bool:
    if not first.endswith(_HYPHENS) or not rest[0].isalpha():
        return False
    if first.endswith(SOFT_HYPHEN):
        return len(first) > 1
    stem = first[:-1]
    return (
        len(stem) > 1
        and stem[-2:].isalpha()
        and stem[-1].islower()
        and rest[0].islower()
        and rest.strip(".,;:") not in _SUSPENDED
    )


def _whole(first: str, rest: str, known: Collection[str]) -> str:
    stem = first[:-1]
    joined, compound = stem + rest, f"{stem}-{rest}"
    if first.endswith(SOFT_HYPHEN) or _bare(joined) in known:
        return joined
    if "-" in stem or _bare(compound) in known or stem.lower() in _COMPOUNDS:
        return compound
    return joined


def _bare(word: str) -> str:
    return word.strip("\"'()[].,;:!?\u201c\u201d\u2018\u2019").lower()
