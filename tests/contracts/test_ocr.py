"""What every OCR engine must do. A new engine is added to `ENGINES`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from resources.aws.limits import Limiter
from resources.ocr import OCREngine, OCRResult
from resources.ocr.geometry import turn_box
from resources.ocr.paddle import PaddleOCREngine
from resources.ocr.tesseract import TesseractEngine
from resources.ocr.textract import TextractEngine
from tests.doubles.aws_shapes import DoubleClients, ShapeServer
from tests.doubles.textract import TextractDouble

if TYPE_CHECKING:
    from numpy.typing import NDArray


def textract() -> TextractEngine:
    """Textract's client against its double, which reads with PP-OCR."""
    server = ShapeServer()
    # In colour or grey PP-OCR reads the same, as its own tests see to.
    TextractDouble(lambda image: read("paddle", image[:, :, 0])).register(server)
    limits = Path(tempfile.mkdtemp(prefix="sparknet-limits-"))
    atexit.register(shutil.rmtree, limits, ignore_errors=True)
    clients = DoubleClients(server.start())
    return TextractEngine(clients, "standard", Limiter(limits, "textract", None, 4), 0.019)


ENGINES: dict[str, Callable[[], OCREngine]] = {
    "paddle": PaddleOCREngine,
    "tesseract": lambda: TesseractEngine(["eng"]),
    "textract": textract,
}
TEXT = [
    "The harbour office opens at seven",
    "and closes when the last ferry",
    "has left for the northern islands.",
    "Tickets cost 12.50 for adults.",
]


@cache
def build(name: str) -> OCREngine:
    return ENGINES[name]()


_read: dict[tuple[str, tuple[int, ...], bytes], OCRResult] = {}


def read(name: str, image: NDArray[np.uint8]) -> OCRResult:
    """What an engine says of an image, which it reads once for all tests here."""
    key = name, image.shape, image.tobytes()
    if key not in _read:
        _read[key] = build(name).recognize(image)
    return _read[key]


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> OCREngine:
    if request.param == "tesseract" and shutil.which("tesseract") is None:
        pytest.skip("the tesseract command is not installed (package tesseract-ocr)")
    return build(request.param)


@cache
def page() -> NDArray[np.uint8]:
    """A small printed page, grey."""
    import pymupdf

    with pymupdf.open() as document:
        sheet = document.new_page(width=300, height=200)
        for number, text in enumerate(TEXT):
            sheet.insert_text((30, 50 + 28 * number), text, fontsize=14)
        pixmap = sheet.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY)
        return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)


def words_of(result: OCRResult) -> list[str]:
    return [word.text for line in result.lines for word in line.words]


def expected() -> list[str]:
    return " ".join(TEXT).split()


def test_reads_words_in_order_with_places_and_confidence(engine: OCREngine) -> None:
    result = read(engine.name, page())

    assert words_of(result) == expected()
    assert result.rotation == 0
    assert [line.text for line in result.lines] == TEXT
    for number, line in enumerate(result.lines):
        box = line.box
        baseline = (50 + 28 * number) / 200
        assert box.y0 < baseline - 0.02 < box.y1
        assert 0.05 < box.x0 < 0.15
        assert [word.x0 for word in line.words] == sorted(word.x0 for word in line.words)
        for word in line.words:
            assert 0 <= word.x0 < word.x1 <= 1
            assert 0 <= word.y0 < word.y1 <= 1
            assert 0.5 < word.confidence <= 1


def test_a_word_box_stands_on_its_ink(engine: OCREngine) -> None:
    result = read(engine.name, page())

    image = page()
    height, width = image.shape
    for word in (word for line in result.lines for word in line.words):
        columns = slice(int(word.x0 * width), int(word.x1 * width) + 1)
        rows = slice(int(word.y0 * height), int(word.y1 * height) + 1)
        assert image[rows, columns].min() < 100


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_is_read_and_its_boxes_fit_the_image_as_given(
    engine: OCREngine, turns: int
) -> None:
    if engine.name == "tesseract":
        pytest.skip("too few characters for Tesseract's orientation detection")
    upright = read(engine.name, page())

    result = read(engine.name, np.rot90(page(), turns))

    assert words_of(result) == expected()
    assert result.rotation == 90 * turns
    seen = turn_box(result.lines[0].box, result.rotation)
    assert seen == pytest.approx(upright.lines[0].box, abs=0.03)


def test_a_skewed_page_keeps_its_order(engine: OCREngine) -> None:
    import cv2

    image = page()
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 2, 1)
    skewed = cv2.warpAffine(image, matrix, (width, height), borderValue=255)

    assert words_of(read(engine.name, np.asarray(skewed, dtype=np.uint8))) == expected()


def test_colour_grey_and_any_memory_layout_read_the_same(engine: OCREngine) -> None:
    colour = np.repeat(page()[:, :, None], 3, axis=2)
    strided = np.asfortranarray(colour)

    assert engine.recognize(colour) == engine.recognize(strided) == read(engine.name, page())


@pytest.mark.parametrize(
    "image",
    [
        np.full((400, 300), 255, np.uint8),
        np.zeros((400, 300, 3), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.random.default_rng(1).integers(0, 255, (3, 4, 3), dtype=np.uint8),
        np.random.default_rng(1).integers(0, 255, (2, 900), dtype=np.uint8),
        np.random.default_rng(1).integers(0, 255, (900, 2), dtype=np.uint8),
    ],
    ids=["white", "black", "1x1", "4x3", "900x2", "2x900"],
)
def test_an_image_without_text_gives_no_lines(engine: OCREngine, image: NDArray[np.uint8]) -> None:
    assert engine.recognize(image).lines == []


@pytest.mark.parametrize(
    "image",
    [np.zeros((0, 5), np.uint8), np.zeros((5, 5), np.float32), np.zeros((5, 5, 2), np.uint8)],
)
def test_what_is_no_image_is_refused(engine: OCREngine, image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="image"):
        engine.recognize(image)


def test_identity_names_engine_and_version(engine: OCREngine) -> None:
    assert engine.identity.startswith(engine.name)
    assert any(character.isdigit() for character in engine.identity)
