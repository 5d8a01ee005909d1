"""What each page was made from: a digest of the page in the original, and of how it was worked on.

A page whose source is that of an earlier one needs no work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

from pydantic import ValidationError

from resources.storage import ObjectNotFoundError, StorageAdapter
from sparknet_assets.artifacts import (
    PAGE_SOURCES,
    PAGES,
    SCHEMA_VERSION,
    DocumentRef,
    PageImage,
)

_BEFORE = b'{"page":'


def write_page_sources(storage: StorageAdapter, ref: DocumentRef, digests: Iterable[str]) -> None:
    """Writes page_sources.json, one page a line.

    Args:
        digests: Of each page of the original in order, sha256 (hex); empty where it is not known.
    """
    with storage.writer(ref.key(PAGE_SOURCES)) as file:
        file.write(b'{"schema_version":%d,"pages":[' % SCHEMA_VERSION)
        for page, digest in enumerate(digests, start=1):
            file.write(b",\n" if page > 1 else b"\n")
            file.write(b'{"page":%d,"sha256":"%s"}' % (page, digest.encode()))
        file.write(b"\n]}\n")


def page_sources(storage: StorageAdapter, ref: DocumentRef) -> Iterator[str]:
    """The digests of page_sources.json, then empty ones for ever."""
    try:
        with storage.open(ref.key(PAGE_SOURCES)) as file:
            for line in file:
                if line.startswith(_BEFORE):
                    yield str(json.loads(line.strip().rstrip(b","))["sha256"])
    except (ObjectNotFoundError, ValueError, KeyError):
        pass  # the document was last read by a version that did not write them
    yield from repeat("")


def image_sources(storage: StorageAdapter, ref: DocumentRef, recipe: str) -> Iterator[str]:
    """What the image of each page is made from, then empty ones for ever."""
    for digest in page_sources(storage, ref):
        yield made_from(digest, recipe)


def page_images(storage: StorageAdapter, ref: DocumentRef) -> Iterator[PageImage]:
    """The pages of pages/index.json, one at a time; none where it is missing or unreadable."""
    try:
        with storage.open(ref.key(PAGES)) as file:
            for line in file:
                if line.startswith(_BEFORE):
                    yield PageImage.model_validate_json(line.strip().rstrip(b","))
    except (ObjectNotFoundError, ValidationError):
        return


def text_sources(
    storage: StorageAdapter, ref: DocumentRef, recipe: str, stated: Callable[[int], str]
) -> Iterator[str]:
    """What the text of each page is made from.

    Args:
        stated: Digest of what the source file of a rendition states about the 1-based page.
    """
    images = page_images(storage, ref)
    for digest, image in zip(page_sources(storage, ref), images, strict=False):
        shown = image.sha256 if image.failure is None else ""
        yield made_from(digest, shown, stated(image.page), recipe)


def made_from(*parts: str) -> str:
    """sha256 (hex) of the parts; empty, which is never equal, where one is not known."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if all(parts) else ""
