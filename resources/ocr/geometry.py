"""Places on a page: quarter turns, areas, and lines into rows from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from resources.ocr import Box, Line, Word


def turn_box(box: Box, degrees: int) -> Box:
    """Where a box stands once its page was turned clockwise by a multiple of 90 degrees."""
    x0, y0, x1, y1 = box
    match degrees % 360:
        case 90:
            return Box(1 - y1, x0, 1 - y0, x1)
        case 180:
            return Box(1 - x1, 1 - y1, 1 - x0, 1 - y0)
        case 270:
            return Box(y0, 1 - x1, y1, 1 - x0)
        case _:
            return box


def area(box: Box) -> float:
    """Width by height."""
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def overlap(one: Box, other: Box) -> float:
    """The area that two boxes share; 0 where they only touch."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of these, of which there is at least one."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return Box(min(x0s), min(y0s), max(x1s), max(y1s))


def clipped(box: Box) -> Box:
    """The part of a box that is on the page."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    return Box(x0, y0, x1, y1)


def middle_in(inner: Box, box: Box) -> bool:
    """Whether the middle of one box lies in another."""
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1


def turn_line(line: Line, degrees: int) -> Line:
    """The line on a page that was turned clockwise by a multiple of 90 degrees."""
    if degrees % 360 == 0:
        return line
    words = [
        word_at(word.text, turn_box(word.box, degrees), word.confidence) for word in line.words
    ]
    return line.model_copy(update={"words": words})


def word_at(text: str, box: Box, confidence: float) -> Word:
    """A word with its box kept within the page and all numbers rounded, so that JSON is short."""
    x0, y0, x1, y1 = box
    if x0 < 0 or y0 < 0 or x1 > 1 or y1 > 1:
        x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    sure = round(min(1.0, max(0.0, confidence)), 4)
    return Word(text, round(x0, 5), round(y0, 5), round(x1, 5), round(y1, 5), sure)


def rows_of(boxes: Sequence[Box]) -> list[list[int]]:
    """Groups boxes that stand side by side.

    Returns:
        Indices, row after row from the top, each row from left to right. A box joins the row above
        when their heights overlap by more than half of the smaller one.
    """
    rows: list[list[int]] = []
    spans: list[tuple[float, float]] = []
    for index in sorted(range(len(boxes)), key=lambda i: (boxes[i].y0 + boxes[i].y1, boxes[i].x0)):
        box = boxes[index]
        if rows:
            top, bottom = spans[-1]
            overlap = min(bottom, box.y1) - max(top, box.y0)
            if overlap > 0.5 * min(bottom - top, box.y1 - box.y0):
                rows[-1].append(index)
                # The row's band is that of its first box: a tall neighbour must not swallow the
                # next row.
                continue
        rows.append([index])
        spans.append((box.y0, box.y1))
    return [sorted(row, key=lambda i: (boxes[i].x0, boxes[i].y0)) for row in rows]
