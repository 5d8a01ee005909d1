"""A document as pages to render, whatever its file is; the last one stays open for more spans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from resources.failure import FailureKind, SparknetError
from sparknet_assets.artifacts import RENDITION, DocumentMetadata, DocumentRef
from sparknet_assets.source.broken import (
    forget_warnings,
    lost_content,
    unreadable_content,
)
from sparknet_assets.source.image import ImageFile
from sparknet_assets.source.pdf import library, native_errors, open_pdf, reason_of
from sparknet_assets.source.raster import rasterise
from sparknet_assets.source.text.text_layer import needs_ocr

if TYPE_CHECKING:
    import numpy as np
    import pymupdf
    from numpy.typing import NDArray

    from resources.deployment import Deployment
    from resources.settings import Settings


class Raster(NamedTuple):
    """A page as pixels: grey (height, width) or RGB (height, width, 3), uint8, upright.

    `dpi` is None for images that state no credible resolution. `lost` says why this is not all of
    the page, and is empty for a whole one.
    """

    pixels: NDArray[np.uint8]
    dpi: float | None
    lost: str = ""


class PageSource(Protocol):
    """The pages of one open document."""

    @property
    def page_count(self) -> int: ...

    def render(self, page: int) -> Raster:
        """Renders the 1-based `page`.

        Raises:
            SparknetError: It can't be rendered, or is blank because its content can't be read.
        """
        ...

    def pdf_page(self, page: int) -> pymupdf.Page | None:
        """The 1-based `page` in PyMuPDF, valid until another is asked for; None for images.

        Raises SparknetError when that page can't be loaded.
        """
        ...

    def trim(self) -> None:
        """Gives back the memory that would only make further pages faster."""
        ...

    def close(self) -> None: ...


class PdfSource:
    """Pages of a PDF or of a rendition."""

    def __init__(
        self, document: pymupdf.Document, page_count: int, name: str, settings: Settings
    ) -> None:
        self._document = document
        self._page_count = page_count
        self._name = name
        self._settings = settings
        self._page: tuple[int, pymupdf.Page] | None = None

    @property
    def page_count(self) -> int:
        return self._page_count

    def pdf_page(self, page: int) -> pymupdf.Page:
        if self._page is None or self._page[0] != page:
            self._page = None
            with self._reading(page):
                self._page = page, self._document.load_page(page - 1)
        return self._page[1]

    def render(self, page: int) -> Raster:
        forget_warnings()
        pdf_page = self.pdf_page(page)
        with self._reading(page):
            for_ocr = self._for_ocr(pdf_page)
            raster = Raster(*rasterise(pdf_page, self._settings, for_ocr=for_ocr))
            if (broken := unreadable_content(pdf_page)) and _is_blank(raster):
                raise ValueError(f"nothing of it can be shown: {broken}")
            raster = raster._replace(lost=lost_content(pdf_page))
        if for_ocr:  # scans share nothing, and MuPDF would keep 256 MB of them
            self.trim()
        return raster

    def trim(self) -> None:
        library().TOOLS.store_shrink(100)

    def close(self) -> None:
        self._page = None
        self._document.close()
        self.trim()

    def _for_ocr(self, page: pymupdf.Page) -> bool:
        if self._settings.text_layer != "auto":
            return self._settings.text_layer == "never"
        try:
            return needs_ocr(page)
        except native_errors():  # a page whose text can't be read may still be seen
            return True

    @contextmanager
    def _reading(self, page: int) -> Iterator[None]:
        try:
            yield
        except native_errors() as error:
            raise SparknetError(
                FailureKind.CORRUPT,
                f"Page {page} of {self._name} is damaged ({reason_of(error)}). "
                "Export or print the document to PDF again.",
            ) from error


class ImageSource:
    """Frames of an image file."""

    def __init__(self, file: ImageFile, settings: Settings) -> None:
        self._file = file
        self._settings = settings

    @property
    def page_count(self) -> int:
        return self._file.page_count

    def pdf_page(self, page: int) -> None:
        return None

    def render(self, page: int) -> Raster:
        return Raster(*self._file.render(page, self._settings.max_page_pixels))

    def trim(self) -> None:
        pass

    def close(self) -> None:
        self._file.close()


def _is_blank(raster: Raster) -> bool:
    return bool((raster.pixels == raster.pixels.flat[0]).all())


class _Opened(NamedTuple):
    identity: tuple[object, ...]
    source: PageSource
    resources: ExitStack


_last: _Opened | None = None


@contextmanager
def open_source(
    ref: DocumentRef, metadata: DocumentMetadata, deployment: Deployment
) -> Iterator[PageSource]:
    """Opens the pages of a document.

    The source stays open in this process until another document is asked for or the stored bytes
    change: a worker that gets a document span by span opens it once.

    Raises:
        SparknetError: It can't be opened, or the bytes that its metadata describes are gone.
    """
    global _last
    key = ref.key(RENDITION) if metadata.kind == "rendition" else ref.raw_key
    stored = deployment.storage.stat(key)
    if stored is None:
        raise SparknetError(
            FailureKind.UNREADABLE, f"{ref.filename}: {key} is gone. Upload the document again."
        )
    identity = (deployment.home, key, stored.version, deployment.settings)
    if _last is None or _last.identity != identity:
        close_source()
        _last = _open(identity, key, ref, metadata, deployment)
    source = _last.source
    try:
        yield source
    except BaseException:
        close_source()
        raise
    source.trim()


def close_source() -> None:
    """Closes the source that is kept open, if any."""
    global _last
    if _last is not None:
        opened, _last = _last, None
        opened.resources.close()


def _open(
    identity: tuple[object, ...],
    key: str,
    ref: DocumentRef,
    metadata: DocumentMetadata,
    deployment: Deployment,
) -> _Opened:
    settings = deployment.settings
    with ExitStack() as stack:
        path = stack.enter_context(deployment.storage.as_file(key))
        source: PageSource
        if metadata.kind == "image":
            source = ImageSource(ImageFile(path, metadata.media_type, ref.filename), settings)
        else:
            passwords = [secret.get_secret_value() for secret in settings.pdf_passwords]
            source = PdfSource(*open_pdf(path, ref.filename, passwords), ref.filename, settings)
        stack.callback(source.close)
        return _Opened(identity, source, stack.pop_all())
