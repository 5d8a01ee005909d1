"""Words that the spacing of their letters parts: spaced capitals, Chinese set glyph by glyph."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import Any

from resources.ocr import Word

SOFT_HYPHEN = "\u00ad"
# In heights of a letter: the widest gap in a line of Chinese or Japanese, and between the letters
# of a spaced word, whose words stand further apart by at least this factor.
CJK_GAP = 0.35
LETTER_GAP = 0.8
APART = 1.7
FEWEST_LETTERS = 5

Placed = tuple[Word, dict[str, Any]]


def visible(text: str) -> str:
    """A word without the soft hyphens inside it, which show at the end of a line only."""
    return text[:-1].replace(SOFT_HYPHEN, "") + text[-1:] if SOFT_HYPHEN in text else text


def without_cjk_gaps(words: list[Word], aspect: float) -> list[Word]:
    """The words of a level line, those of Chinese and Japanese put together that touch.

    Set vertically, or glyph by glyph, each character comes as a word of its own.

    Args:
        aspect: Width of the page by its height.
    """
    result = words[:1]
    for word in words[1:]:
        last = result[-1]
        if (
            _is_cjk(last.text[-1])
            and _is_cjk(word.text[0])
            and abs(word.x0 - last.x1) * aspect < CJK_GAP * (word.y1 - word.y0)
        ):
            result[-1] = _together([last, word])
        else:
            result.append(word)
    return result


def unspaced(run: list[Placed], aspect: float) -> list[Placed]:
    """Puts letters together that stand evenly apart, as in a spaced heading.

    Args:
        run: Words of a line with the span that each stands in.
        aspect: Width of the page by its height.
    """
    if sum(len(word.text) == 1 for word, _ in run) < FEWEST_LETTERS:
        return run
    result: list[Placed] = []
    letters: list[Placed] = []
    for placed in [*run, None]:
        if placed and _is_letter(placed[0].text):
            letters.append(placed)
            continue
        result += _words(letters, aspect) if len(letters) >= FEWEST_LETTERS else letters
        letters = []
        if placed:
            result.append(placed)
    return result


def _words(letters: list[Placed], aspect: float) -> list[Placed]:
    gaps = [_gap(one, other, aspect) for (one, _), (other, _) in pairwise(letters)]
    usual = median(gaps)
    codes = [ord(word.text) for word, _ in letters]
    listed = all(after - before == 1 for before, after in pairwise(codes))  # A B C D E
    if listed or not 0 < usual <= LETTER_GAP * _height(letters[0][0], aspect):
        return letters
    groups = [[letters[0]]]
    for gap, placed in zip(gaps, letters[1:], strict=True):
        if gap > APART * usual:
            groups.append([])
        groups[-1].append(placed)
    return [(_together([word for word, _ in group]), group[0][1]) for group in groups]


def _together(words: list[Word]) -> Word:
    return Word(
        "".join(word.text for word in words),
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
        min(word.confidence for word in words),
    )


def _gap(one: Word, other: Word, aspect: float) -> float:
    """How far apart words stand, side by side or one below the other, in heights of the page."""
    across = max(other.x0 - one.x1, one.x0 - other.x1) * aspect
    return max(across, other.y0 - one.y1, one.y0 - other.y1)


def _height(word: Word, aspect: float) -> float:
    return min(word.y1 - word.y0, max(word.x1 - word.x0, 1e-6) * aspect * 3)


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isupper()


def begins_cjk(word: Word) -> bool:
    """Whether a word begins with a character of Chinese or Japanese."""
    return _is_cjk(word.text[0])


def _is_cjk(character: str) -> bool:
    """Han, Hiragana and Katakana, with the punctuation that goes with them; no Hangul."""
    return (
        "\u3001" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff01" <= character <= "\uff9f"
        or "\U00020000" <= character <= "\U0003ffff"
    )
