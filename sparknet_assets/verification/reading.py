"""Artifacts read as strictly as they were written: what they hold, and their data version."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.storage import StorageAdapter
from sparknet_assets import artifacts
from sparknet_assets.artifacts import DocumentMetadata, DocumentRef, PageImage
from sparknet_assets.digests import stored_sha256
from sparknet_assets.fields.values import DocumentFields

_CHUNK_ID = re.compile(rb'\{"chunk_id":("(?:[^"\\]|\\.)*"),')
# What a page was made from is no part of its data version, see `artifacts.with_source`.
_SOURCE = re.compile(rb',"source":"[0-9a-f]*"\}(?=,?\n$)')
_UNIT = 1e-2


@dataclass(frozen=True)
class Contents:
    """What an artifact holds.

    Attributes:
        version: Data version that these bytes would be recorded with; empty when it was not
            worked out.
        entries: Pages or chunks.
    """

    version: str
    entries: int


@dataclass(frozen=True)
class MetadataContents(Contents):
    """metadata.json, with the rendition that belongs to it."""

    kind: str


@dataclass(frozen=True)
class PagesContents(Contents):
    """pages/index.json. `images`: name of each image file -> its entry."""

    images: Mapping[str, PageImage] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldsContents(Contents):
    """fields.json. `problems`: what does not add up or is missing."""

    problems: Sequence[str] = ()


@dataclass(frozen=True)
class ChunksContents(Contents):
    """chunks.json."""

    chunk_ids: Sequence[str] = ()


def read_metadata(ref: DocumentRef, storage: StorageAdapter, deep: bool) -> MetadataContents:
    """Hashes the rendition as well: it is small beside what it stands for."""
    data = storage.get(ref.key(artifacts.METADATA))
    metadata = DocumentMetadata.model_validate_json(data)
    written = hashlib.sha256(data).hexdigest()
    if metadata.kind == "rendition":
        written += stored_sha256(storage, ref.key(artifacts.RENDITION))
        if storage.stat(ref.key(artifacts.RENDITION_TABLES)):
            written += stored_sha256(storage, ref.key(artifacts.RENDITION_TABLES))
    version = hashlib.sha256(written.encode()).hexdigest()
    return MetadataContents(version, metadata.page_count, metadata.kind)


def read_pages(ref: DocumentRef, storage: StorageAdapter, deep: bool) -> PagesContents:
    """An entry of `images` for each page that was rendered."""
    digest = hashlib.sha256()
    pages = [
        PageImage.model_validate_json(line)
        for line in _elements(storage, ref.key(artifacts.PAGES), b'{"page":', digest)
    ]
    images = {
        ref.page_image_key(page.page).removeprefix(ref.key("")): page
        for page in pages
        if page.failure is None
    }
    if deep:
        for name, page in images.items():
            if stored_sha256(storage, ref.key(name)) != page.sha256:
                raise ValueError(f"{ref.key(name)} is not the image that was made")
    return PagesContents(digest.hexdigest(), len(pages), images)


def read_text(ref: DocumentRef, storage: StorageAdapter, deep: bool) -> Contents:
    """Counts the pages, in the memory of one."""
    digest = hashlib.sha256()
    pages = sum(1 for _ in _elements(storage, ref.key(artifacts.TEXT), b'{"page":', digest))
    return Contents(digest.hexdigest(), pages)


def read_chunks(ref: DocumentRef, storage: StorageAdapter, deep: bool) -> ChunksContents:
    """The ids only."""
    digest = hashlib.sha256()
    ids = []
    for line in _elements(storage, ref.key(artifacts.CHUNKS), b'{"chunk_id":', digest):
        found = _CHUNK_ID.match(line)
        if not found:
            raise ValueError(f"{ref.key(artifacts.CHUNKS)} has a chunk without an id")
        ids.append(str(json.loads(found[1])))
    return ChunksContents(digest.hexdigest(), len(ids), ids)


def read_embeddings(ref: DocumentRef, storage: StorageAdapter, deep: bool) -> Contents:
    """The number of rows; when `deep`, the vectors as well."""
    import pyarrow.parquet as parquet

    with storage.as_file(ref.key(artifacts.EMBEDDINGS)) as path:
        file = parquet.ParquetFile(path)
        with file:
            if not deep:
                return Contents("", int(file.metadata.num_rows))
            table = file.read(use_threads=False)
    _check_vectors(table.column("vector"), ref)
    models = table.column("model").to_pylist()
    digest = hashlib.sha256((models[0] if models else "").encode())
    for chunk_id, text in zip(
        table.column("chunk_id").to_pylist(), table.column("text_sha256").to_pylist(), strict=True
    ):
        digest.update(f"\n{chunk_id} {text}".encode())
    # The name of the model stands in the rows only: without any there is nothing to compare.
    return Contents(digest.hexdigest() if models else "", table.num_rows)


def read_fields(ref: DocumentRef, storage: StorageAdapter, deep: bool) -> FieldsContents:
    """The problems of the document as a whole."""
    data = storage.get(ref.key(artifacts.FIELDS))
    fields = DocumentFields.model_validate_json(data)
    problems = [problem for part in fields.schemas for problem in part.problems]
    return FieldsContents(hashlib.sha256(data).hexdigest(), len(fields.schemas), problems)


def _check_vectors(column: Any, ref: DocumentRef) -> None:
    import numpy as np

    flat = column.combine_chunks()
    vectors = flat.flatten().to_numpy(zero_copy_only=False).reshape(len(flat), flat.type.list_size)
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    if not bool(np.all(np.abs(lengths - 1.0) < _UNIT)):
        raise ValueError(f"{ref.key(artifacts.EMBEDDINGS)} has vectors that are not of length 1")


def _elements(storage: StorageAdapter, key: str, begins: bytes, digest: Any) -> Iterator[bytes]:
    """The elements of an artifact that keeps one a line, each hashed on its way.

    Raises:
        ValueError: It is not framed as it was written: cut short, or overwritten.
    """
    ended = False
    with storage.open(key) as file:
        for number, line in enumerate(file):
            digest.update(_SOURCE.sub(b"}", line))
            if number == 0:
                whole = line.startswith(b'{"schema_version":') and line.endswith(b"[\n")
            elif line == b"]}\n" and not ended:
                whole = ended = True
            else:
                whole = line.startswith(begins) and not ended
            if not whole:
                raise ValueError(f"{key} can't be read from line {number + 1} on")
            if number and not ended:
                yield line.rstrip(b",\n")
    if not ended:
        raise ValueError(f"{key} is cut short")


READERS: Mapping[str, Callable[[DocumentRef, StorageAdapter, bool], Contents]] = {
    "documents": read_metadata,
    "page_images": read_pages,
    "ocr_text": read_text,
    "chunks": read_chunks,
    "embeddings": read_embeddings,
    "extracted_fields": read_fields,
}
"""Stage -> how its artifact is read. Raises ObjectNotFoundError, ValueError or OSError."""
