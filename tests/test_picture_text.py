"""Text in pictures on pages whose text layer is good: read where it pays, put in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from numpy.typing import NDArray

from resources.deployment import Deployment
from resources.ocr import Line, OCRResult, PageText, Word
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.source.pages import close_source
from sparknet_assets.stages import documents, ocr_text, page_images

REF = DocumentRef("doc", "raw/doc/doc.pdf")
FIGURE = (72.0, 200.0, 472.0, 400.0)
ABOVE, BELOW = "Sales by region are in the figure.", "They rose in all regions but one."


class Engine:
    """Reads two lines in the upper half of every picture, and remembers what it was shown."""

    name, identity = "fake", "fake-1"

    def __init__(self, confidence: float = 0.9) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.confidence = confidence

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        self.seen.append(image.shape)
        sure = self.confidence
        return OCRResult(
            lines=[
                Line(words=[Word("Northern", 0.1, 0.1, 0.3, 0.2, sure)]),
                Line(words=[Word("Southern", 0.1, 0.3, 0.3, 0.4, sure)]),
            ]
        )


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> object:
    yield
    close_source()


def picture(width: int = 400, height: int = 200, seed: int = 0) -> pymupdf.Pixmap:
    """Paper with bars of ink; noise all over for a `seed`, as in a photo."""
    shades = np.full((height, width), 250, np.uint8)
    for row in range(20, height - 10, 30):
        shades[row : row + 6, 20 : width // 2] = 20
    if seed:
        shades = np.random.default_rng(seed).integers(0, 255, (height, width), dtype=np.uint8)
    return pymupdf.Pixmap(pymupdf.csGRAY, width, height, shades.tobytes(), False)


def report(page: pymupdf.Page) -> None:
    page.insert_text((72, 150), ABOVE)
    page.insert_text((72, 450), BELOW)


def figure(page: pymupdf.Page, box: tuple[float, ...] = FIGURE, seed: int = 0) -> None:
    report(page)
    page.insert_image(pymupdf.Rect(box), pixmap=picture(seed=seed), keep_proportion=False)


def read(
    home: Path, *draw: Callable[[pymupdf.Page], Any], engine: Engine, **settings: Any
) -> tuple[dict[str, Any], list[PageText]]:
    deployment = Deployment(Settings(home=home, **settings))
    deployment.__dict__["ocr"] = engine
    with pymupdf.open() as document:
        for each in draw:
            each(document.new_page())
        deployment.storage.put(REF.raw_key, document.tobytes())
    documents.STAGE.run(REF, deployment)
    metadata: dict[str, Any] = {}
    for stage in (page_images.STAGE, ocr_text.STAGE):
        results = stage.run_pages(REF, range(1, len(draw) + 1), deployment)
        metadata = dict(stage.assemble(REF, iter(results), deployment).metadata)
    return metadata, list(read_text(deployment.storage, REF))


def test_words_of_a_picture_stand_where_the_picture_does(tmp_path: Path) -> None:
    engine = Engine()
    metadata, (page,) = read(tmp_path, figure, engine=engine)
    assert [line.text for line in page.lines] == [ABOVE, "Northern", "Southern", BELOW]
    assert [line.block for line in page.lines] == sorted(line.block for line in page.lines)
    assert (page.engine, page.reason) == (
        "text-layer",
        "good-text-layer; pictures: 1 read by fake",
    )
    word = page.lines[1].words[0]
    x0, y0, x1, y1 = FIGURE
    expected = (
        (x0 + 0.1 * (x1 - x0)) / 595,
        (y0 + 0.1 * (y1 - y0)) / 842,
        (x0 + 0.3 * (x1 - x0)) / 595,
        (y0 + 0.2 * (y1 - y0)) / 842,
    )
    assert tuple(word.box) == pytest.approx(expected, abs=2e-3)
    assert word.confidence == 0.9
    assert page.confidence is not None
    assert 0.9 < page.confidence < 1
    assert metadata["pictures_read"] == 1
    assert metadata["reasons"] == {"good-text-layer": 1}
    height, width = engine.seen[0]
    assert (width, height) == pytest.approx((400 / 72 * 200, 200 / 72 * 200), abs=3)


def test_logos_banners_and_photos_are_not_read(tmp_path: Path) -> None:
    def logo(page: pymupdf.Page) -> None:
        figure(page, (450, 20, 570, 120))

    def banner(page: pymupdf.Page) -> None:
        figure(page, (0, 0, 595, 60))

    def photo(page: pymupdf.Page) -> None:
        figure(page, seed=3)

    engine = Engine()
    metadata, pages = read(tmp_path, logo, banner, photo, engine=engine)
    assert not engine.seen
    assert {page.reason for page in pages} == {"good-text-layer"}
    assert "pictures_read" not in metadata


def test_a_picture_under_text_is_a_ground(tmp_path: Path) -> None:
    def slide(page: pymupdf.Page) -> None:
        figure(page)
        for number in range(6):
            page.insert_text((90, 230 + 20 * number), "A line that stands on the picture.")

    engine = Engine()
    _, (page,) = read(tmp_path, slide, engine=engine)
    assert not engine.seen
    assert page.text.count("stands on the picture") == 6


def test_words_that_the_text_layer_has_come_once(tmp_path: Path) -> None:
    def labelled(page: pymupdf.Page) -> None:
        figure(page)
        page.insert_text((112, 238), "Northern", fontsize=16)

    _, (page,) = read(tmp_path, labelled, engine=Engine())
    assert page.text.count("Northern") == 1
    assert page.text.count("Southern") == 1


def test_doubtful_readings_are_left_out(tmp_path: Path) -> None:
    _, (page,) = read(tmp_path, figure, engine=Engine(confidence=0.6))
    assert [line.text for line in page.lines] == [ABOVE, BELOW]
    assert page.reason == "good-text-layer"


def test_strips_are_one_picture_and_equal_pictures_are_read_once(tmp_path: Path) -> None:
    def strips(page: pymupdf.Page) -> None:
        report(page)
        for number in range(4):
            place = pymupdf.Rect(72, 200 + 50 * number, 472, 250 + 50 * number)
            page.insert_image(place, pixmap=picture(400, 50), keep_proportion=False)

    engine = Engine()
    _, pages = read(tmp_path, strips, strips, engine=engine)
    assert len(engine.seen) == 1
    assert [page.text.count("Northern") for page in pages] == [1, 1]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_on_a_turned_page(tmp_path: Path, rotation: int) -> None:
    def turned(page: pymupdf.Page) -> None:
        figure(page)
        page.set_rotation(rotation)

    _, (page,) = read(tmp_path, turned, engine=Engine())
    word = next(w for line in page.lines for w in line.words if w.text == "Northern")
    box = pymupdf.Rect(FIGURE) * pymupdf.Matrix(1 / 595, 1 / 842)
    if rotation == 180:
        assert word.x0 == pytest.approx(1 - box.x1 + 0.1 * box.width, abs=5e-3)
    else:
        assert word.x1 - word.x0 == pytest.approx(0.2 * box.height, abs=5e-3)
    assert [line.text for line in page.lines if "Sales" in line.text] == [ABOVE]


@pytest.mark.parametrize("settings", [{"pictures": False}, {"text_layer": "always"}])
def test_settings_that_turn_it_off(tmp_path: Path, settings: dict[str, Any]) -> None:
    engine = Engine()
    _, (page,) = read(tmp_path, figure, engine=engine, **settings)
    assert not engine.seen
    assert page.text == f"{ABOVE}\n{BELOW}"


def test_a_service_that_is_paid_by_the_picture_is_not_asked(tmp_path: Path) -> None:
    usual = ocr_text.STAGE.shape(Deployment(Settings(home=tmp_path)))
    off = ocr_text.STAGE.shape(Deployment(Settings(home=tmp_path, pictures=False)))
    assert "pictures" in usual
    assert "pictures" not in off
    engine = Engine()
    _, (page,) = read(tmp_path, figure, engine=engine, ocr="textract", storage="local")
    assert not engine.seen
    assert page.reason == "good-text-layer"
