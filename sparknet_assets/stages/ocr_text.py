"""Stage `ocr_text`: the text of every page, from its text layer where that is good, else by OCR."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.ocr import OCRResult, Table, document_reader
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import (
    PAGES,
    RENDITION_TABLES,
    TEXT,
    DocumentRef,
    PageImage,
    RenditionTables,
    write_text,
)
from sparknet_assets.fingerprint import recipe_of
from sparknet_assets.source.pages import PageSource, open_source
from sparknet_assets.source.text.page_text import (
    CACHE,
    cache_key,
    from_layer,
    from_ocr,
    kept_layer,
    layer_of,
    recognise,
)
from sparknet_assets.source.text.tables import known_tables
from sparknet_assets.stages.climbing import Reading, climbed, climbing_shape
from sparknet_assets.stages.contract import PagedStage, PageResult, Preparation, StageOutput
from sparknet_assets.stages.document_jobs import (
    job_possible,
    job_results,
    read_by_job,
    settled_cost,
)
from sparknet_assets.stages.documents import read_metadata
from sparknet_assets.stages.known_texts import KnownTexts
from sparknet_assets.stages.libraries import library_versions
from sparknet_assets.stages.page_sources import text_sources
from sparknet_assets.stages.picture_text import reads_pictures, with_picture_text
from sparknet_assets.stages.text_tally import Tally, page_result


def page_count(ref: DocumentRef, deployment: Deployment) -> int:
    """Pages of the document, as metadata.json states them."""
    return read_metadata(ref, deployment).page_count


def known(
    ref: DocumentRef, earlier: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[PageResult | None]:
    """The pages whose text is stored already, here or with a document of the same bytes."""
    with KnownTexts(earlier, deployment.storage) as texts:
        for page, source in enumerate(_sources(ref, deployment), start=1):
            yield texts.result(page, source)


def candidates(
    ref: DocumentRef, earlier: Sequence[DocumentRef], deployment: Deployment
) -> Sequence[int]:
    """The pages that a job of a service may have to read, where the engine has such jobs."""
    if document_reader(deployment.ocr) is None or deployment.settings.text_layer == "always":
        return ()
    metadata = read_metadata(ref, deployment)
    if not job_possible(ref, metadata, deployment):
        return ()
    if not earlier:
        return range(1, metadata.page_count + 1)
    texts = enumerate(known(ref, earlier, deployment), start=1)
    return [page for page, text in texts if text is None]


def survey(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> list[int]:
    """Those of the pages that OCR has to read and whose reading is not in the cache."""
    images = _images(ref, pages, deployment)
    wanted: dict[int, str] = {}
    with open_source(ref, read_metadata(ref, deployment), deployment) as source:
        for page in pages:
            layer = layer_of(source.pdf_page(page), deployment.settings.text_layer)
            if not layer.good and images[page].failure is None:
                wanted[page] = cache_key(deployment.ocr, images[page])
    cached = deployment.cache.get_many(CACHE, wanted.values())
    return [page for page, key in wanted.items() if key not in cached]


def prepare(
    ref: DocumentRef,
    pages: Sequence[int],
    twins: Sequence[DocumentRef],
    pause: Callable[[float], None],
    deployment: Deployment,
) -> None:
    """Has a job read the whole document where so many of its pages are to be read.

    Raises:
        SparknetError: The job is not done yet, or can't be started now: the next run goes on.
    """
    metadata = read_metadata(ref, deployment)
    read_by_job(ref, metadata, len(pages), twins, pause, deployment)


def run_pages(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> list[PageResult]:
    """Reads these pages.

    Each record is a line of facts for `assemble`, then the `PageText` as it goes into text.json.

    Raises:
        SparknetError: The document can't be opened, or its page images are missing altogether.
    """
    metadata = read_metadata(ref, deployment)
    images = _images(ref, pages, deployment)
    # The tables of a rendition are those of its source file; None means that they must be found.
    known: dict[int, list[Table]] | None = None
    read_already = job_results(ref, metadata, deployment)
    if metadata.kind == "rendition":
        known = _rendition_tables(ref, deployment)
    readings: dict[int, Reading] = {}
    failures: dict[int, PageResult] = {}
    with open_source(ref, metadata, deployment) as source:
        for page in pages:
            stated = None if known is None else known.get(page, [])
            try:
                reading = _read(ref, images[page], stated, source, read_already, deployment)
                readings[page] = reading
            except SparknetError as error:
                failures[page] = PageResult(page, failure=error.to_failure())
    read = climbed(ref, metadata, list(readings.values()), deployment)
    results = {each.text.page: page_result(each.text, each.cost_usd) for each in read}
    return [results[page] if page in results else failures[page] for page in pages]


def assemble(
    ref: DocumentRef, results: Iterable[PageResult], deployment: Deployment
) -> StageOutput:
    """Writes text.json.

    Raises:
        SparknetError: No page could be read.
    """
    tally = Tally()
    records = tally.records(ref, results)
    count, digest = write_text(deployment.storage, ref, records, _sources(ref, deployment))
    return StageOutput(
        data_version=digest,
        pages=count - len(tally.failures),
        failed_pages=tally.failures,
        metadata=tally.metadata(),
        cost_usd=tally.cost_usd + settled_cost(ref, deployment),
    )


def _read(
    ref: DocumentRef,
    image: PageImage,
    known: list[Table] | None,
    source: PageSource,
    read_already: Callable[[int], OCRResult | None],
    deployment: Deployment,
) -> Reading:
    """The first reading of the page. Raises SparknetError when it can't be read."""
    settings = deployment.settings
    page = None
    try:
        page = source.pdf_page(image.page)
    except SparknetError:
        if image.failure is None:
            raise
    layer = layer_of(page, settings.text_layer)
    if layer.good or settings.text_layer == "always":
        text = from_layer(layer, image, known or (), settings.tables and known is None)
        return Reading(with_picture_text(ref, text, layer, image, page, deployment), 0.0, image)
    if image.failure is not None:
        failure = image.failure
        raise SparknetError(failure.kind, failure.message, failure.retryable)
    result = recognise(ref, image, deployment, read_already)
    if kept := kept_layer(layer, result):
        text = from_layer(kept, image, (), settings.tables)
        return Reading(text, result.cost_usd, image)
    text = from_ocr(result, deployment.ocr.name, layer, image, settings.tables)
    return Reading(text, result.cost_usd, image, layer)


def _sources(ref: DocumentRef, deployment: Deployment) -> Iterator[str]:
    """What the text of each page is made from."""
    metadata = read_metadata(ref, deployment)
    tables = _rendition_tables(ref, deployment) if metadata.kind == "rendition" else None

    def stated(page: int) -> str:
        if tables is None:
            return "none"  # they are found on the page
        rows = [table.model_dump_json() for table in tables.get(page, [])]
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    return text_sources(deployment.storage, ref, recipe_of(STAGE, deployment).id, stated)


def _images(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> dict[int, PageImage]:
    """What pages/index.json says of these pages; it has one page a line."""
    wanted = {b'{"page":%d,' % page for page in pages}
    images: dict[int, PageImage] = {}
    try:
        with deployment.storage.open(ref.key(PAGES)) as file:
            for line in file:
                if line[: line.find(b",") + 1] in wanted:
                    image = PageImage.model_validate_json(line.strip().rstrip(b","))
                    images[image.page] = image
                    if len(images) == len(wanted):
                        break
    except ObjectNotFoundError:
        images = {}
    missing = sorted(set(pages) - set(images))
    if missing:
        raise SparknetError(
            FailureKind.UNREADABLE,
            f"{ref.filename}: no page images for pages {missing}; materialize page_images again.",
        )
    return images


def _rendition_tables(ref: DocumentRef, deployment: Deployment) -> dict[int, list[Table]]:
    """Page -> tables that the source file of a rendition states."""
    try:
        data = deployment.storage.get(ref.key(RENDITION_TABLES))
    except ObjectNotFoundError:
        return {}
    found = RenditionTables.model_validate_json(data).tables
    return {
        page: known_tables([table for table in found if table.page == page])
        for page in {table.page for table in found}
    }


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    settings = deployment.settings
    shape: dict[str, Any] = {
        "text_layer": settings.text_layer,
        "tables": settings.tables,
        "libraries": library_versions("pymupdf", "py3langid"),
    }
    if settings.text_layer != "always":
        # Any page may turn out to need OCR. Where none does, the redone text is equal, and with
        # it the data version: nothing downstream is redone.
        shape["ocr"] = deployment.ocr.identity
    if reads_pictures(deployment):
        shape["pictures"] = {"dpi": settings.ocr_dpi}
    return shape | climbing_shape(deployment)


STAGE = PagedStage(
    name="ocr_text",
    inputs=("documents", "page_images"),
    code_version="3",
    description="Text of every page with its place: the text layer where it is good, else OCR.",
    artifact=TEXT,
    shape=_shape,
    page_count=page_count,
    known=known,
    run_pages=run_pages,
    assemble=assemble,
    preparation=Preparation(candidates=candidates, survey=survey, prepare=prepare),
    span=2,
)
