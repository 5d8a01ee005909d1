"""Which paragraphs are headings: short, set apart by size or weight, and no part of a list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from sparknet_assets.source.text.paragraphs import SAME_SIZE, Row
from sparknet_assets.source.text.reading_order import Segment

# Size of a heading relative to the body, by level. Boxes of OCR vary with the letters they hold,
# hence the wider margin.
LEVELS = ((1.7, 1), (1.3, 2), (1.12, 3))
OCR_LEVELS = ((2.2, 1), (1.7, 2), (1.45, 3))
# OCR reads print of that size well; what it reads badly is handwriting or a picture.
SUREST_DOUBT = 0.85
LONGEST_HEADING = 160
MOST_HEADING_WORDS = 20
FEWEST_SMALL_LETTERS = 4
# In heights of a line; a gap so wide, but after a number, parts cells or a title from its page.
WIDE_GAP = 1.8

# Bullets and boxes to tick; the first kind begins titles as well where no space follows.
_BULLET = re.compile(r"[*\u2013\u2014\u2605\u2606-](\s|$)")
_MARK = re.compile(
    r"[\u00b7\u2022\u2023\u2043\u2219\u25a0-\u25ff\u2610-\u2612\u2700-\u27bf\ue000-\uf8ff]"
)
_LABEL = re.compile(r"([^\W\d]+ )?\W{0,2}(\d[\w.]*|[IVXLC]+|\w)[.):\u2013-]*")
# An entry of a list of contents: leaders, and the number of a page.
_ENTRY = re.compile(r"(\.{3,}|\u2026|(\s\.){3,}|_{3,})\s*[\divxlc]*$")
_RUNS_ON = re.compile(r"[.,;]$|\w[-\u00ad]$")


def body_size(segments: Sequence[Segment]) -> tuple[float, bool]:
    """The size that most characters have, and whether most are bold."""
    sizes: Counter[float] = Counter()
    bold = total = 0
    for segment in segments:
        sizes[round(segment.size, 3)] += segment.characters
        bold += segment.bold * segment.characters
        total += segment.characters
    if not sizes:
        return 0.0, False
    common = max(sizes, key=lambda size: (sizes[size], size))
    near = [s.size for s in segments if abs(s.size - common) <= SAME_SIZE * common]
    return median(near or [common]), 2 * bold > total


def heading_level(group: Sequence[Row], body: tuple[float, bool], measured: bool) -> int | None:
    """The level of a heading by its size, 3 for one that is only bold; None for other text.

    Args:
        group: The rows of a paragraph.
        body: What `body_size` says of the page.
        measured: Sizes are those of fonts; False for sizes of boxes that OCR found.
    """
    size, bold = body
    words = [word for row in group for word in row.words]
    text = " ".join(word.text for word in words)
    if not _reads_like_one(text) or len(words) > MOST_HEADING_WORDS:
        return None
    if any(map(_is_parted, group)):
        return None
    if not measured and median(word.confidence for word in words) < SUREST_DOUBT:
        return None
    for ratio, level in LEVELS if measured else OCR_LEVELS:
        if size and min(row.size for row in group) >= ratio * size:
            return level
    return 3 if not bold and all(row.bold for row in group) else None


def _reads_like_one(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    if letters < 2 or 2 * letters < len(text) or len(text) > LONGEST_HEADING:
        return False
    if letters < FEWEST_SMALL_LETTERS and text.islower():
        return False
    if _BULLET.match(text) or _MARK.match(text) or _ENTRY.search(text) or _RUNS_ON.search(text):
        return False
    return text.count("(") <= text.count(")")


def _is_parted(row: Row) -> bool:
    """Whether wide gaps part a row as they do the heads of columns, or a title and its page."""
    words = sorted(row.words, key=lambda word: word.x0)
    width = words[-1].x1 - words[0].x0
    scale = (row.box.x1 - row.box.x0) / width if width > 0 else 0.0
    limit = WIDE_GAP * (row.box.y1 - row.box.y0)
    parts = [words[0].text]
    for before, after in pairwise(words):
        if (after.x0 - before.x1) * scale > limit and not _LABEL.fullmatch(parts[-1]):
            parts.append(after.text)
        else:
            parts[-1] += f" {after.text}"
    return len(parts) > 2 or (len(parts) == 2 and any(c.isdigit() for c in parts[1]))
