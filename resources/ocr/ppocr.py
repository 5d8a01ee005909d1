"""The three PP-OCR networks, as RapidOCR ships them: find lines, tell which way up, read them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Quads = NDArray[np.float32]

DETECTOR = "PP-OCRv6_det_small.onnx"
READER = "PP-OCRv6_rec_small.onnx"
CLASSIFIER = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"

# Thresholds of RapidOCR's default configuration (config.yaml, Det).
PIXEL_THRESHOLD = 0.3
BOX_THRESHOLD = 0.5
UNCLIP_RATIO = 1.6
SMALLEST_SIDE = 3
MOST_BOXES = 3000
# The reader sees lines of this height, and one column in eight pixels. Padding beyond that costs
# time, and letters at the end of short lines.
READER_HEIGHT = 48
WIDTH_STEP = 8
WIDEST = 4800


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands on one crop: characters, where they stand (fractions of the crop), how sure."""

    text: str
    centres: NDArray[np.float32]
    confidences: NDArray[np.float32]

    @property
    def confidence(self) -> float:
        return float(self.confidences.mean()) if len(self.text) else 0.0


class Networks:
    """The networks on one thread each, loaded at first use."""

    @cached_property
    def detector(self) -> Any:
        return _session(DETECTOR)

    @cached_property
    def classifier(self) -> Any:
        return _session(CLASSIFIER)

    @cached_property
    def reader(self) -> Any:
        return _session(READER)

    @cached_property
    def characters(self) -> list[str]:
        """Class number -> character; 0 is the blank of CTC."""
        listed = self.reader.get_modelmeta().custom_metadata_map["character"].splitlines()
        return ["", *listed, " "]

    def find(self, image: Image, scale: float) -> Quads:
        """Finds lines of text.

        Args:
            image: Shape (height, width, 3), BGR.
            scale: The network sees the image resized by this.

        Returns:
            Shape (n, 4, 2): corners in pixels of `image`, clockwise from the top left.
        """
        import cv2

        height, width = image.shape[:2]
        seen = cv2.resize(image, (_multiple(width * scale), _multiple(height * scale)))
        tensor = (seen.astype(np.float32) * (2 / 255) - 1).transpose(2, 0, 1)[None]
        heat = _run(self.detector, np.ascontiguousarray(tensor))[0, 0]
        quads = _quads(heat)
        quads *= np.array([width / heat.shape[1], height / heat.shape[0]], dtype=np.float32)
        return quads.clip(0, np.array([width - 1, height - 1], dtype=np.float32))

    def upside_down(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Probability of each crop being turned by 180 degrees, shape (n,)."""
        import cv2

        batch = np.zeros((len(crops), 3, READER_HEIGHT, 192), dtype=np.float32)
        for row, crop in zip(batch, crops, strict=True):
            width = min(192, math.ceil(READER_HEIGHT * crop.shape[1] / crop.shape[0]))
            resized = cv2.resize(crop, (width, READER_HEIGHT))
            row[:, :, :width] = resized.transpose(2, 0, 1) * np.float32(2 / 255) - 1
        result: NDArray[np.float32] = _run(self.classifier, batch)[:, 1]
        return result

    def read(self, crop: Image) -> Reading:
        """Reads one line. One crop at a time needs no padding to a common width."""
        import cv2

        ratio = crop.shape[1] / crop.shape[0]
        width = min(WIDEST, max(8, math.ceil(READER_HEIGHT * ratio)))
        padded = math.ceil(width / WIDTH_STEP) * WIDTH_STEP
        resized = cv2.resize(crop, (width, READER_HEIGHT))
        tensor = np.zeros((1, 3, READER_HEIGHT, padded), dtype=np.float32)
        tensor[0, :, :, :width] = resized.transpose(2, 0, 1) * np.float32(2 / 255) - 1
        scores = _run(self.reader, tensor)[0]
        return self._decode(scores, padded / width)

    def _decode(self, scores: NDArray[np.float32], stretch: float) -> Reading:
        """Greedy CTC: repeats of a class and blanks fall away."""
        classes = scores.argmax(axis=1)
        kept = classes != 0
        kept[1:] &= classes[1:] != classes[:-1]
        columns = np.flatnonzero(kept)
        text = "".join(self.characters[i] for i in classes[columns])
        centres = (columns + 0.5) / len(classes) * stretch
        return Reading(text, centres.astype(np.float32), scores[columns, classes[columns]])


def _session(name: str) -> Any:
    import cv2
    import onnxruntime

    cv2.setNumThreads(1)
    spec = find_spec("rapidocr")
    path = Path(spec.origin).parent / "models" / name if spec and spec.origin else None
    if path is None or not path.is_file():
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            f"The OCR model {name} is missing: install rapidocr 3.10, which carries it.",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _run(session: Any, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: tensor})[0]
    return result


def _multiple(pixels: float) -> int:
    return max(32, round(pixels / 32) * 32)


def _quads(heat: NDArray[np.float32]) -> Quads:
    """Boxes of the blobs in a text probability map, grown back to the size of their text.

    Differentiable binarization (Liao et al., 2020) predicts shrunken text areas; growing a
    rectangle by area * ratio / perimeter on each side undoes it.
    """
    import cv2

    mask = cv2.dilate((heat > PIXEL_THRESHOLD).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quads = []
    for contour in contours[:MOST_BOXES]:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < SMALLEST_SIDE:
            continue
        core = np.asarray(cv2.boxPoints((centre, (width, height), angle)), dtype=np.float32)
        if _mean_inside(heat, core) < BOX_THRESHOLD:
            continue
        grown = 2 * width * height * UNCLIP_RATIO / (2 * (width + height))
        quads.append(cv2.boxPoints((centre, (width + grown, height + grown), angle)))
    return _clockwise(np.array(quads, dtype=np.float32).reshape(-1, 4, 2))


def _mean_inside(heat: NDArray[np.float32], quad: Quads) -> float:
    import cv2

    height, width = heat.shape
    x0, y0 = np.floor(quad.min(axis=0)).astype(int).clip(0, (width - 1, height - 1))
    x1, y1 = np.ceil(quad.max(axis=0)).astype(int).clip(0, (width - 1, height - 1))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), dtype=np.uint8)
    cv2.fillPoly(mask, [(quad - (x0, y0)).astype(np.int32)], 1)
    return float(cv2.mean(heat[y0 : y1 + 1, x0 : x1 + 1], mask)[0])


def _clockwise(quads: Quads) -> Quads:
    """Orders the corners: the two leftmost by height, then the two rightmost."""
    by_x = np.take_along_axis(quads, quads[:, :, 0].argsort(axis=1, kind="stable")[:, :, None], 1)
    left, right = by_x[:, :2], by_x[:, 2:]
    left = np.take_along_axis(left, left[:, :, 1].argsort(axis=1, kind="stable")[:, :, None], 1)
    right = np.take_along_axis(right, right[:, :, 1].argsort(axis=1, kind="stable")[:, :, None], 1)
    return np.stack([left[:, 0], right[:, 0], right[:, 1], left[:, 1]], axis=1)
