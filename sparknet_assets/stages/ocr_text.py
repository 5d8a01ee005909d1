"""Stage `ocr_text`: the text of every page, from its text layer where that is good, else by OCR."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.ocr import PageText, Table
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
from sparknet_assets.source.page_text import (
    from_layer,
    from_ocr,
    kept_layer,
    layer_of,
    recognise,
)
from sparknet_assets.source.pages import PageSource, open_source
from sparknet_assets.source.tables import known_tables
from sparknet_assets.stages.contract import PagedStage, PageResult, StageOutput
from sparknet_assets.stages.documents import read_metadata
from sparknet_assets.stages.libraries import library_versions

PREVIEW = 300


def page_count(ref: DocumentRef, deployment: Deployment) -> int:
    """Pages of the document, as metadata.json states them."""
    return read_metadata(ref, deployment).page_count


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
    if metadata.kind == "rendition":
        known = _rendition_tables(ref, deployment)
    with open_source(ref, metadata, deployment) as source:
        return [
            _read(
                ref,
                images[page],
                None if known is None else known.get(page, []),
                source,
                deployment,
            )
            for page in pages
        ]


def assemble(
    ref: DocumentRef, results: Iterable[PageResult], deployment: Deployment
) -> StageOutput:
    """Writes text.json.

    Raises:
        SparknetError: No page could be read.
    """
    tally = _Tally()
    count, digest = write_text(deployment.storage, ref, tally.records(ref, results))
    return StageOutput(
        data_version=digest,
        pages=count - len(tally.failures),
        failed_pages=tally.failures,
        metadata=tally.metadata(),
    )


class _Tally:
    """Counts pages as they pass by on their way into text.json."""

    def __init__(self) -> None:
        self.failures: dict[int, Failure] = {}
        self._engines: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._confidence = 0.0
        self._preview = ""
        self._pages = 0

    def records(self, ref: DocumentRef, results: Iterable[PageResult]) -> Iterator[bytes]:
        """The pages' JSON. Raises SparknetError at the end when every page failed."""
        for result in results:
            self._pages += 1
            if result.failure is not None:
                self.failures[result.page] = result.failure
                yield _failed(result.page, result.failure)
                continue
            facts, record = result.record.split(b"\n", 1)
            self._add(json.loads(facts))
            yield record
        if self._pages and len(self.failures) == self._pages:
            raise _nothing_read(ref, self.failures)

    def _add(self, facts: dict[str, Any]) -> None:
        self._engines[facts["engine"]] += 1
        self._reasons[facts["reason"]] += 1
        if facts["language"]:
            self._languages[facts["language"]] += 1
        for name in ("words", "tables", "hidden_characters"):
            self._sums[name] += facts[name]
        self._confidence += facts["words"] * (facts["confidence"] or 0.0)
        if len(self._preview) < PREVIEW:
            self._preview = f"{self._preview} {facts['preview']}".strip()[:PREVIEW]

    def metadata(self) -> dict[str, Any]:
        words = self._sums["words"]
        return {
            "engines": dict(sorted(self._engines.items())),
            "reasons": dict(sorted(self._reasons.items())),
            "confidence": round(self._confidence / words, 4) if words else None,
            "words": words,
            "tables": self._sums["tables"],
            "hidden_characters": self._sums["hidden_characters"],
            "languages": dict(self._languages.most_common()),
            "preview": self._preview,
            "failed_pages": sorted(self.failures),
        }


def _read(
    ref: DocumentRef,
    image: PageImage,
    known: list[Table] | None,
    source: PageSource,
    deployment: Deployment,
) -> PageResult:
    try:
        return _result(_page_text(ref, image, known, source, deployment))
    except SparknetError as error:
        return PageResult(image.page, failure=error.to_failure())


def _page_text(
    ref: DocumentRef,
    image: PageImage,
    known: list[Table] | None,
    source: PageSource,
    deployment: Deployment,
) -> PageText:
    settings = deployment.settings
    try:
        layer = layer_of(source.pdf_page(image.page), settings.text_layer)
    except SparknetError:
        if image.failure is None:
            raise
        layer = layer_of(None, settings.text_layer)
    if layer.good or settings.text_layer == "always":
        return from_layer(layer, image, known or (), settings.tables and known is None)
    if image.failure is not None:
        failure = image.failure
        raise SparknetError(failure.kind, failure.message, failure.retryable)
    result = recognise(ref, image, deployment)
    if kept := kept_layer(layer, result):
        return from_layer(kept, image, (), settings.tables)
    return from_ocr(result, deployment.ocr.name, layer, image, settings.tables)


def _result(text: PageText) -> PageResult:
    facts = {
        "engine": text.engine,
        "reason": text.reason,
        "language": text.language,
        "confidence": text.confidence,
        "words": sum(len(line.words) for line in text.lines),
        "tables": len(text.tables),
        "hidden_characters": text.hidden_characters,
        "preview": " ".join(line.text for line in text.lines[:PREVIEW])[:PREVIEW],
    }
    record = json.dumps(facts).encode() + b"\n" + text.model_dump_json().encode()
    return PageResult(text.page, record)


def _failed(page: int, failure: Failure) -> bytes:
    # Attempts and dates belong to the catalog: equal input gives an equal artifact.
    lasting = failure.model_copy(update={"attempts": 1, "next_retry_at": None})
    record = PageText(page=page, width=0, height=0, engine="none", reason="failed", failure=lasting)
    return record.model_dump_json().encode()


def _nothing_read(ref: DocumentRef, failures: Mapping[int, Failure]) -> SparknetError:
    kinds = {failure.kind for failure in failures.values()}
    kind = kinds.pop() if len(kinds) == 1 else FailureKind.UNREADABLE
    first = next(iter(failures.values()))
    return SparknetError(
        kind,
        f"No page of {ref.filename} could be read. {first.message}",
        any(failure.retryable for failure in failures.values()),
    )


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
    return shape


STAGE = PagedStage(
    name="ocr_text",
    inputs=("documents", "page_images"),
    code_version="1",
    description="Text of every page with its place: the text layer where it is good, else OCR.",
    artifact=TEXT,
    shape=_shape,
    page_count=page_count,
    run_pages=run_pages,
    assemble=assemble,
    span=2,
)
