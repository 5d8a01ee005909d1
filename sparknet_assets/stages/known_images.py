"""Page images that are stored already: left where they are, or copied to where the page is now."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from resources.deployment import Deployment
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import DocumentRef, PageImage
from sparknet_assets.source.image import LARGEST_FRAME
from sparknet_assets.source.thumbnail import thumbnail
from sparknet_assets.stages.contract import PageResult
from sparknet_assets.stages.documents import read_metadata
from sparknet_assets.stages.page_sources import image_sources, page_images


class ImageRecord(PageImage):
    """A page image on its way to the index; the first page brings its thumbnail along."""

    thumbnail: str = ""


class _Origin(NamedTuple):
    """Where an image was stored when we looked."""

    ref: DocumentRef
    image: PageImage


class KnownImages:
    """The images of a document that need not be rendered.

    An index may be older than the images beside it, when a run was killed or another process works
    on that document: an image counts only when its bytes have the hash that the index states.

    Args:
        aside: A folder for images that are about to be overwritten.
    """

    def __init__(
        self,
        ref: DocumentRef,
        earlier: Sequence[DocumentRef],
        deployment: Deployment,
        recipe: str,
        aside: Path,
    ) -> None:
        self._ref = ref
        self._storage = deployment.storage
        count = read_metadata(ref, deployment).page_count
        sources = islice(image_sources(self._storage, ref, recipe), count)
        self._wanted = dict(enumerate(sources, start=1))
        self._origins = self._find(earlier)
        self._needed_until = self._last_uses()
        self._aside = aside

    def results(self) -> Iterator[PageResult | None]:
        """For each page, its stored image, now in its place, or None."""
        for page in self._wanted:
            origin = self._origins.get(page)
            if origin is None or (page == 1 and _too_large(origin.image)):
                self._set_aside(page)
                yield None
                continue
            data = self._in_place(page, origin.image)
            if data is None:
                self._set_aside(page)
                data = self._fetched(origin)
                if data is not None:
                    with self._storage.writer(self._ref.page_image_key(page)) as file:
                        file.write(data)
            yield None if data is None else _result(page, origin.image, data)

    def _find(self, earlier: Sequence[DocumentRef]) -> dict[int, _Origin]:
        """Page -> an image made from the same, preferably in the same place."""
        wanted = {source for source in self._wanted.values() if source}
        origins: dict[int, _Origin] = {}
        anywhere: dict[str, _Origin] = {}
        for ref in earlier if wanted else ():
            for image in page_images(self._storage, ref):
                if image.failure is None and image.source in wanted:
                    origin = _Origin(ref, image)
                    anywhere.setdefault(image.source, origin)
                    if self._wanted.get(image.page) == image.source:
                        origins.setdefault(image.page, origin)
        for page, source in self._wanted.items():
            if page not in origins and source in anywhere:
                origins[page] = anywhere[source]
        return origins

    def _last_uses(self) -> dict[int, int]:
        """Page of this document as it was -> the last page whose image is a copy of it."""
        return {
            origin.image.page: page
            for page, origin in self._origins.items()
            if origin.ref.doc_id == self._ref.doc_id
        }

    def _set_aside(self, page: int) -> None:
        """Keeps the image that is about to be overwritten, when a later page needs it."""
        if self._needed_until.get(page, 0) > page:
            try:
                data = self._storage.get(self._ref.page_image_key(page))
            except ObjectNotFoundError:
                return
            self._kept(page).write_bytes(data)

    def _kept(self, page: int) -> Path:
        return self._aside / f"page_{page}.png"

    def _in_place(self, page: int, image: PageImage) -> bytes | None:
        """The image stored for the page, when it is the one: unchanged, or copied before a kill."""
        try:
            data = self._storage.get(self._ref.page_image_key(page))
        except ObjectNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == image.sha256 else None

    def _fetched(self, origin: _Origin) -> bytes | None:
        own = origin.ref.doc_id == self._ref.doc_id
        kept = self._kept(origin.image.page)
        try:
            if own and kept.exists():
                data = kept.read_bytes()
            else:
                data = self._storage.get(origin.ref.page_image_key(origin.image.page))
        except ObjectNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == origin.image.sha256 else None


def _result(page: int, image: PageImage, data: bytes) -> PageResult:
    facts = image.model_dump(exclude={"page", "source"})
    small = _thumbnail(data) if page == 1 else ""
    record = ImageRecord(page=page, **facts, thumbnail=small)
    return PageResult(page, record.model_dump_json().encode())


def _too_large(image: PageImage) -> bool:
    """Whether Pillow, which makes the thumbnail, would warn of a decompression bomb."""
    return image.width * image.height > LARGEST_FRAME // 2


def _thumbnail(data: bytes) -> str:
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        return thumbnail(np.asarray(image))
