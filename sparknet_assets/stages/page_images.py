"""Stage `page_images`: a PNG of every page, made span by span."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from sparknet_assets.artifacts import (
    PAGES,
    SCHEMA_VERSION,
    DocumentRef,
    PageImage,
    with_source,
)
from sparknet_assets.fingerprint import recipe_of
from sparknet_assets.scratch import scratch
from sparknet_assets.source.pages import PageSource, open_source
from sparknet_assets.source.png import encode_png
from sparknet_assets.source.thumbnail import thumbnail
from sparknet_assets.stages.contract import PagedStage, PageResult, StageOutput
from sparknet_assets.stages.documents import read_metadata
from sparknet_assets.stages.known_images import ImageRecord, KnownImages
from sparknet_assets.stages.libraries import library_versions
from sparknet_assets.stages.page_sources import image_sources

_MOST_NAMED = 20


def page_count(ref: DocumentRef, deployment: Deployment) -> int:
    """Pages of the document, as metadata.json states them."""
    return read_metadata(ref, deployment).page_count


def known(
    ref: DocumentRef, earlier: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[PageResult | None]:
    """The pages whose image is stored already, here or with a document of the same bytes."""
    recipe = recipe_of(STAGE, deployment).id
    with scratch(deployment, ref.doc_id) as aside:
        yield from KnownImages(ref, earlier, deployment, recipe, aside).results()


def run_pages(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> list[PageResult]:
    """Renders these pages and stores their images.

    Raises:
        SparknetError: The document can't be opened. A page that fails alone is a result.
    """
    with open_source(ref, read_metadata(ref, deployment), deployment) as source:
        return [_render(ref, page, source, deployment) for page in pages]


def assemble(
    ref: DocumentRef, results: Iterable[PageResult], deployment: Deployment
) -> StageOutput:
    """Writes pages/index.json and removes images that are no longer part of the document.

    Raises:
        SparknetError: No page could be rendered.
    """
    recipe = recipe_of(STAGE, deployment).id
    index = _Index(image_sources(deployment.storage, ref, recipe))
    with deployment.storage.writer(ref.key(PAGES)) as file:
        index.write(ref, results, file)
        if not index.images:
            raise _nothing_rendered(ref, index.failures)
    _remove_other_images(ref, index, deployment)
    metadata: dict[str, Any] = {"pages": index.images, "bytes": index.bytes}
    if index.thumbnail:
        metadata["thumbnail"] = index.thumbnail
    if index.lost:
        metadata["incomplete_pages"] = sorted(index.lost)
    return StageOutput(
        data_version=index.digest.hexdigest(),
        pages=index.images,
        failed_pages=index.failures,
        failure=_parts_missing(ref, index.lost),
        metadata=metadata,
    )


class _Index:
    """Writes pages/index.json, one page a line, and counts what it wrote."""

    def __init__(self, sources: Iterator[str]) -> None:
        self._sources = sources
        self.digest = hashlib.sha256()
        self.failures: dict[int, Failure] = {}
        self.lost: dict[int, str] = {}
        self.images = 0
        self.bytes = 0
        self.thumbnail = ""

    def write(self, ref: DocumentRef, results: Iterable[PageResult], file: BinaryIO) -> None:
        for part, source in self._parts(ref, results):
            self.digest.update(part)
            file.write(with_source(part, source))

    def _parts(
        self, ref: DocumentRef, results: Iterable[PageResult]
    ) -> Iterator[tuple[bytes, str]]:
        doc_id = json.dumps(ref.doc_id).encode()
        yield b'{"schema_version":%d,"doc_id":%s,"pages":[' % (SCHEMA_VERSION, doc_id), ""
        for number, (result, source) in enumerate(zip(results, self._sources, strict=False)):
            record = self._record(result).model_dump_json(exclude={"thumbnail", "source"})
            yield (
                (b",\n" if number else b"\n") + record.encode(),
                "" if result.failure else source,
            )
        yield b"\n]}\n", ""

    def _record(self, result: PageResult) -> PageImage:
        if result.failure is not None:
            self.failures[result.page] = result.failure
            lasting = {"attempts": 1, "next_retry_at": None}  # equal input, equal bytes
            failure = result.failure.model_copy(update=lasting)
            return PageImage(page=result.page, failure=failure)
        record = ImageRecord.model_validate_json(result.record)
        if record.lost:
            self.lost[result.page] = record.lost
        self.images += 1
        self.bytes += record.size
        self.thumbnail = self.thumbnail or record.thumbnail
        return record


def _render(ref: DocumentRef, page: int, source: PageSource, deployment: Deployment) -> PageResult:
    try:
        raster = source.render(page)
    except SparknetError as error:
        return PageResult(page, failure=error.to_failure())
    data = encode_png(raster.pixels, raster.dpi)
    with deployment.storage.writer(
        ref.page_image_key(page)
    ) as file:  # `put` would ask for its time
        file.write(data)
    height, width = raster.pixels.shape[:2]
    record = ImageRecord(
        page=page,
        width=width,
        height=height,
        dpi=raster.dpi,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        lost=raster.lost,
        thumbnail=thumbnail(raster.pixels) if page == 1 else "",
    )
    return PageResult(page, record.model_dump_json().encode())


def _nothing_rendered(ref: DocumentRef, failures: Mapping[int, Failure]) -> SparknetError:
    """One error for all pages: their common kind, or corrupt; in the words of the first."""
    kinds = {failure.kind for failure in failures.values()}
    kind = kinds.pop() if len(kinds) == 1 else FailureKind.CORRUPT
    first = next(iter(failures.values()), None)
    reason = f" {first.message}" if first else ""
    return SparknetError(
        kind,
        f"No page of {ref.filename} could be rendered.{reason}",
        any(failure.retryable for failure in failures.values()),
    )


def _parts_missing(ref: DocumentRef, lost: Mapping[int, str]) -> Failure | None:
    """What there is to say of pages that are shown in part."""
    if not lost:
        return None
    numbers = sorted(lost)
    shown = ", ".join(map(str, numbers[:_MOST_NAMED])) + (", ..." * (len(numbers) > _MOST_NAMED))
    subject, verb = ("Page", "breaks") if len(numbers) == 1 else ("Pages", "break")
    return Failure(
        kind=FailureKind.CORRUPT,
        message=f"{subject} {shown} of {ref.filename} {verb} off part-way "
        f"({lost[numbers[0]]}): what comes after is missing. "
        "Export or print the document to PDF again.",
        retryable=False,
    )


def _remove_other_images(ref: DocumentRef, index: _Index, deployment: Deployment) -> None:
    """Deletes the images of pages that failed or are no more, those of an earlier version."""
    storage = deployment.storage
    wanted = index.images + len(index.failures)
    prefix = ref.key("pages/page_")
    for stored in list(storage.list(prefix)):
        number = stored.key.removeprefix(prefix).removesuffix(".png")
        page = int(number) + 1 if number.isdecimal() else 0
        if not 1 <= page <= wanted or page in index.failures:
            storage.delete(stored.key)


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    settings = deployment.settings
    return {
        "render_dpi": settings.render_dpi,
        "ocr_dpi": settings.ocr_dpi,
        "max_page_pixels": settings.max_page_pixels,
        "text_layer": settings.text_layer,
        "libraries": library_versions("pymupdf", "pillow", "pillow-heif"),
    }


STAGE = PagedStage(
    name="page_images",
    inputs=("documents",),
    code_version="3",
    description="A PNG of every page, upright, in the resolution that its reading needs.",
    artifact=PAGES,
    shape=_shape,
    page_count=page_count,
    known=known,
    run_pages=run_pages,
    assemble=assemble,
)
