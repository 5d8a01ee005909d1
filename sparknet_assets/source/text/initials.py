"""Initials that are set over several lines, given back to the word that they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from resources.ocr import Word
from sparknet_assets.source.text.reading_order import Segment

# Height of an initial by that of its line, and the widest gap to its word by the latter.
TALL = 1.6
NEAR = 0.8
# Letters that are words: what follows them may be the next one.
WORDS = "AI\u00c0\u00c8"


def with_initials(segments: Sequence[Segment], aspect: float) -> list[Segment]:
    """Joins a lone large letter with the first of the lines that stand at its right.

    Args:
        segments: Pieces of an upright page.
        aspect: Width of the page by its height.
    """
    result = list(segments)
    common = median(s.size for s in segments) if segments else 0.0
    letters = [s for s in segments if s.size >= TALL * common and _is_letter(s)]
    for letter in letters:
        beside = [s for s in result if s is not letter and _follows(s, letter, aspect)]
        if len(beside) > 1:
            first = min(beside, key=lambda segment: segment.box.y0)
            result[result.index(first)] = replace(
                first, words=[*_joined(letter.words[0], first.words[0]), *first.words[1:]]
            )
            result.remove(letter)
    return result


def _is_letter(segment: Segment) -> bool:
    text = "".join(word.text for word in segment.words)
    return len(text) == 1 and text.isalpha() and text.isupper()


def _follows(segment: Segment, letter: Segment, aspect: float) -> bool:
    """Whether a line begins at the right of a letter, no further off than a space."""
    one, other = segment.box, letter.box
    height = one.y1 - one.y0
    gap = (one.x0 - other.x1) * aspect
    middle = (one.y0 + one.y1) / 2
    return (
        letter.size >= TALL * segment.size
        and other.y0 <= middle <= other.y1
        and -height <= gap <= NEAR * height
        and segment.words[0].text[0].isalpha()
    )


def _joined(letter: Word, word: Word) -> list[Word]:
    """The whole word, in the place of its part on the line, from the initial on."""
    initial = letter._replace(y0=word.y0, y1=word.y1)
    if letter.text in WORDS or not (word.text[0].islower() or word.text.isupper()):
        return [initial, word]
    sure = min(letter.confidence, word.confidence)
    return [word._replace(text=letter.text + word.text, x0=letter.x0, confidence=sure)]
