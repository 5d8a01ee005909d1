"""Documents through the stages up to their text, in this process or as one that can be killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from resources.aws.limits import Limiter
from resources.deployment import Deployment
from resources.ocr import PageText
from resources.ocr.textract import TextractEngine
from resources.ocr.textract_jobs import TextractJobs
from resources.settings import Settings
from resources.storage import ObjectInfo
from resources.storage.local import LocalStorageAdapter
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.batch.page_spans import PageSpans
from sparknet_assets.stages import documents, ocr_text, page_images
from sparknet_assets.stages.contract import StageOutput
from tests.doubles.aws_shapes import DoubleClients
from tests.doubles.inline_pool import InlinePool

PRICE = 0.019
DOCUMENT = DocumentRef("doc", "raw/doc/scan.pdf")


def ingest(deployment: Deployment, data: bytes, doc_id: str = "doc") -> DocumentRef:
    ref = DocumentRef(doc_id, f"raw/{doc_id}/scan.pdf")
    deployment.storage.put(ref.raw_key, data)
    documents.STAGE.run(ref, deployment)
    pages = range(1, page_images.page_count(ref, deployment) + 1)
    results = page_images.run_pages(ref, list(pages), deployment)
    page_images.assemble(ref, iter(results), deployment)
    return ref


def read(
    deployment: Deployment,
    ref: DocumentRef,
    twins: Sequence[DocumentRef] = (),
    pause: Callable[[float], None] = lambda seconds: None,
) -> tuple[StageOutput, list[PageText]]:
    """The stage as a run does it."""
    stage = ocr_text.STAGE
    pool: Any = InlinePool(deployment)
    before = stage.preparation
    assert before is not None and stage.known is not None
    earlier = [ref, *twins]
    pages = list(before.candidates(ref, earlier, deployment))
    wanted = before.survey(ref, pages, deployment) if pages else []
    if wanted:
        before.prepare(ref, wanted, twins, pause, deployment)
    spans = PageSpans(stage, ref, pool, ahead=2)
    count = stage.page_count(ref, deployment)
    results = spans.results(count, stage.known(ref, earlier, deployment))
    output = stage.assemble(ref, results, deployment)
    return output, list(read_text(deployment.storage, ref))


def deployed(home: Path, url: str, **settings: Any) -> Deployment:
    """A deployment that reads by the Textract at `url`, its objects in a folder."""
    deployment = Deployment(Settings(home=home, **settings))
    clients, limiter = DoubleClients(url, attempts=3), Limiter(home / "limits", "textract", None, 4)
    jobs = TextractJobs(clients, "papers", "standard", limiter, PRICE)
    engine = TextractEngine(clients, "standard", limiter, PRICE, jobs)
    deployment.__dict__.update(storage=LocalStorageAdapter(home), ocr=engine)
    return deployment


class StandsStill(LocalStorageAdapter):
    """Stores the first page that a job has read, and does nothing more."""

    def put(self, key: str, data: bytes) -> ObjectInfo:
        info = super().put(key, data)
        if "/ocr_job/" in key and "/page_" in key:
            time.sleep(3600)
        return info


def work(home: Path, url: str, cost: Path, stands_still: bool) -> None:
    """Reads the document that was taken in, its text layer left aside; writes down the cost."""
    deployment = deployed(home, url, text_layer="never")
    if stands_still:
        deployment.__dict__["storage"] = StandsStill(home)
    output, _ = read(deployment, DOCUMENT, pause=lambda seconds: time.sleep(0.1))
    cost.write_text(str(output.cost_usd))
