"""The text of one page, from its text layer or from OCR of its image, put in reading order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from resources.failure import FailureKind, SparknetError
from resources.ocr import KeyValue, Line, OCREngine, OCRResult, PageText, Table
from resources.ocr.geometry import turn_box, turn_line
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import DocumentRef, PageImage
from sparknet_assets.source.pdf import native_errors
from sparknet_assets.source.text.initials import with_initials
from sparknet_assets.source.text.language import language_of
from sparknet_assets.source.text.layout import arrange
from sparknet_assets.source.text.reading_order import Segment
from sparknet_assets.source.text.skew import levelled
from sparknet_assets.source.text.tables import ruled_tables
from sparknet_assets.source.text.text_layer import TextLayer, read_text_layer
from sparknet_assets.source.text.text_quality import is_garbled, main_script

if TYPE_CHECKING:
    import numpy as np
    import pymupdf
    from numpy.typing import NDArray

    from resources.deployment import Deployment

CACHE = "ocr"
TEXT_LAYER = "text-layer"
# Characters; a box of fewer may be taller than wide in a line that is level.
FEWEST_UPRIGHT = 4


def layer_of(page: pymupdf.Page | None, mode: str) -> TextLayer:
    """The text layer of a page as the settings allow its use.

    Args:
        page: None for a page of an image file, which has no text layer.
        mode: The setting `text_layer`. With `always` a layer that can't be seen, or is garbled, is
            used as well.
    """
    if page is None or mode == "never":
        return TextLayer("no-text-layer" if page is None else "text-layer-not-used")
    try:
        layer = read_text_layer(page)
    except native_errors():
        return TextLayer("unreadable-text-layer")
    if mode == "always" and layer.verdict == "hidden-ocr-layer":
        return TextLayer(layer.verdict, layer.seen + layer.hidden, [], layer.rotation)
    return layer


def kept_layer(layer: TextLayer, result: OCRResult) -> TextLayer | None:
    """The OCR layer that came with a scan, when our engine can't read the script it is in.

    PP-OCR knows Latin, Greek, Chinese and Japanese letters; a scan in Hebrew comes out as noise.
    """
    if layer.verdict != "hidden-ocr-layer":
        return None
    words = [word.text for segment in layer.hidden for word in segment.words]
    script = main_script("".join(words))
    ours = main_script("".join(line.text for line in result.lines))
    if not script or script == ours or is_garbled(words):
        return None
    return TextLayer("ocr-layer-kept", layer.hidden, [], layer.rotation, layer.rules)


def from_layer(
    layer: TextLayer, image: PageImage, known: Sequence[Table], find_tables: bool
) -> PageText:
    """The text of a page by its text layer.

    Args:
        known: Tables that the source file states, for renditions.
        find_tables: Look for tables on the page.
    """
    aspect = _aspect(image, layer.rotation)
    upright = with_initials(_upright(layer.seen, layer.rotation), aspect)
    tables = [_turned(table, layer.rotation) for table in known]
    if find_tables:
        tables += ruled_tables(upright, layer.rules)
    arranged = arrange(upright, aspect, tables, find_tables=find_tables)
    return _page_text(TEXT_LAYER, layer, image, arranged, layer.rotation, [])


def from_ocr(
    result: OCRResult, engine: str, layer: TextLayer, image: PageImage, find_tables: bool
) -> PageText:
    """The text of a page by OCR; `layer` says why."""
    segments = [
        Segment(line.words, line.box.y1 - line.box.y0)
        if result.rotation % 180 == 0
        else Segment(line.words, line.box.x1 - line.box.x0)
        for line in result.lines
        if line.words
    ]
    aspect = _aspect(image, result.rotation)
    upright = [replace(s, aslant=_stands(s, aspect)) for s in _upright(segments, result.rotation)]
    known = [_turned(table, result.rotation) for table in result.tables]
    # Tables that an engine found stand askew as well.
    level = levelled([] if known else upright, aspect)
    arranged = level.restored(
        *arrange(
            upright if known else level.segments,
            aspect,
            known,
            measured=False,
            find_tables=find_tables and not known,
        )
    )
    text = _page_text(engine, layer, image, arranged, result.rotation, result.key_values)
    if not result.selection_marks and not result.handwritten:
        return text
    return text.model_copy(
        update={"selection_marks": result.selection_marks, "handwritten": result.handwritten}
    )


def _page_text(
    engine: str,
    layer: TextLayer,
    image: PageImage,
    arranged: tuple[list[Line], list[Table]],
    rotation: int,
    key_values: list[KeyValue],
) -> PageText:
    lines, tables = _as_shown(*arranged, rotation)
    return PageText(
        page=image.page,
        width=image.width,
        height=image.height,
        engine=engine,
        reason=f"{layer.verdict}; incomplete: {image.lost}" if image.lost else layer.verdict,
        rotation=rotation,
        lines=lines,
        tables=tables,
        key_values=key_values,
        hidden_characters=layer.hidden_characters,
        **_facts(lines),
    )


def cache_key(engine: OCREngine, image: PageImage) -> str:
    """Where the cache has what an engine read on an image."""
    return hashlib.sha256(f"{engine.identity}\n{image.sha256}".encode()).hexdigest()


def recognise(
    ref: DocumentRef,
    image: PageImage,
    deployment: Deployment,
    read_already: Callable[[int], OCRResult | None] = lambda page: None,
    pixels: Callable[[], NDArray[np.uint8]] | None = None,
) -> OCRResult:
    """Reads the stored image of a page, or finds what was read on an equal image before.

    Args:
        pixels: Gives the image, where it is not stored.
        read_already: What was read of the page with the whole document, asked before the engine.

    Returns:
        The reading; its cost is 0 where nothing was paid this time.

    Raises:
        SparknetError: The image is missing or can't be decoded, or the engine failed.
    """
    engine = deployment.ocr
    key = cache_key(engine, image)
    stored = deployment.cache.get_many(CACHE, [key]).get(key)
    deployment.cache.use(CACHE, {ref.doc_id: [key]})
    if stored is not None:
        try:
            found = OCRResult.model_validate_json(stored)
            return found.model_copy(update={"cost_usd": 0.0}) if found.cost_usd else found
        except ValidationError:
            pass  # written by another version: read the page again
    result = read_already(image.page)
    if result is None:
        result = engine.recognize(pixels() if pixels else _pixels(ref, image, deployment))
    deployment.cache.put_many(CACHE, {key: result.model_dump_json().encode()})
    return result


def drawn(image: PageImage, pixels: NDArray[np.uint8]) -> PageImage:
    """`image`, as the one that these pixels make."""
    digest = hashlib.sha256(f"{pixels.shape}\n".encode() + pixels.tobytes()).hexdigest()
    return image.model_copy(update={"sha256": digest})


def with_facts(text: PageText) -> PageText:
    """The page with what follows from its lines worked out anew."""
    return text.model_copy(update=_facts(text.lines))


def _pixels(ref: DocumentRef, image: PageImage, deployment: Deployment) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    name = f"The image of page {image.page} of {ref.filename}"
    try:
        data = deployment.storage.get(ref.page_image_key(image.page))
    except ObjectNotFoundError:
        raise SparknetError(
            FailureKind.UNREADABLE, f"{name} is gone; materialize page_images again."
        ) from None
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise SparknetError(
            FailureKind.UNREADABLE, f"{name} is damaged; materialize page_images again."
        )
    pixels: NDArray[np.uint8] = np.asarray(decoded, dtype=np.uint8)
    return pixels if pixels.ndim == 2 else pixels[:, :, ::-1]


def _stands(segment: Segment, aspect: float) -> bool:
    """Whether a line found by OCR runs up or down the page."""
    width = (segment.box.x1 - segment.box.x0) * aspect
    height = segment.box.y1 - segment.box.y0
    return segment.characters >= FEWEST_UPRIGHT and height > 2 * width


def _upright(segments: Sequence[Segment], rotation: int) -> list[Segment]:
    if not rotation:
        return list(segments)
    return [replace(s, words=turn_line(Line(words=s.words), rotation).words) for s in segments]


def _aspect(image: PageImage, rotation: int) -> float:
    """Width by height of the upright page."""
    aspect = image.width / image.height if image.width and image.height else 1.0
    return 1 / aspect if rotation % 180 else aspect


def _as_shown(
    lines: list[Line], tables: list[Table], rotation: int
) -> tuple[list[Line], list[Table]]:
    return (
        [turn_line(line, -rotation) for line in lines],
        [_turned(table, -rotation) for table in tables],
    )


def _turned(table: Table, degrees: int) -> Table:
    if not degrees:
        return table
    return table.model_copy(
        update={
            "box": turn_box(table.box, degrees),
            "row_boxes": [turn_box(box, degrees) for box in table.row_boxes],
        }
    )


def _facts(lines: Sequence[Line]) -> dict[str, object]:
    scores = [word.confidence for line in lines for word in line.words]
    return {
        "confidence": round(sum(scores) / len(scores), 4) if scores else None,
        "language": language_of("\n".join(line.text for line in lines)),
    }
