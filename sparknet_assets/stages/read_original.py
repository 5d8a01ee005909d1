"""What the bytes of a document say about it, read by the way that its pages are reached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.artifacts import (
    RENDITION,
    RENDITION_TABLES,
    DocumentRef,
    RenditionTables,
)
from sparknet_assets.scratch import scratch
from sparknet_assets.source.media_type import Detection
from sparknet_assets.stages.page_sources import write_page_sources


class Original(NamedTuple):
    path: Path
    sha256: str
    detection: Detection
    ref: DocumentRef


@dataclass
class Facts:
    """What the file says about itself; `written` holds hashes of artifacts already stored."""

    page_count: int
    title: str | None = None
    author: str | None = None
    created: str | None = None
    flags: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


def _read_pdf(original: Original, deployment: Deployment) -> Facts:
    from sparknet_assets.source.pdf import open_pdf
    from sparknet_assets.source.pdf_digest import page_digests
    from sparknet_assets.source.pdf_facts import facts_of, flags_of

    passwords = [secret.get_secret_value() for secret in deployment.settings.pdf_passwords]
    ref = original.ref
    document, page_count = open_pdf(original.path, ref.filename, passwords)
    with document:
        _check_pages(page_count, ref, deployment.settings)
        write_page_sources(deployment.storage, ref, page_digests(document, page_count))
        return Facts(page_count, *facts_of(document), flags_of(document, page_count))


def _read_image(original: Original, deployment: Deployment) -> Facts:
    from sparknet_assets.source.image import ImageFile

    path, ref = original.path, original.ref
    image = ImageFile(path, original.detection.media_type, ref.filename)
    try:
        _check_pages(image.page_count, ref, deployment.settings)
        digests = image.digests(path, original.sha256)
        write_page_sources(deployment.storage, ref, digests)
        return Facts(image.page_count, *image.facts)
    finally:
        image.close()


def _read_rendition(original: Original, deployment: Deployment) -> Facts:
    from sparknet_assets.source.pdf import library
    from sparknet_assets.source.pdf_digest import page_digests
    from sparknet_assets.source.pdf_facts import clean_field
    from sparknet_assets.source.rendition import make_rendition

    ref, detection = original.ref, original.detection
    storage, settings = deployment.storage, deployment.settings
    with scratch(deployment, ref.doc_id) as folder:
        target = folder / RENDITION
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
    return Facts(
        made.page_count,
        clean_field(made.title),
        clean_field(made.author),
        made.created,
        list(made.flags),
        written,
    )


def _check_pages(pages: int, ref: DocumentRef, settings: Settings) -> None:
    if pages > settings.max_pages:
        raise SparknetError(
            FailureKind.TOO_LARGE,
            f"{ref.filename} has {pages:,} pages, more than the {settings.max_pages:,} allowed. "
            "Split it, or raise SPARKNET_MAX_PAGES.",
        )


READERS = {"pdf": _read_pdf, "image": _read_image, "rendition": _read_rendition}
"""By kind; each writes page_sources.json, and a rendition where there is none."""
