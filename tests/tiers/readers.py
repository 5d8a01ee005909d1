"""Scans to read, an engine that is as sure as a page is fine, and runs in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pymupdf

from resources.catalog import DocumentStatus, StageRecord
from resources.deployment import Deployment
from resources.ocr import Box, Line, OCRResult
from resources.ocr.geometry import word_at
from schedules.plan import Plan
from schedules.reconciliation import gather
from sparknet_assets.batch import running as batch
from sparknet_assets.stages import STAGES

PAGED = ("documents", "page_images", "ocr_text")
GRAPH = [stage for stage in STAGES if stage.name in PAGED]
# Points, more than half a sheet of A4. Pixels high: 1300 at 150 dpi, 1733 at 200, 2600 at 300.
WIDTH, HEIGHT = 480, 624


@dataclass
class SharpEngine:
    """Reads `word` a few times; its confidence by the height of the image, in pixels."""

    sure: dict[int, float] = field(default_factory=lambda: {0: 0.3, 1700: 0.41, 2500: 0.78})
    word: str = "reading"
    name: str = "toy"
    identity: str = "toy-1"
    seen: list[int] = field(default_factory=list)

    def recognize(self, image: np.ndarray[Any, Any]) -> OCRResult:
        height = image.shape[0]
        self.seen.append(height)
        confidence = self.sure[max(least for least in self.sure if least <= height)]
        words = [
            word_at(self.word, Box(0.1 * n, 0.1, 0.1 * n + 0.08, 0.13), confidence)
            for n in range(1, 6)
        ]
        return OCRResult(lines=[Line(words=words)])


def scan(pages: int = 1, pixels: int = 2600, shade: int = 0) -> bytes:
    """A PDF of fine scans: a resolution that is asked for is what they are rendered in."""
    with pymupdf.open() as document:
        for number in range(pages):
            grey = np.full((pixels, pixels * WIDTH // HEIGHT), 250, np.uint8)
            grey[100:140, 100:600] = shade + 20 * number
            pixmap = pymupdf.Pixmap(
                pymupdf.csGRAY, grey.shape[1], grey.shape[0], grey.tobytes(), False
            )
            page = document.new_page(width=WIDTH, height=HEIGHT)
            page.insert_image(page.rect, pixmap=pixmap, keep_proportion=False)
        return bytes(document.tobytes())


def put(deployment: Deployment, doc_id: str, data: bytes, filename: str = "scan.pdf") -> None:
    deployment.storage.put(f"raw/{doc_id}/{filename}", data)


def plan_of(deployment: Deployment) -> Plan:
    """What is to be done by these stages alone, an hour after the runs before."""
    rows = [
        row.model_copy(update={"status": DocumentStatus.INDEXED})
        for row in deployment.catalog.documents()
    ]
    deployment.catalog.put(rows)
    return gather(deployment, datetime.now(UTC) + timedelta(hours=1), GRAPH).plan


def run(deployment: Deployment, *doc_ids: str) -> dict[tuple[str, str], StageRecord]:
    """The stages up to the text, with `InlinePool` in the place of workers."""
    results = batch.run_batch(doc_ids, deployment, graph=GRAPH)
    return {(result.ref.doc_id, result.stage): result.record for result in results}
