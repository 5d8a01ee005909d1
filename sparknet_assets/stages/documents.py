"""Stage `documents`: what the original is, and how its pages are reached."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from resources.storage import StorageAdapter
from sparknet_assets.artifacts import (
    METADATA,
    RENDITION,
    RENDITION_TABLES,
    DocumentMetadata,
    DocumentRef,
    RenditionTables,
)
from sparknet_assets.page_sources import write_page_sources
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


class _Original(NamedTuple):
    path: Path
    sha256: str
    detection: Detection
    ref: DocumentRef


@dataclass
class _Facts:
    """What the file says about itself; `written` holds hashes of artifacts already stored."""

    page_count: int
    title: str | None = None
    author: str | None = None
    created: str | None = None
    flags: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


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
        facts = _READERS[kind](_Original(path, sha256, detection, ref), deployment)
        size = path.stat().st_size
    _check_pages(facts.page_count, ref, settings)
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
    data = metadata.model_dump_json(indent=2).encode() + b"\n"
    storage.put(ref.key(METADATA), data)
    written = "".join([hashlib.sha256(data).hexdigest(), *facts.written])
    return StageOutput(
        data_version=hashlib.sha256(written.encode()).hexdigest(),
        pages=facts.page_count,
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


def _check_pages(pages: int, ref: DocumentRef, settings: Settings) -> None:
    if pages > settings.max_pages:
        raise SparknetError(
            FailureKind.TOO_LARGE,
            f"{ref.filename} has {pages:,} pages, more than the {settings.max_pages:,} allowed. "
            "Split it, or raise SPARKNET_MAX_PAGES.",
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


def _read_pdf(original: _Original, deployment: Deployment) -> _Facts:
    from sparknet_assets.source.pdf import open_pdf
    from sparknet_assets.source.pdf_digest import page_digests
    from sparknet_assets.source.pdf_facts import facts_of, flags_of

    passwords = [secret.get_secret_value() for secret in deployment.settings.pdf_passwords]
    ref = original.ref
    document, page_count = open_pdf(original.path, ref.filename, passwords)
    with document:
        _check_pages(page_count, ref, deployment.settings)
        write_page_sources(deployment.storage, ref, page_digests(document, page_count))
        return _Facts(page_count, *facts_of(document), flags_of(document, page_count))


def _read_image(original: _Original, deployment: Deployment) -> _Facts:
    from sparknet_assets.source.image import ImageFile

    path, ref = original.path, original.ref
    image = ImageFile(path, original.detection.media_type, ref.filename)
    try:
        _check_pages(image.page_count, ref, deployment.settings)
        digests = image.digests(path, original.sha256)
        write_page_sources(deployment.storage, ref, digests)
        return _Facts(image.page_count, *image.facts)
    finally:
        image.close()


def _read_rendition(original: _Original, deployment: Deployment) -> _Facts:
    from sparknet_assets.source.pdf import library
    from sparknet_assets.source.pdf_digest import page_digests
    from sparknet_assets.source.pdf_facts import clean_field
    from sparknet_assets.source.rendition import make_rendition

    ref, detection = original.ref, original.detection
    storage, settings = deployment.storage, deployment.settings
    with tempfile.TemporaryDirectory(prefix="sparknet-") as folder:
        target = Path(folder) / RENDITION
        made = make_rendition(original.path, detection.media_type, ref.filename, target, settings)
        _check_pages(made.page_count, ref, settings)
        with target.open("rb") as file:
            written = [hashlib.file_digest(file, "sha256").hexdigest()]
        storage.put_file(ref.key(RENDITION), target)
        with library().open(target) as document:
            write_page_sources(storage, ref, page_digests(document, made.page_count))
    if made.tables:
        tables = RenditionTables(tables=made.tables).model_dump_json().encode() + b"\n"
        storage.put(ref.key(RENDITION_TABLES), tables)
        written.append(hashlib.sha256(tables).hexdigest())
    else:
        storage.delete(ref.key(RENDITION_TABLES))
    return _Facts(
        made.page_count,
        clean_field(made.title),
        clean_field(made.author),
        made.created,
        list(made.flags),
        written,
    )


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


_READERS = {"pdf": _read_pdf, "image": _read_image, "rendition": _read_rendition}

STAGE = DocumentStage(
    name="documents",
    inputs=(RAW_DOCUMENTS,),
    code_version="1",
    description="Kind, pages, encryption, title and flags of each original, by its content.",
    artifact=METADATA,
    shape=_shape,
    run=run,
)
