"""What the stages write: keys under `processed/{doc_id}/` and the types of the JSON there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import BinaryIO

from pydantic import BaseModel, Field

from resources.failure import Failure
from resources.ocr import Box, PageText
from resources.storage import StorageAdapter
from resources.vector_store import Chunk

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document, as it travels through the stages."""

    doc_id: str
    raw_key: str

    @property
    def filename(self) -> str:
        return self.raw_key.rsplit("/", 1)[-1]

    def key(self, name: str) -> str:
        """Key of this document's artifact, e.g. `key("text.json")`."""
        return f"processed/{self.doc_id}/{name}"

    def page_image_key(self, page: int) -> str:
        """Key of the image of the 1-based `page`; the file's own number is zero-based."""
        return self.key(f"pages/page_{page - 1}.png")


METADATA = "metadata.json"
PAGE_SOURCES = "page_sources.json"
RENDITION = "rendition.pdf"
RENDITION_TABLES = "rendition_tables.json"
PAGES = "pages/index.json"
TEXT = "text.json"
CHUNKS = "chunks.json"
EMBEDDINGS = "embeddings.parquet"
FIELDS = "fields.json"


class DocumentMetadata(BaseModel):
    """metadata.json.

    Attributes:
        sha256, size: Of the original bytes; size in bytes.
        media_type: By content. `kind` says how the pages are reached: `pdf` opens with PyMuPDF,
            `image` holds one frame a page, `rendition` means that rendition.pdf stands for it.
        page_count: Pages, frames, or pages of the rendition; at least 1.
        tier: Always `standard`, so that files of before tiers stay equal; the catalog has the tier.
        flags: Sorted, e.g. `encrypted`, `repaired`, `wrong_extension`, `javascript`, `attachments`.
    """

    schema_version: int = SCHEMA_VERSION
    doc_id: str
    filename: str
    sha256: str
    size: int
    media_type: str
    kind: str
    page_count: int
    title: str | None = None
    author: str | None = None
    created: str | None = None
    language: str | None = None
    tier: str = "standard"
    flags: list[str] = Field(default_factory=list)


class PageImage(BaseModel):
    """One page image: an element of `pages` in pages/index.json.

    Attributes:
        page: 1-based.
        width, height: Pixels.
        dpi: Of the rendering; None for photos and scans that carry no size.
        sha256: Of the PNG file.
        failure: Set when this page could not be rendered; sizes are then 0.
        source: What the image was made from, see `page_sources`; empty where that is not known.
    """

    page: int
    width: int = 0
    height: int = 0
    dpi: float | None = None
    sha256: str = ""
    size: int = 0
    failure: Failure | None = None
    source: str = ""


class PageIndex(BaseModel):
    """pages/index.json: written last, so its presence says that the images are whole."""

    schema_version: int = SCHEMA_VERSION
    doc_id: str
    pages: list[PageImage]


class RenditionTable(BaseModel):
    """A table of a rendition, known from the source file rather than found on the page."""

    page: int
    box: Box
    rows: list[list[str]]
    row_boxes: list[Box]
    header_rows: int = 0


class RenditionTables(BaseModel):
    """rendition_tables.json."""

    schema_version: int = SCHEMA_VERSION
    tables: list[RenditionTable]


class ChunkList(BaseModel):
    """chunks.json."""

    schema_version: int = SCHEMA_VERSION
    doc_id: str
    chunks: list[Chunk]


def with_source(record: bytes, source: str) -> bytes:
    """A page's JSON object that also says what the page was made from, where that is known.

    Data versions leave it out: a page that was made anew and came out the same is the same.
    """
    return record[:-1] + b',"source":"%s"}' % source.encode() if source else record


def write_text(
    storage: StorageAdapter, ref: DocumentRef, pages: Iterable[bytes], sources: Iterable[str] = ()
) -> tuple[int, str]:
    """Writes text.json from serialised `PageText` objects, in page order, one a line.

    One line a page keeps the file valid JSON and lets a reader take page after page: a document of
    any length is written and read in the memory of one page.

    Args:
        sources: What each page was made from; empty where that is not known.

    Returns:
        Number of pages, and the sha256 of the file without the sources.
    """
    digest = hashlib.sha256()
    count = 0

    def emit(file: BinaryIO, data: bytes) -> None:
        digest.update(data)
        file.write(data)

    with storage.writer(ref.key(TEXT)) as file:
        emit(file, b'{"schema_version":%d,"pages":[' % SCHEMA_VERSION)
        for page, source in zip(pages, chain(sources, repeat("")), strict=False):
            start = b",\n" if count else b"\n"
            digest.update(start + page)
            file.write(start + with_source(page, source))
            count += 1
        emit(file, b"\n]}\n")
    return count, digest.hexdigest()


def read_text(
    storage: StorageAdapter, ref: DocumentRef, pages: Collection[int] | None = None
) -> Iterator[PageText]:
    """The pages of text.json, one at a time: all, or these. Raises ObjectNotFoundError."""
    wanted = None if pages is None else {b'{"page":%d' % page for page in pages}
    with storage.open(ref.key(TEXT)) as file:
        for line in file:
            line = line.strip().rstrip(b",")
            if not line.startswith(b'{"page":'):
                continue
            if wanted is None or line[: line.find(b",")] in wanted:
                yield PageText.model_validate_json(line)


def write_chunks(storage: StorageAdapter, ref: DocumentRef, chunks: Iterable[Chunk]) -> str:
    """Writes chunks.json from chunks in order, one a line, in the memory of one chunk.

    Returns:
        The sha256 of the file.
    """
    digest = hashlib.sha256()

    def emit(file: BinaryIO, data: bytes) -> None:
        digest.update(data)
        file.write(data)

    with storage.writer(ref.key(CHUNKS)) as file:
        head = ChunkList(doc_id=ref.doc_id, chunks=[]).model_dump_json().encode()
        emit(file, head.removesuffix(b"]}"))
        separator = b"\n"
        for chunk in chunks:
            emit(file, separator + chunk.model_dump_json().encode())
            separator = b",\n"
        emit(file, b"\n]}\n")
    return digest.hexdigest()


def read_chunks(storage: StorageAdapter, ref: DocumentRef) -> Iterator[Chunk]:
    """The chunks of chunks.json, one at a time. Raises ObjectNotFoundError."""
    with storage.open(ref.key(CHUNKS)) as file:
        for line in file:
            line = line.strip().rstrip(b",")
            if line.startswith(b'{"chunk_id":'):
                yield Chunk.model_validate_json(line)
