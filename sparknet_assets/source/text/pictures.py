"""Pictures pasted into a page whose text layer is good: which may hold text, and where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from resources.ocr import Box, Line, OCRResult, PageText, Table
from resources.ocr.geometry import area, around, clipped, middle_in, overlap, turn_box, word_at
from sparknet_assets.source.pdf import library

if TYPE_CHECKING:
    import pymupdf
    from numpy.typing import NDArray

    from sparknet_assets.source.text.text_layer import TextLayer

# Smaller ones are logos, seals and icons: of the page, and points on the shorter side.
SMALLEST, SHORT_SIDE = 0.04, 72.0
MOST = 3  # of a page; the largest
# Strips of one picture touch each other, or nearly, in fractions of the page.
TOUCHING = 0.004
MOST_STRIPS = 400
# Characters of the text layer that stand on a picture: one with more is a ground for text.
CAPTIONED = 40
# A word that OCR was less sure of may be none: the picture may be a photo.
LEAST_CONFIDENCE = 0.7
FEWEST = 6  # characters of a picture; fewer are more often made up than read
# Paper is even, in levels of 255 by which neighbouring areas differ, over so much of a picture of
# text; and ink stands out from it, on some of it.
EVEN, MOST_INK_CONTRAST = 12, 40
EVEN_SHARE, INK = 0.5, (0.004, 0.45)


def pictures_to_read(page: pymupdf.Page, layer: TextLayer) -> list[Box]:
    """Large pictures without text of the layer on them, in fractions of the page as shown."""
    if not layer.pictures:
        return []
    width, height = page.rect.width, page.rect.height
    boxes = [clipped(box) for box in layer.pictures]
    boxes = [box for box in boxes if box.x1 > box.x0 and box.y1 > box.y0]
    found = []
    for box in _joined(boxes) if len(boxes) <= MOST_STRIPS else boxes:
        sides = (box.x1 - box.x0) * width, (box.y1 - box.y0) * height
        if area(box) < SMALLEST or min(sides) < SHORT_SIDE:
            continue
        words = [word for segment in layer.seen for word in segment.words]
        if sum(len(word.text) for word in words if middle_in(word.box, box)) <= CAPTIONED:
            found.append(box)
    return sorted(sorted(found, key=area)[-MOST:], key=lambda box: (box.y0, box.x0))


def shown_at(page: pymupdf.Page, box: Box, dpi: float, most_pixels: int) -> NDArray[np.uint8]:
    """What the page shows at `box`, grey (height, width)."""
    pymupdf = library()
    width, height = page.rect.width, page.rect.height
    clip = pymupdf.Rect(box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height)
    square_inches = max(1.0, clip.width * clip.height) / 72**2
    scale = min(dpi, (most_pixels / square_inches) ** 0.5) / 72
    pixmap = page.get_pixmap(
        matrix=pymupdf.Matrix(scale, scale), clip=clip, colorspace=pymupdf.csGRAY, alpha=False
    )
    flat = np.frombuffer(pixmap.samples_mv, np.uint8).reshape(pixmap.height, pixmap.stride)
    return flat[:, : pixmap.width].copy()


def may_hold_text(pixels: NDArray[np.uint8]) -> bool:
    """Whether a picture is mostly an even ground with some ink on it; a millisecond or two.

    Photos are not: reading each of them would take a second, mostly for nothing.
    """
    import cv2

    height, width = pixels.shape
    scale = min(1.0, 600 / max(height, width))
    small = cv2.resize(
        pixels,
        (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA,
    )
    away = cv2.absdiff(small, cv2.medianBlur(small, 31))
    ink = float((away > MOST_INK_CONTRAST).mean())
    return float((away < EVEN).mean()) >= EVEN_SHARE and INK[0] <= ink <= INK[1]


def surely_read(result: OCRResult, box: Box, layer: TextLayer) -> OCRResult:
    """What was read on the picture at `box`, without doubtful lines and without known words.

    Boxes stay fractions of the picture.
    """
    known = [word.box for segment in layer.seen for word in segment.words]
    near = [other for other in known if overlap(other, box) > 0]
    lines = []
    for line in result.lines:
        scores = [word.confidence for word in line.words]
        if not scores or sum(scores) / len(scores) < LEAST_CONFIDENCE:
            continue
        words = [word for word in line.words if not _is_known(_placed(word.box, box), near)]
        if words:
            lines.append(line.model_copy(update={"words": words}))
    if sum(len(word.text) for line in lines for word in line.words) < FEWEST:
        lines = []
    return result.model_copy(update={"lines": lines, "tables": [], "key_values": []})


def with_pictures(text: PageText, read: Iterable[tuple[Box, PageText]]) -> PageText:
    """The text of a page with that of its pictures, each after what stands above it.

    The order of what the page had is kept, and its words are as they were.

    Args:
        read: Places of pictures, and what was read on each with boxes in fractions of it.
    """
    for place, found in read:
        lines = [_line_at(line, place) for line in found.lines]
        if not lines:
            continue
        tables = [
            table.model_copy(
                update={
                    "box": _placed(table.box, place),
                    "row_boxes": [_placed(row, place) for row in table.row_boxes],
                }
            )
            for table in found.tables
        ]
        text = _inserted(text, _line_for(text, place), lines, tables)
    return text


def _inserted(text: PageText, index: int, lines: list[Line], tables: list[Table]) -> PageText:
    """The page with further lines before that of the index; a paragraph there becomes two."""
    before, after = text.lines[:index], text.lines[index:]
    first = before[-1].block + 1 if before else 0
    on = first + 1 + max(line.block for line in lines) - (after[0].block if after else 0)
    known = [t if t.block < first else _moved_table(t, on) for t in text.tables]
    found = [_moved_table(table, first) for table in tables]
    return text.model_copy(
        update={
            "lines": before + _moved(lines, first) + _moved(after, on),
            "tables": sorted(known + found, key=lambda table: table.block),
        }
    )


def _line_for(text: PageText, place: Box) -> int:
    """The index of the line before which a picture is read; tables stay whole."""
    picture = turn_box(place, text.rotation)
    middle = (picture.y0 + picture.y1) / 2
    last = 0
    for index, line in enumerate(text.lines):
        box = turn_box(line.box, text.rotation)
        if box.x0 >= picture.x1 or box.x1 <= picture.x0:
            continue
        within = index and line.role == "table" and text.lines[index - 1].block == line.block
        if box.y0 >= middle and not within:
            return index
        last = index + 1
    while 0 < last < len(text.lines) and text.lines[last].block == text.lines[last - 1].block:
        last += 1
    return last or len(text.lines)


def _moved(lines: Sequence[Line], by: int) -> list[Line]:
    return [line.model_copy(update={"block": line.block + by}) for line in lines]


def _moved_table(table: Table, by: int) -> Table:
    return table.model_copy(update={"block": table.block + by})


def _line_at(line: Line, place: Box) -> Line:
    """A line of a picture on its page. A heading of it is no heading of the document."""
    words = [word_at(word.text, _placed(word.box, place), word.confidence) for word in line.words]
    plain = {"role": "text", "level": None} if line.role == "heading" else {}
    return line.model_copy(update={"words": words, **plain})


def _placed(inner: Box, place: Box) -> Box:
    width, height = place.x1 - place.x0, place.y1 - place.y0
    return Box(
        place.x0 + inner.x0 * width,
        place.y0 + inner.y0 * height,
        place.x0 + inner.x1 * width,
        place.y0 + inner.y1 * height,
    )


def _joined(boxes: list[Box]) -> list[Box]:
    """Strips that lie side by side, or one below the other, as the picture that they make up."""
    result: list[Box] = []
    for box in sorted(boxes, key=lambda box: (box.y0, box.x0)):
        merged = box
        while (index := next((i for i, o in enumerate(result) if _make_one(o, merged)), -1)) >= 0:
            merged = around([result.pop(index), merged])
        result.append(merged)
    return result


def _make_one(one: Box, other: Box) -> bool:
    same_columns = abs(one.x0 - other.x0) < TOUCHING and abs(one.x1 - other.x1) < TOUCHING
    same_rows = abs(one.y0 - other.y0) < TOUCHING and abs(one.y1 - other.y1) < TOUCHING
    across = max(one.x0, other.x0) - min(one.x1, other.x1)
    down = max(one.y0, other.y0) - min(one.y1, other.y1)
    return (same_columns and down < TOUCHING) or (same_rows and across < TOUCHING)


def _is_known(box: Box, known: Iterable[Box]) -> bool:
    return any(overlap(box, other) > 0.4 * min(area(box), area(other)) > 0 for other in known)
