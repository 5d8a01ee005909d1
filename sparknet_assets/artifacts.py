"""What the stages write: keys under `processed/{doc_id}/` and the types of the JSON there."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import BinaryIO

from pydantic import BaseModel, Field

from resources.failure import Failure
from resources.ocr import Box, PageText
from resources.storage import ObjectNotFoundError, StorageAdapter
from resources.vector_store import Chunk
from sparknet_assets.text_index import IndexBuilder, PageFacts, indexed_facts, indexed_pages

SCHEMA_VERSION = 1
# Pages that are asked for one by one; for more it is simpler to read them all.
_FEW = 64


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
TEXT_INDEX = "text_index.json"
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
        lost: Why the image does not show all of the page: its content breaks off. Left out of the
            JSON of whole pages.
        source: What the image was made from, see `page_sources`; empty where that is not known.
    """

    page: int
    width: int = 0
    height: int = 0
    dpi: float | None = None
    sha256: str = ""
    size: int = 0
    failure: Failure | None = None
    lost: str = Field("", exclude_if=operator.not_)
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
    storage: StorageAdapter,
    ref: DocumentRef,
    pages: Iterable[tuple[PageFacts, bytes]],
    sources: Iterable[str] = (),
) -> tuple[int, str]:
    """Writes text.json from facts and serialised `PageText` objects, in page order, one a line.

    One line a page keeps the file valid JSON and lets a reader take page after page: a document of
    any length is written and read in the memory of one page.

    Args:
        sources: What each page was made from; empty where that is not known.

    Returns:
        Number of pages, and the sha256 of the file without the sources.
    """
    digest = hashlib.sha256()
    index = IndexBuilder()
    size = 0

    def emit(file: BinaryIO, stored: bytes, counted: bytes) -> None:
        nonlocal size
        digest.update(counted)
        size += file.write(stored)

    # An index must not outlive its text, not even for a moment.
    storage.delete(ref.key(TEXT_INDEX))
    with storage.writer(ref.key(TEXT)) as file:
        head = b'{"schema_version":%d,"pages":[' % SCHEMA_VERSION
        emit(file, head, head)
        for (facts, page), source in zip(pages, chain(sources, repeat("")), strict=False):
            start, line = b",\n" if index.pages else b"\n", with_source(page, source)
            index.add(facts, line, size + len(start))
            emit(file, start + line, start + page)
        emit(file, b"\n]}\n", b"\n]}\n")
    storage.put(ref.key(TEXT_INDEX), index.finish(size))
    return len(index.pages), digest.hexdigest()


def read_text(
    storage: StorageAdapter, ref: DocumentRef, pages: Collection[int] | None = None
) -> Iterator[PageText]:
    """The pages of text.json, one at a time: all, or these. Raises ObjectNotFoundError.

    A few pages cost as much in a long document as in a short one, where it has an index.
    """
    if pages is not None and len(pages) <= _FEW:
        found = indexed_pages(storage, ref.key(TEXT), ref.key(TEXT_INDEX), pages)
        if found is not None:
            yield from found
            return
    wanted = None if pages is None else {b'{"page":%d' % page for page in pages}
    with storage.open(ref.key(TEXT)) as file:
        for line in file:
            line = line.strip().rstrip(b",")
            if not line.startswith(b'{"page":'):
                continue
            if wanted is None or line[: line.find(b",")] in wanted:
                yield PageText.model_validate_json(line)


def text_facts(storage: StorageAdapter, ref: DocumentRef) -> Iterable[PageFacts]:
    """What there is to say of the text of each page. Raises ObjectNotFoundError.

    Reads the whole of text.json where it has no index.
    """
    found = indexed_facts(storage, ref.key(TEXT), ref.key(TEXT_INDEX))
    return found if found is not None else map(PageFacts.of, read_text(storage, ref))


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


def read_chunks(
    storage: StorageAdapter, ref: DocumentRef, *, skip: int = 0, limit: int | None = None
) -> Iterator[Chunk]:
    """The chunks of chunks.json, one at a time. Raises ObjectNotFoundError.

    Args:
        skip: So many are passed over unread.
        limit: At most so many.
    """
    end = None if limit is None else skip + limit
    with storage.open(ref.key(CHUNKS)) as file:
        lines = (line.strip().rstrip(b",") for line in file)
        chunks = (line for line in lines if line.startswith(b'{"chunk_id":'))
        for line in islice(chunks, skip, end):
            yield Chunk.model_validate_json(line)


def read_page_image(storage: StorageAdapter, ref: DocumentRef, page: int) -> PageImage | None:
    """What pages/index.json, which has one page a line, says of one; None where that is nothing."""
    wanted = b'{"page":%d,' % page
    try:
        with storage.open(ref.key(PAGES)) as file:
            line = next((line for line in file if line.startswith(wanted)), None)
    except ObjectNotFoundError:
        return None
    return PageImage.model_validate_json(line.strip().rstrip(b",")) if line else None
