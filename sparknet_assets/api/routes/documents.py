"""Which documents there are, and what is known of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from resources.catalog import Catalog, DocumentRecord, DocumentStatus
from sparknet_assets.api.context import Api, ApiDep, requires
from sparknet_assets.api.disposition import attachment
from sparknet_assets.api.partial import is_head, is_known, span_of
from sparknet_assets.api.problems import ProblemError, binary
from sparknet_assets.api.rows import DocumentDetails, DocumentList, details, rows
from sparknet_assets.artifacts import DocumentRef, read_chunks
from sparknet_assets.reports import in_pages
from sparknet_assets.retrieval import HitBox
from sparknet_assets.retrieval.results import boxes_of

router = APIRouter(tags=["documents"], dependencies=[Depends(requires("read"))])
_BLOCK = 2**18
_READ_AT_ONCE = 128
# Of the others there are few: they are read and looked at.
_MANY = (None, DocumentStatus.INDEXED)
_OF_CHUNK = {"chunk_id", "ordinal", "text", "tokens", "pages", "section"}
LongText = Annotated[str | None, Query(max_length=500)]


class Passage(BaseModel):
    """A passage of a document; its boxes as those of search have them."""

    chunk_id: str
    ordinal: int
    text: str
    tokens: int
    pages: list[int]
    boxes: list[HitBox]
    section: list[str]


class ChunkPage(BaseModel):
    """Passages in the order of the document.

    Attributes:
        next: To be given as `after` for those that follow; None at the end.
    """

    chunks: list[Passage]
    next: int | None


@router.get("/documents", operation_id="listDocuments")
def list_documents(
    api: ApiDep,
    status: DocumentStatus | None = None,
    q: Annotated[LongText, Query(description="Part of id, file name or title.")] = None,
    media_type: LongText = None,
    tier: LongText = None,
    after: Annotated[str, Query(max_length=500, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DocumentList:
    """Lists documents in the order of their ids. Deleted ones only when asked for by status."""

    def fits(record: DocumentRecord) -> bool:
        return (
            (record.status is status if status else record.status is not DocumentStatus.DELETED)
            and (media_type is None or record.media_type == media_type)
            and (tier is None or record.tier == tier)
        )

    catalog = api.deployment.catalog
    if (media_type or tier) and not q and status in _MANY:
        listed = _of_kind(catalog, media_type, tier, after)
    else:
        listed = catalog.documents(status=status, after=after, named=q or "")
    found = list(islice(filter(fits, listed), limit + 1))
    return DocumentList(
        documents=rows(api.deployment, found[:limit]),
        next=found[limit - 1].doc_id if len(found) > limit else None,
        totals=catalog.totals(),
    )


@router.get("/documents/{doc_id}", operation_id="getDocument")
def get_document(api: ApiDep, doc_id: str) -> DocumentDetails:
    """A document with its stages: what was done, when, at what cost, and what went wrong."""
    return details_of(api, doc_id)


@router.get(
    "/documents/{doc_id}/original",
    operation_id="getOriginal",
    response_class=StreamingResponse,
    responses=binary("application/octet-stream"),
)
def get_original(api: ApiDep, request: Request, doc_id: str) -> Response:
    """The original's bytes, to be saved: never shown, whatever they are. Parts by `Range`."""
    record = api.there(doc_id)
    storage = api.deployment.storage
    info = storage.stat(record.raw_key)
    if info is None:
        raise ProblemError(404, f"The original of {doc_id} is gone.", doc_id=doc_id)
    tag = f'"{hashlib.sha256(info.version.encode()).hexdigest()[:32]}"'
    headers = {
        "Content-Disposition": attachment(record.filename),
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }
    if is_known(request.headers, tag):
        return Response(status_code=304, headers=headers)
    span = span_of(request, info.size, tag)
    start, end = (span.start, span.end) if span else (0, info.size)
    headers |= {"Content-Length": str(end - start), **(span.headers if span else {})}
    if is_head(request):
        return Response(None, 200, headers, "application/octet-stream")
    return StreamingResponse(
        _blocks(storage.open(record.raw_key), start, end),
        status_code=206 if span else 200,
        media_type="application/octet-stream",
        headers=headers,
    )


def _blocks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        if start:
            file.seek(start)
        left = end - start
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block


@router.get("/documents/{doc_id}/chunks", operation_id="listChunks")
def list_chunks(
    api: ApiDep,
    doc_id: str,
    after: Annotated[int, Query(ge=0, le=10_000_000, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ChunkPage:
    """The passages that the document was cut into."""
    record = api.there(doc_id)
    ref = DocumentRef(doc_id, record.raw_key)
    chunks = read_chunks(api.deployment.storage, ref, skip=after, limit=limit + 1)
    try:
        found = list(chunks)
    except KeyError:
        found = []
    shown = [
        Passage(**chunk.model_dump(include=_OF_CHUNK), boxes=boxes_of(chunk))
        for chunk in found[:limit]
    ]
    return ChunkPage(chunks=shown, next=after + limit if len(found) > limit else None)


def details_of(api: Api, doc_id: str) -> DocumentDetails:
    """The document with its stages. Raises ProblemError (404)."""
    api.document(doc_id)
    found = details(api.deployment, doc_id)
    if found is None:
        raise ProblemError(404, f"The document {doc_id} was just deleted.", doc_id=doc_id)
    return found


def _of_kind(
    catalog: Catalog, media_type: str | None, tier: str | None, after: str
) -> Iterator[DocumentRecord]:
    """Documents that are not deleted, in the order of their ids, without reading the others."""
    ids = catalog.select(
        media_types=None if media_type is None else [media_type],
        tiers=None if tier is None else [tier],
    )
    for some in in_pages(sorted(doc_id for doc_id in ids if doc_id > after), _READ_AT_ONCE):
        records = catalog.get_many(some)
        yield from (records[doc_id] for doc_id in some if doc_id in records)
