"""PP-OCR on one thread: the default engine, offline, its models in the wheel of RapidOCR."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from resources.ocr import Box, Line, OCRResult, Word
from resources.ocr.geometry import rows_of, turn_line, word_at
from resources.ocr.pixels import content_area, to_bgr
from resources.ocr.ppocr import Networks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resources.ocr.ppocr import Image, Quads, Reading

REVISION = "1"
# RapidOCR's defaults: the detector sees at most 2000 pixels and at least 736 on the short side.
LONG_SIDE = 2000
SHORT_SIDE = 736
DETECTOR_PIXELS = 4_000_000
LEAST_CONFIDENCE = 0.5
# Lines shown to the classifier to find out which way up a page is.
SAMPLE = 8
FLIPPED = 0.9


class PaddleOCREngine:
    """PP-OCRv6 (small) through ONNX Runtime. One instance serves one thread and uses one core."""

    name = "paddle"

    def __init__(self) -> None:
        self._networks = Networks()

    @cached_property
    def identity(self) -> str:
        return f"paddle-{REVISION}/rapidocr-{version('rapidocr')}"

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        """Reads one page image of shape (height, width) grey or (height, width, 3) RGB.

        Raises:
            ValueError: The array is not an image of 8 bits a channel.
            SparknetError: The models are missing (unavailable).
        """
        page = to_bgr(image)
        area = content_area(page)
        if area is None:
            return OCRResult(lines=[])
        left, top, right, bottom = area
        content = np.ascontiguousarray(page[top:bottom, left:right])
        upright, quads, rotation = self._find_upright(content)
        lines = self._read(upright, quads)
        turned = [turn_line(line, -rotation) for line in lines]
        height, width = page.shape[:2]
        frame = Box(left / width, top / height, right / width, bottom / height)
        return OCRResult(lines=[_placed(line, frame) for line in turned], rotation=rotation)

    def _find_upright(self, image: Image) -> tuple[Image, Quads, int]:
        """Turns the page so that most of its text reads from left to right."""
        quads = self._find(image)
        rotation = 0
        if _sideways(quads):
            rotation = 90
            image = np.ascontiguousarray(np.rot90(image, -1))
            quads = self._find(image)
        if self._upside_down(image, quads):
            rotation += 180
            image = np.ascontiguousarray(image[::-1, ::-1])
            height, width = image.shape[:2]
            quads = (np.array([width, height], dtype=np.float32) - quads)[:, [2, 3, 0, 1]]
        return image, quads, rotation

    def _find(self, image: Image) -> Quads:
        long, short = max(image.shape[:2]), min(image.shape[:2])
        scale = min(1.0, LONG_SIDE / long)
        scale = max(scale, SHORT_SIDE / short)
        pixels = image.shape[0] * image.shape[1]
        return self._networks.find(image, min(scale, (DETECTOR_PIXELS / pixels) ** 0.5))

    def _upside_down(self, image: Image, quads: Quads) -> bool:
        """The classifier votes on the widest lines; the reader confirms, as it errs on digits."""
        width, height = _sides(quads)
        sample = [i for i in np.argsort(-width / height)[:SAMPLE] if width[i] > 2 * height[i]]
        if not sample:
            return False
        crops = [_cut(image, quads[i]) for i in sample]
        if (self._networks.upside_down(crops) > 0.5).mean() < 0.5:
            return False
        read = self._networks.read
        as_is = sum(read(crop).confidence for crop in crops[:4])
        turned = sum(read(crop[::-1, ::-1]).confidence for crop in crops[:4])
        return turned > as_is

    def _read(self, image: Image, quads: Quads) -> list[Line]:
        width, height = _sides(quads)
        usual = float(np.median(np.minimum(width, height))) if len(quads) else 0.0
        found: list[tuple[Quads, Reading]] = []
        for quad, w, h in zip(quads, width, height, strict=True):
            if min(w, h) <= 3:
                continue
            crop = _cut(image, quad)
            # A lone "1" or "l" is tall as well: only what is longer than two letters is a line
            # that runs up or down the margin.
            if h >= 1.5 * w and h > 2 * usual:
                quad = quad[[3, 0, 1, 2]]
                crop = np.rot90(crop, -1)
                if self._networks.upside_down([crop])[0] > FLIPPED:
                    quad, crop = quad[[2, 3, 0, 1]], crop[::-1, ::-1]
            reading = self._networks.read(crop)
            if reading.text.strip() and reading.confidence >= LEAST_CONFIDENCE:
                found.append((quad, reading))
        size = np.array([image.shape[1], image.shape[0]], dtype=np.float32)
        lines = [Line(words=_words(quad / size, reading)) for quad, reading in found]
        order = rows_of(_level_boxes([quad for quad, _ in found]))
        return [lines[index] for row in order for index in row]


def _sides(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Width and height of each box."""
    width = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    height = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return np.maximum(width, 1), np.maximum(height, 1)


def _sideways(quads: Quads) -> bool:
    width, height = _sides(quads)
    tall, wide = height > 1.5 * width, width > 1.5 * height
    return float(height[tall].sum()) > 1.5 * float(width[wide].sum())


def _cut(image: Image, quad: Quads) -> Image:
    """The pixels of a box, level."""
    import cv2

    (width,), (height,) = _sides(quad[None])
    size = (max(1, round(float(width))), max(1, round(float(height))))
    if np.abs(quad[[0, 1, 2, 3], [1, 0, 1, 0]] - quad[[1, 2, 3, 0], [1, 0, 1, 0]]).max() <= 1:
        (x0, y0), (x1, y1) = quad.min(axis=0).round().astype(int), quad.max(axis=0).round()
        return image[y0 : max(int(y1), y0 + 1), x0 : max(int(x1), x0 + 1)]
    target = np.array([(0, 0), (size[0], 0), size, (0, size[1])], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(np.ascontiguousarray(quad, dtype=np.float32), target)
    return np.asarray(
        cv2.warpPerspective(
            image, matrix, size, borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
        ),
        dtype=np.uint8,
    )


def _words(quad: Quads, reading: Reading) -> list[Word]:
    """Places each word between the columns at which the reader saw its first and last letter."""
    centres, text = reading.centres, reading.text
    pitch = float(np.median(np.diff(centres))) if len(text) > 1 else 1.0
    words, cursor = [], 0
    for part in text.split():
        first = text.index(part, cursor)
        cursor = first + len(part)
        start = max(0.0, float(centres[first]) - 0.7 * pitch)
        end = min(1.0, float(centres[cursor - 1]) + 0.7 * pitch)
        confidence = float(reading.confidences[first:cursor].mean())
        words.append(word_at(part, _span(quad, start, end), confidence))
    return words


def _span(quad: Quads, start: float, end: float) -> Box:
    """The upright box around the part of a line between two fractions of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    corners = np.array(
        [
            quad[0] + top * start,
            quad[0] + top * end,
            quad[3] + bottom * start,
            quad[3] + bottom * end,
        ]
    )
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))


def _level_boxes(quads: list[Quads]) -> list[Box]:
    """Boxes of lines after taking out the page's skew, the median slope of its wider lines."""
    if not quads:
        return []
    array = np.array(quads)
    width, height = _sides(array)
    long = width > 3 * height
    slope = array[:, 1] - array[:, 0]
    angle = float(np.median(np.arctan2(slope[long, 1], slope[long, 0]))) if long.any() else 0.0
    turn = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=np.float32
    )
    centres = array.mean(axis=1) @ turn
    return [
        Box(float(x - w / 2), float(y - h / 2), float(x + w / 2), float(y + h / 2))
        for (x, y), w, h in zip(centres, width, height, strict=True)
    ]


def _placed(line: Line, frame: Box) -> Line:
    """The line of a part of the page, in fractions of the whole page."""
    width, height = frame.x1 - frame.x0, frame.y1 - frame.y0
    words = [
        word_at(
            word.text,
            Box(
                frame.x0 + word.x0 * width,
                frame.y0 + word.y0 * height,
                frame.x0 + word.x1 * width,
                frame.y0 + word.y1 * height,
            ),
            word.confidence,
        )
        for word in line.words
    ]
    return Line(words=words)
