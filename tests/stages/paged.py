"""Runs the stages of one document in this process, and notes which pages were worked on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pymupdf

from resources.deployment import Deployment
from resources.ocr import Line, OCRResult, Word
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.page_spans import PageSpans
from sparknet_assets.batch.workers import Finished, Task, WorkerPool
from sparknet_assets.stages import documents, ocr_text, page_images
from sparknet_assets.stages.contract import PagedStage, StageOutput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STAGES: tuple[PagedStage, ...] = (page_images.STAGE, ocr_text.STAGE)


class PixelEngine:
    """Reads a page as the hash of its pixels: another page, other words."""

    name = "pixels"
    identity = "pixels-1"

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        word = hashlib.sha256(image.tobytes()).hexdigest()[:12]
        return OCRResult(lines=[Line(words=[Word(word, 0.1, 0.1, 0.4, 0.13, 0.9)])])


@dataclass
class Here:
    """A pool that works at once, in this process.

    Attributes:
        worked: Stage and page, for each page that was worked on.
    """

    deployment: Deployment
    stage: str = ""
    worked: list[tuple[str, int]] = field(default_factory=list)

    def submit(self, function: Callable[..., Any], ref: DocumentRef, pages: list[int]) -> Task[Any]:
        self.worked += [(self.stage, page) for page in pages]
        future: Future[Any] = Future()
        future.set_result(Finished(function(ref, pages, self.deployment), 0.0))
        return Task(function, (ref, pages), future, cast("Any", None))

    def result(self, task: Task[Any]) -> Any:
        return task.future.result()


def deployment_with_pixels(deployment: Deployment) -> Deployment:
    deployment.__dict__["ocr"] = PixelEngine()
    return deployment


def run(
    deployment: Deployment,
    ref: DocumentRef,
    data: bytes | None = None,
    *,
    twins: Sequence[DocumentRef] = (),
    known: bool = True,
) -> tuple[dict[str, StageOutput], Here]:
    """Brings a document's pages and text up to date."""
    if data is not None:
        deployment.storage.put(ref.raw_key, data)
    outputs = {"documents": documents.STAGE.run(ref, deployment)}
    pool = Here(deployment)
    for stage in STAGES:
        pool.stage = stage.name
        spans = PageSpans(stage, ref, cast("WorkerPool", pool), ahead=2)
        ready = stage.known(ref, [ref, *twins], deployment) if known and stage.known else None
        pages = spans.results(stage.page_count(ref, deployment), ready)
        outputs[stage.name] = stage.assemble(ref, pages, deployment)
    return outputs, pool


def artifacts(deployment: Deployment, ref: DocumentRef) -> dict[str, bytes]:
    """Name -> bytes of all that the stages wrote."""
    prefix = ref.key("")
    return {
        info.key.removeprefix(prefix): deployment.storage.get(info.key)
        for info in deployment.storage.list(prefix)
    }


def draw(page: pymupdf.Page, number: int, scanned: bool) -> None:
    """Puts content on a page that no other number has."""
    if scanned:
        shades = hashlib.sha256(b"%d" % number).digest() * 8
        pixels = pymupdf.Pixmap(pymupdf.csGRAY, 16, 16, shades[:256], False)
        page.insert_image(page.rect, pixmap=pixels, keep_proportion=False)
    else:
        text = f"The committee met on day {number} and agreed on timetable {number * 7}."
        page.insert_text((20, 60), text, fontsize=8)


def pdf(*contents: tuple[int, bool]) -> bytes:
    """A PDF with a page for each (number, scanned)."""
    with pymupdf.open() as document:
        for content in contents:
            draw(document.new_page(width=300, height=200), *content)
        return bytes(document.tobytes())
