"""chunks: the text of a document, cut into passages that the embedder can read whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.deployment import Deployment
from resources.ocr import PageText
from resources.vector_store import Chunk
from sparknet_assets.artifacts import CHUNKS, DocumentRef, read_text, write_chunks
from sparknet_assets.chunking import make_chunks
from sparknet_assets.stages.contract import DocumentStage, StageOutput
from sparknet_assets.stages.libraries import library_versions

_PREVIEW_CHARACTERS = 300


@dataclass
class _Tally:
    """Counts what streams by."""

    pages: int = 0
    chunks: int = 0
    tokens: int = 0
    sections: set[tuple[str, ...]] = field(default_factory=set)
    preview: str = ""

    def count_pages(self, pages: Iterable[PageText]) -> Iterator[PageText]:
        for page in pages:
            self.pages += page.failure is None
            yield page

    def count_chunks(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            self.chunks += 1
            self.tokens += chunk.tokens
            self.sections.add(chunk.section)
            self.preview = self.preview or chunk.text[:_PREVIEW_CHARACTERS]
            yield chunk


def run(ref: DocumentRef, deployment: Deployment) -> StageOutput:
    """Streams text.json into chunks.json. A document without text has no chunks."""
    tally = _Tally()
    chunks = make_chunks(
        ref.doc_id,
        tally.count_pages(read_text(deployment.storage, ref)),
        deployment.embedder,
        size=deployment.settings.chunk_tokens,
        overlap=deployment.settings.chunk_overlap,
    )
    digest = write_chunks(deployment.storage, ref, tally.count_chunks(chunks))
    return StageOutput(
        data_version=digest,
        pages=tally.pages,
        metadata={
            "chunks": tally.chunks,
            "tokens": tally.tokens,
            "sections": len(tally.sections - {()}),
            "preview": tally.preview,
        },
    )


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    return {
        "embedder": deployment.embedder.identity,
        "max_tokens": deployment.embedder.max_tokens,
        "chunk_tokens": deployment.settings.chunk_tokens,
        "chunk_overlap": deployment.settings.chunk_overlap,
        "libraries": library_versions("semantic-text-splitter"),
    }


STAGE = DocumentStage(
    name="chunks",
    inputs=("ocr_text",),
    code_version="2",
    description="Passages along headings, paragraphs and table rows, with pages and boxes.",
    artifact=CHUNKS,
    shape=_shape,
    run=run,
)
