"""Pages with a good text layer: what OCR reads on the large pictures in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from resources.failure import SparknetError
from resources.ocr import Box, PageText
from sparknet_assets.artifacts import DocumentRef, PageImage
from sparknet_assets.source.pdf import native_errors
from sparknet_assets.source.text.page_text import drawn, from_ocr, recognise, with_facts
from sparknet_assets.source.text.pictures import (
    may_hold_text,
    pictures_to_read,
    shown_at,
    surely_read,
    with_pictures,
)
from sparknet_assets.source.text.text_layer import TextLayer

if TYPE_CHECKING:
    import numpy as np
    import pymupdf
    from numpy.typing import NDArray

    from resources.deployment import Deployment

_READ = re.compile(r"; pictures: (\d+) read")


def reads_pictures(deployment: Deployment) -> bool:
    """Whether pictures are read: not by a service that is paid by the picture."""
    settings = deployment.settings
    return settings.pictures and settings.text_layer == "auto" and settings.ocr != "textract"


def pictures_read(reason: str) -> int:
    """How many pictures the `reason` of a page says were read."""
    found = _READ.search(reason)
    return int(found[1]) if found else 0


def with_picture_text(
    ref: DocumentRef,
    text: PageText,
    layer: TextLayer,
    image: PageImage,
    page: pymupdf.Page | None,
    deployment: Deployment,
) -> PageText:
    """The text of a page with that of its pictures, which `reason` counts.

    A picture that can't be read is left out: the page is good without it.

    Args:
        text: By the text layer.
    """
    if page is None or not layer.good or not reads_pictures(deployment):
        return text
    settings = deployment.settings
    found: list[tuple[Box, PageText]] = []
    try:
        for box in pictures_to_read(page, layer):
            pixels = shown_at(page, box, settings.ocr_dpi, settings.max_page_pixels)
            if may_hold_text(pixels):
                found.append((box, _read(ref, box, layer, image, pixels, deployment)))
    except native_errors():
        pass
    except SparknetError as error:
        return text.model_copy(
            update={"reason": f"{text.reason}; pictures: not read: {error.kind.value}"}
        )
    found = [(box, read) for box, read in found if read.lines]
    if not found:
        return text
    reason = f"{text.reason}; pictures: {len(found)} read by {deployment.ocr.name}"
    return with_facts(with_pictures(text, found).model_copy(update={"reason": reason}))


def _read(
    ref: DocumentRef,
    box: Box,
    layer: TextLayer,
    image: PageImage,
    pixels: NDArray[np.uint8],
    deployment: Deployment,
) -> PageText:
    """What is read on the picture at `box`; places are fractions of it."""
    height, width = pixels.shape
    part = drawn(image.model_copy(update={"width": width, "height": height, "lost": ""}), pixels)
    shown = recognise(ref, part, deployment, pixels=lambda: pixels)
    sure = surely_read(shown, box, layer)
    return from_ocr(sure, deployment.ocr.name, layer, part, deployment.settings.tables)
