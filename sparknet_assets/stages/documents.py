"""Stage `documents`: what the original is, and how its pages are reached."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import PurePath
from typing import Any

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from resources.storage import ObjectNotFoundError, StorageAdapter
from sparknet_assets.artifacts import (
    METADATA,
    PAGE_SOURCES,
    RENDITION,
    RENDITION_TABLES,
    DocumentMetadata,
    DocumentRef,
)
from sparknet_assets.source.media_type import (
    ARCHIVE_TYPES,
    SUPPORTED_TYPES,
    UNKNOWN,
    Detection,
    contradicts_extension,
    detect,
)
from sparknet_assets.stages.contract import RAW_DOCUMENTS, DocumentStage, StageOutput
from sparknet_assets.stages.libraries import library_versions
from sparknet_assets.stages.read_original import READERS, Original


def run(ref: DocumentRef, deployment: Deployment) -> StageOutput:
    """Writes metadata.json, and before it the rendition of a document without pages of its own.

    Raises:
        SparknetError: empty, too_large, encrypted, corrupt, unsupported or unreadable.
    """
    storage, settings = deployment.storage, deployment.settings
    _check_size(ref, storage, settings)
    with storage.as_file(ref.raw_key) as path:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        detection = detect(path, ref.filename)
        kind = _supported_kind(detection, ref)
        facts = READERS[kind](Original(path, sha256, detection, ref), deployment)
        size = path.stat().st_size
    if kind != "rendition":
        _remove_rendition(ref, storage)
    if contradicts_extension(detection.media_type, ref.filename):
        facts.flags.append("wrong_extension")
    metadata = DocumentMetadata(
        doc_id=ref.doc_id,
        filename=ref.filename,
        sha256=sha256,
        size=size,
        media_type=detection.media_type,
        kind=kind,
        page_count=facts.page_count,
        title=facts.title,
        author=facts.author,
        created=facts.created,
        flags=sorted(set(facts.flags)),
    )
    return _write(ref, metadata, facts.written, storage)


def copy(ref: DocumentRef, twin: DocumentRef, deployment: Deployment) -> StageOutput | None:
    """Says of `ref` what was found out about the same bytes under another name.

    None where the ending of the name differs, which may tell the kind of file, or where an
    artifact of the other document is missing.
    """
    if PurePath(ref.filename).suffix != PurePath(twin.filename).suffix:
        return None
    storage = deployment.storage
    written: list[str] = []
    try:
        metadata = read_metadata(twin, deployment)
        names = [PAGE_SOURCES]
        if metadata.kind == "rendition":
            names.append(RENDITION)
            if storage.stat(twin.key(RENDITION_TABLES)) is not None:
                names.append(RENDITION_TABLES)
        _remove_rendition(ref, storage)
        for name in names:
            with storage.as_file(twin.key(name)) as path, path.open("rb") as file:
                storage.put_file(ref.key(name), path)
                if name != PAGE_SOURCES:
                    written.append(hashlib.file_digest(file, "sha256").hexdigest())
    except (ObjectNotFoundError, FileNotFoundError):
        return None
    own = {"doc_id": ref.doc_id, "filename": ref.filename}
    return _write(ref, metadata.model_copy(update=own), written, storage)


def _write(
    ref: DocumentRef, metadata: DocumentMetadata, written: list[str], storage: StorageAdapter
) -> StageOutput:
    """Writes metadata.json, the last artifact of the stage.

    Args:
        written: sha256 of the artifacts that stand for the document's pages.
    """
    data = metadata.model_dump_json(indent=2).encode() + b"\n"
    with storage.writer(ref.key(METADATA)) as file:
        file.write(data)
    version = "".join([hashlib.sha256(data).hexdigest(), *written])
    return StageOutput(
        data_version=hashlib.sha256(version.encode()).hexdigest(),
        pages=metadata.page_count,
        metadata=metadata.model_dump(
            include={"media_type", "kind", "size", "page_count", "title", "flags", "sha256"}
        ),
    )


def read_metadata(ref: DocumentRef, deployment: Deployment) -> DocumentMetadata:
    """metadata.json of a document. Raises ObjectNotFoundError."""
    return DocumentMetadata.model_validate_json(deployment.storage.get(ref.key(METADATA)))


def _check_size(ref: DocumentRef, storage: StorageAdapter, settings: Settings) -> None:
    stored = storage.stat(ref.raw_key)
    if stored is None:
        raise SparknetError(
            FailureKind.UNREADABLE, f"{ref.raw_key} is not in the storage. Upload it again."
        )
    if stored.size == 0:
        raise SparknetError(FailureKind.EMPTY, f"{ref.filename} has no bytes. Upload it again.")
    if stored.size > settings.max_bytes:
        raise SparknetError(
            FailureKind.TOO_LARGE,
            f"{ref.filename} has {stored.size:,} bytes, more than the {settings.max_bytes:,} "
            "allowed. Split it, or raise SPARKNET_MAX_BYTES.",
        )


def _supported_kind(detection: Detection, ref: DocumentRef) -> str:
    kind = detection.kind
    if kind is None:
        raise SparknetError(FailureKind.UNSUPPORTED, _unsupported(detection.media_type, ref))
    if detection.encrypted:
        raise SparknetError(
            FailureKind.ENCRYPTED,
            f"{ref.filename} is an encrypted {SUPPORTED_TYPES[detection.media_type]} file. "
            "Save it without a password and upload it again.",
        )
    return kind


def _unsupported(media_type: str, ref: DocumentRef) -> str:
    supported = ", ".join(SUPPORTED_TYPES.values())
    if media_type in ARCHIVE_TYPES:
        return (
            f"{ref.filename} is a {ARCHIVE_TYPES[media_type]} archive ({media_type}). Unpack it "
            f"and upload the documents in it; supported are {supported}."
        )
    found = media_type if media_type != UNKNOWN else "of no kind that its content would show"
    return f"{ref.filename} is {found}. Convert it to one of: {supported}."


def _remove_rendition(ref: DocumentRef, storage: StorageAdapter) -> None:
    for name in (RENDITION, RENDITION_TABLES):
        storage.delete(ref.key(name))


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    settings = deployment.settings
    passwords = tuple(secret.get_secret_value() for secret in settings.pdf_passwords)
    return {
        "max_bytes": settings.max_bytes,
        "max_pages": settings.max_pages,
        # what renditions are read and typeset with
        "libraries": library_versions("pymupdf", "kreuzberg", "markdown-it-py", "fonttools"),
        # a new password is a reason to try the encrypted documents again
        "pdf_passwords": _mark_of(passwords) if passwords else "",
    }


@cache
def _mark_of(passwords: tuple[str, ...]) -> str:
    """Changes with the passwords and is kept with the records, so guessing from it is made slow.

    scrypt with the cost that RFC 7914, section 2, names for interactive use: some 50 ms.
    """
    secret = "\0".join(passwords).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=b"sparknet documents", n=2**14, r=8, p=1, dklen=16).hex()


STAGE = DocumentStage(
    name="documents",
    inputs=(RAW_DOCUMENTS,),
    code_version="3",
    description="Kind, pages, encryption, title and flags of each original, by its content.",
    artifact=METADATA,
    shape=_shape,
    run=run,
    copy=copy,
)
