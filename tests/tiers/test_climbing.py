"""Doubtful pages are read again, once, within the budget, and the better reading is kept."""

from __future__ import annotations

import shutil

import numpy as np
import pymupdf
import pytest

from resources.deployment import Deployment
from resources.ocr import PageText
from resources.settings import Settings
from resources.tiers import TierChanges
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.stages.climbing import is_better
from sparknet_assets.tiers import set_tier
from tests.tiers.conftest import reading_with
from tests.tiers.readers import SharpEngine, put, run, scan

CLIMB = {"tiers": {"standard": TierChanges(climb=True), "basic": TierChanges(climb=True)}}
REF = DocumentRef("a", "raw/a/scan.pdf")


@pytest.fixture
def climbing(settings: Settings, engine: SharpEngine) -> Deployment:
    """Every tier climbs."""
    return reading_with(settings.model_copy(update=CLIMB), engine)


def pages(deployment: Deployment) -> list[PageText]:
    return list(read_text(deployment.storage, REF))


def test_a_doubtful_page_climbs_once(climbing: Deployment, engine: SharpEngine) -> None:
    put(climbing, "a", scan())
    record = run(climbing, "a")["a", "ocr_text"]
    [page] = pages(climbing)
    assert page.reason == "no-text-layer; climbed: standard 0.41 -> premium 0.78"
    assert (page.tier, page.confidence) == ("premium", 0.78)
    assert len(engine.seen) == 2
    assert record.metadata["climbed"] == 1
    assert record.metadata["reasons"] == {"no-text-layer": 1}
    assert (page.width, page.height) != (0, 0)


def test_what_was_read_twice_is_not_read_a_third_time(
    climbing: Deployment, engine: SharpEngine
) -> None:
    put(climbing, "a", scan())
    first = run(climbing, "a")["a", "ocr_text"]
    # As if it was killed before its record was written: the text is lost, the cache is not.
    climbing.storage.delete(REF.key("text.json"))
    second = run(climbing, "a")["a", "ocr_text"]
    assert second.data_version == first.data_version
    assert len(engine.seen) == 2


def test_the_first_reading_stays_when_it_is_the_better(
    climbing: Deployment, engine: SharpEngine
) -> None:
    engine.sure = {0: 0.3, 1700: 0.41, 2500: 0.2}
    put(climbing, "a", scan())
    run(climbing, "a")
    [page] = pages(climbing)
    assert page.reason == "no-text-layer; kept: standard 0.41 over premium 0.20"
    assert (page.tier, page.confidence) == ("", 0.41)


def test_pages_that_are_sure_or_may_not_climb_are_read_once(
    settings: Settings, engine: SharpEngine
) -> None:
    for number, update in enumerate(({}, {**CLIMB, "climb": False})):
        deployment = reading_with(settings.model_copy(update=update), engine)
        put(deployment, "a", scan(shade=number))
        run(deployment, "a")
        assert pages(deployment)[0].reason == "no-text-layer"
    assert len(engine.seen) == 2
    sure = reading_with(settings.model_copy(update={**CLIMB, "ocr_confidence_floor": 0.4}), engine)
    put(sure, "a", scan(shade=7))
    run(sure, "a")
    assert pages(sure)[0].tier == ""
    assert len(engine.seen) == 3


def test_each_tier_climbs_to_the_next(climbing: Deployment, engine: SharpEngine) -> None:
    engine.sure = {0: 0.3, 1700: 0.41, 2500: 0.44, 3400: 0.6}
    put(climbing, "a", scan(pixels=3467))
    run(climbing, "a")
    told = {}
    for tier in ("basic", "premium"):
        set_tier(climbing, ["a"], tier)
        run(climbing, "a")
        told[tier] = pages(climbing)[0].reason.partition("; ")[2]
    assert told == {
        "basic": "climbed: basic 0.30 -> standard 0.41",
        "premium": "climbed: premium 0.44 -> 400 dpi 0.60",
    }


def test_text_is_better_than_noise_and_more_of_it_than_less() -> None:
    def read(word: str, confidence: float, times: int = 10) -> PageText:
        line = {"words": [(word, 0, 0, 1, 1, confidence)] * times}
        return PageText.model_validate(
            {"page": 1, "width": 1, "height": 1, "engine": "toy", "lines": [line]}
        )

    noise = read("\ufffd\ufffd\ufffd\ufffd\ufffd", 0.9)
    assert is_better(read("words", 0.3), noise)
    assert not is_better(noise, read("words", 0.3))
    assert is_better(read("words", 0.8), read("words", 0.4))
    assert not is_better(read("words", 0.8, times=2), read("words", 0.4))
    assert not is_better(read("words", 0.4), read("words", 0.4))


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_a_poor_scan_is_read_better_a_tier_up(settings: Settings) -> None:
    prose = "The committee met on Tuesday and agreed on the new timetable of the ferry."
    with pymupdf.open() as typed:
        page = typed.new_page(width=480, height=624)
        for line in range(6):
            page.insert_text((20, 40 + 24 * line), prose, fontsize=9)
        pixmap = page.get_pixmap(dpi=200, colorspace=pymupdf.csGRAY)
    noise = np.random.default_rng(3).normal(0, 10, (pixmap.height, pixmap.width))
    grey = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    poor = np.clip(0.7 * grey + 50 + noise, 0, 255).astype(np.uint8)
    with pymupdf.open() as document:
        page = document.new_page(width=480, height=624)
        picture = pymupdf.Pixmap(pymupdf.csGRAY, pixmap.width, pixmap.height, poor.tobytes(), False)
        page.insert_image(page.rect, pixmap=picture)
        data = bytes(document.tobytes())
    changes = {"basic": TierChanges(ocr_dpi=72, climb=True)}
    update = {"ocr": "tesseract", "default_tier": "basic", "tiers": changes}
    deployment = Deployment(settings.model_copy(update={**update, "ocr_confidence_floor": 0.8}))
    put(deployment, "a", data)
    run(deployment, "a")
    [read] = pages(deployment)
    assert read.tier == "standard", read.reason
    assert read.text.count("met on Tuesday and agreed on") >= 5
