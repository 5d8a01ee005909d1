"""What is particular to Tesseract: its command, its language packs, its sense of orientation."""

from __future__ import annotations

import shutil

import numpy as np
import pymupdf
import pytest

from resources.failure import FailureKind, SparknetError
from resources.ocr.tesseract import TesseractEngine

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None,
    reason="the tesseract command is not installed (package tesseract-ocr)",
)
LINES = [
    "The harbour office opens at seven in the morning and closes",
    "when the last ferry has left for the northern islands. Those",
    "who bring a bicycle along should be at the pier a quarter of",
    "an hour earlier. Dogs travel free of charge, and so do small",
    "children in the company of a grown person. In heavy weather",
    "the boats may not leave at all; the board at the gate and the",
    "coast radio tell which of them will. Tickets remain valid.",
]


def page() -> np.ndarray:
    with pymupdf.open() as document:
        sheet = document.new_page(width=400, height=220)
        for number, text in enumerate(LINES):
            sheet.insert_text((20, 40 + 24 * number), text, fontsize=12)
        pixmap = sheet.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY)
        return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)


def test_a_missing_command_is_an_error_only_when_a_page_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    engine = TesseractEngine()

    assert "absent" in engine.identity
    with pytest.raises(SparknetError, match="tesseract-ocr") as raised:
        engine.recognize(page())
    assert raised.value.kind is FailureKind.UNAVAILABLE


@needs_tesseract
def test_a_missing_language_pack_is_named_with_its_package() -> None:
    with pytest.raises(SparknetError, match="tesseract-ocr-xxx") as raised:
        TesseractEngine(["eng", "xxx"]).recognize(page())
    assert raised.value.kind is FailureKind.UNAVAILABLE


@needs_tesseract
def test_a_page_upside_down_is_turned() -> None:
    result = TesseractEngine().recognize(np.rot90(page(), 2))

    assert result.rotation == 180
    assert [line.text for line in result.lines] == LINES
    assert result.lines[0].box.y0 > result.lines[-1].box.y0
