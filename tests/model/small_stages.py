"""The graph with two small stages in front: plain text in, the real chunks, vectors, index out.

A document is a text; a form feed ends a page, a line feed a line. Words in it ask for trouble.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.ocr import Line, PageText, Word
from sparknet_assets.artifacts import METADATA, TEXT, DocumentMetadata, DocumentRef
from sparknet_assets.stages import chunks, embeddings, ocr_text, vector_index
from sparknet_assets.stages.contract import (
    RAW_DOCUMENTS,
    AnyStage,
    BatchStage,
    DocumentStage,
    PagedStage,
    PageResult,
    StageOutput,
)
from sparknet_assets.stages.text_tally import page_result

if TYPE_CHECKING:
    from tests.model.world import SmallDeployment

CORRUPT = "corrupt"
"""A document with this word is damaged for good."""
AWKWARD = "awkward"
"""A document with this word can't be read while `Trouble.reader` lasts."""
SMUDGE = "smudge"
"""A page with this word can't be read."""
FLICKER = "flicker"
"""A page with this word can't be read while `Trouble.pages` lasts."""
POISON = "poison"
"""The embedder refuses texts with this word."""


def pages_of(data: bytes) -> list[str]:
    """The pages of a document's bytes; at least one."""
    return data.decode().split("\f")


def page_text(number: int, text: str) -> PageText:
    """A page as `ocr_text` records it, a line of the text a paragraph."""
    lines = []
    for row, line in enumerate(line for line in text.split("\n") if line.strip()):
        parts = line.split()
        step = 1 / len(parts)
        words = [
            Word(part, i * step, row / 100, (i + 1) * step, (row + 1) / 100, 1.0)
            for i, part in enumerate(parts)
        ]
        lines.append(Line(words=words, block=row))
    return PageText(page=number, width=100, height=100, engine="text-layer", lines=lines)


def page_failure(text: str, trouble: bool) -> SparknetError | None:
    """Why a page can't be read."""
    if SMUDGE in text:
        return SparknetError(FailureKind.UNREADABLE, "the page is smudged")
    if FLICKER in text and trouble:
        return SparknetError(FailureKind.TIMED_OUT, "the page took too long")
    return None


def _bytes(ref: DocumentRef, deployment: Deployment) -> bytes:
    return deployment.storage.get(ref.raw_key)


def _read(ref: DocumentRef, deployment: Deployment) -> StageOutput:
    data = _bytes(ref, deployment)
    text = data.decode()
    if CORRUPT in text:
        raise SparknetError(FailureKind.CORRUPT, "the file is damaged; save it again")
    if AWKWARD in text and cast("SmallDeployment", deployment).trouble.reader:
        raise SparknetError(FailureKind.UNAVAILABLE, "the reader is away")
    digest = hashlib.sha256(data).hexdigest()
    metadata = DocumentMetadata(
        doc_id=ref.doc_id,
        filename=ref.filename,
        sha256=digest,
        size=len(data),
        media_type="text/plain",
        kind="text",
        page_count=len(pages_of(data)),
    )
    written = metadata.model_dump_json().encode()
    deployment.storage.put(ref.key(METADATA), written)
    # As `documents` has it: a hash over the hashes of all files that were written.
    version = hashlib.sha256(hashlib.sha256(written).hexdigest().encode()).hexdigest()
    return StageOutput(version, pages=metadata.page_count)


def _page_count(ref: DocumentRef, deployment: Deployment) -> int:
    return len(pages_of(_bytes(ref, deployment)))


def _read_pages(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> list[PageResult]:
    texts = pages_of(_bytes(ref, deployment))
    trouble = cast("SmallDeployment", deployment).trouble.pages
    results = []
    for page in pages:
        error = page_failure(texts[page - 1], trouble)
        if error:
            results.append(PageResult(page, failure=error.to_failure()))
        else:
            results.append(page_result(page_text(page, texts[page - 1])))
    return results


def _no_shape(deployment: Deployment) -> Mapping[str, Any]:
    return {}


_DOCUMENTS = DocumentStage(
    name="documents",
    inputs=(RAW_DOCUMENTS,),
    code_version="1",
    description="Reads.",
    artifact=METADATA,
    shape=_no_shape,
    run=_read,
)
_OCR_TEXT = PagedStage(
    name="ocr_text",
    inputs=("documents",),
    code_version="1",
    description="Splits.",
    artifact=TEXT,
    shape=_no_shape,
    page_count=_page_count,
    run_pages=_read_pages,
    assemble=ocr_text.assemble,
    span=2,
)
STAGES: tuple[AnyStage, ...] = (
    _DOCUMENTS,
    _OCR_TEXT,
    chunks.STAGE,
    embeddings.STAGE,
    vector_index.STAGE,
)
NAMES = tuple(stage.name for stage in STAGES)


def graph(versions: Mapping[str, int]) -> tuple[AnyStage, ...]:
    """The stages at these code versions, their work noted in `SmallDeployment.calls`."""
    return tuple(
        dataclasses.replace(_counted(stage), code_version=str(versions[stage.name]))
        for stage in STAGES
    )


def _counted(stage: AnyStage) -> AnyStage:
    def note(ref: DocumentRef, deployment: Deployment) -> None:
        cast("SmallDeployment", deployment).calls[ref.doc_id, stage.name] += 1

    if isinstance(stage, PagedStage):
        assemble = stage.assemble

        def gather(ref: DocumentRef, results: Any, deployment: Deployment) -> StageOutput:
            note(ref, deployment)
            return assemble(ref, results, deployment)

        return dataclasses.replace(stage, assemble=gather)
    if isinstance(stage, BatchStage):
        together = stage.run

        def run(
            refs: Sequence[DocumentRef], deployment: Deployment
        ) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
            for ref in refs:
                note(ref, deployment)
            return together(refs, deployment)

        return dataclasses.replace(stage, run=run)
    alone = stage.run

    def work(ref: DocumentRef, deployment: Deployment) -> StageOutput:
        note(ref, deployment)
        return alone(ref, deployment)

    return dataclasses.replace(stage, run=work)
