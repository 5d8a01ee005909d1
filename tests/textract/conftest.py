"""A double of Textract, and documents of pages to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

from resources.deployment import Deployment
from resources.ocr import Box, Line, OCRResult
from resources.ocr.geometry import word_at
from resources.ocr.textract import TextractEngine
from resources.ocr.textract_jobs import TextractJobs
from resources.storage.local import LocalStorageAdapter
from sparknet_assets.stages import document_jobs
from tests.doubles.aws_shapes import ShapeServer
from tests.doubles.textract import TextractDouble
from tests.textract.reading import deployed

WIDTH = 60


def scan(page: pymupdf.Page, number: int) -> None:
    """A picture that says which page it is: its grey level and a dark mark."""
    pixels = np.full((80, WIDTH), 255, np.uint8)
    pixels[10:20, 10:50] = number % 200
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, WIDTH, 80, pixels.tobytes(), False)
    page.insert_image(page.rect, pixmap=pixmap, keep_proportion=False)


def scans(*numbers: int, rotation: int = 0) -> bytes:
    """A PDF with a scan a page."""
    with pymupdf.open() as document:
        for number in numbers:
            page = document.new_page(width=300, height=400)
            scan(page, number)
            page.set_rotation(rotation)
        return bytes(document.tobytes())


def read_scan(image: np.ndarray[Any, Any]) -> OCRResult:
    """Reads the number off a scan, from an image or a page of any size; its mark is the word."""
    rows, columns = np.nonzero(image[:, :, 0] < 230)
    if not len(rows):
        return OCRResult(lines=[])
    height, width = image.shape[:2]
    level = int(np.median(image[rows, columns, 0]))
    box = (
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )
    return OCRResult(lines=[Line(words=[word_at(f"page{level}", Box(*map(float, box)), 0.9)])])


@dataclass
class Service:
    """A deployment that reads by Textract, and the double behind it."""

    deployment: Deployment
    server: ShapeServer
    textract: TextractDouble
    jobs: TextractJobs
    engine: TextractEngine

    @property
    def paid_jobs(self) -> list[int]:
        """Pages paid for each job."""
        paid = self.textract.paid_pages.items()
        return [pages for name, pages in paid if name != "sync"]

    @property
    def paid_images(self) -> int:
        return self.textract.paid_pages["sync"]


@pytest.fixture
def service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attempts_at_once: None
) -> Iterator[Service]:
    monkeypatch.setattr(document_jobs, "FIRST_PAUSE", 0.01)
    server = ShapeServer()
    storage = LocalStorageAdapter(tmp_path / "data")
    textract = TextractDouble(read_scan, fetch=lambda bucket, key: storage.get(key))
    textract.register(server)
    deployment = deployed(tmp_path / "data", server.start(), textract_job_timeout=60.0)
    engine: Any = deployment.ocr
    yield Service(deployment, server, textract, engine.documents, engine)
    server.stop()
