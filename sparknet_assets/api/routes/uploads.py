"""Documents in: streamed to a file without a name, then the intake of all doors."""

from __future__ import annotations

import errno
import logging
import tempfile
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from resources.failure import FailureKind
from resources.tiers import Tier
from sparknet_assets.api.bodies import check_length, parts
from sparknet_assets.api.context import Api, ApiDep, requires
from sparknet_assets.api.problems import ProblemError, printable

if TYPE_CHECKING:
    from pathlib import Path

router = APIRouter(tags=["documents"], dependencies=[Depends(requires("write"))])
log = logging.getLogger(__name__)
Filename = Annotated[
    str,
    Query(min_length=1, max_length=1024, description="Name of the file, without folders."),
]
_BLOCK = 2**20
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Uploaded(BaseModel):
    """What was taken in.

    Attributes:
        size: Bytes.
        created: False when it is a new version of a document that was there.
    """

    doc_id: str
    filename: str
    size: int
    created: bool


@router.post("/documents", operation_id="uploadDocument", status_code=202, openapi_extra=_BODY)
async def upload_document(
    api: ApiDep, request: Request, filename: Filename, tier: Tier | None = None
) -> Uploaded:
    """Takes a document in. The same file name again is a new version of the same document."""
    return await _upload(api, request, filename, tier, None)


@router.put(
    "/documents/{doc_id}/original",
    operation_id="replaceOriginal",
    status_code=202,
    openapi_extra=_BODY,
)
async def replace_original(
    api: ApiDep, request: Request, doc_id: str, filename: Filename
) -> Uploaded:
    """Takes a new version of a document in, whatever its file is called."""
    await run_in_threadpool(api.there, doc_id)
    return await _upload(api, request, filename, None, doc_id)


async def _upload(
    api: Api, request: Request, filename: str, tier: str | None, doc_id: str | None
) -> Uploaded:
    from sparknet_assets.intake.uploaded_file import check_name

    check_name(filename)
    largest = api.deployment.settings.max_bytes
    check_length(request.headers, largest)
    if api.uploads.locked():
        raise ProblemError(
            503, "Too many uploads are under way: try again.", headers={"Retry-After": "5"}
        )
    async with api.uploads:
        try:
            # Without a name, so that a kill leaves nothing of it.
            file = await run_in_threadpool(_aside, api.deployment.state / "uploads")
            with file:
                size = await _receive(api, request, file, largest)
                uploaded = await run_in_threadpool(
                    _take_in, api, file, filename, size, tier, doc_id
                )
        except ClientDisconnect:
            log.info("An upload was broken off by its sender.")
            raise ProblemError(400, "The upload was broken off.") from None
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise ProblemError(507, "No space is left for this document.") from None
            raise
    api.metrics.uploaded.inc(size)
    if api.runner is not None:
        api.runner.notice(uploaded.doc_id)
    return uploaded


def _aside(folder: Path) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


async def _receive(api: Api, request: Request, file: BinaryIO, largest: int) -> int:
    """Writes the body to the file, a block at a time; its size."""
    size, block = 0, bytearray()
    async for part in parts(request.receive, largest, api.patience):
        block += part
        size += len(part)
        if len(block) >= _BLOCK:
            await run_in_threadpool(file.write, bytes(block))
            block.clear()
    await run_in_threadpool(file.write, bytes(block))
    return size


def _take_in(
    api: Api, file: BinaryIO, filename: str, size: int, tier: str | None, doc_id: str | None
) -> Uploaded:
    from pathlib import Path

    from sparknet_assets.intake.taking_in import take_in_files
    from sparknet_assets.intake.uploaded_file import UploadedFile

    if size == 0:
        raise ProblemError(
            422, f"{printable(filename)} is empty.", kind=FailureKind.EMPTY.value, doc_id=doc_id
        )
    uploaded = UploadedFile(Path(filename), filename, size, file)
    taken = take_in_files(api.deployment, [uploaded], tier=tier, doc_id=doc_id)
    for problem in taken.problems:
        status = 409 if problem.kind is FailureKind.UNAVAILABLE else 422
        raise ProblemError(status, problem.message, kind=problem.kind.value, doc_id=doc_id)
    name = taken.doc_ids[0]
    return Uploaded(
        doc_id=name, filename=uploaded.filename, size=size, created=name in taken.created
    )
