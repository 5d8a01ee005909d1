"""The OCR port, and what text on a page looks like wherever it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from pydantic import BaseModel, Field

from resources.failure import Failure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Box(NamedTuple):
    """A rectangle in fractions of the page (0 to 1), origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float


class Word(NamedTuple):
    """One word, its place in fractions of the page, its confidence (0 to 1; text layer: 1)."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float

    @property
    def box(self) -> Box:
        return Box(self.x0, self.y0, self.x1, self.y1)


class Line(BaseModel):
    """Words that are read together, left to right or right to left as written.

    Attributes:
        block: Number of the paragraph, heading or table on the page, in reading order.
        level: Heading level, 1 the highest; None for other roles.
    """

    words: list[Word]
    block: int = 0
    role: Literal["text", "heading", "table"] = "text"
    level: int | None = None

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        return Box(
            min(w.x0 for w in self.words),
            min(w.y0 for w in self.words),
            max(w.x1 for w in self.words),
            max(w.y1 for w in self.words),
        )


class Table(BaseModel):
    """A table with its rows and columns kept.

    Attributes:
        block: The block number that its lines carry.
        rows: Cell texts, every row with the same number of columns; a spanned cell repeats its text
            in its first place only, the others are empty.
        row_boxes: One box a row.
        header_rows: How many of the first rows are headings.
    """

    block: int
    box: Box
    rows: list[list[str]]
    row_boxes: list[Box]
    header_rows: int = 0


class KeyValue(BaseModel):
    """A labelled value that an engine recognised on a form."""

    key: str
    value: str
    key_box: Box
    value_box: Box | None
    confidence: float


class OCRResult(BaseModel):
    """What an engine read on one image.

    Attributes:
        lines: In reading order.
        rotation: Degrees clockwise that the image was turned by to be read upright; boxes refer to
            the image as given.
    """

    lines: list[Line]
    tables: list[Table] = Field(default_factory=list)
    key_values: list[KeyValue] = Field(default_factory=list)
    rotation: int = 0
    cost_usd: float = 0.0


class PageText(BaseModel):
    """The text of one page: one element of `pages` in text.json.

    Attributes:
        page: 1-based number.
        width, height: Size of the page image in pixels.
        engine: `text-layer` or the name of the OCR engine.
        reason: Why that engine was used (`good-text-layer`, `no-text-layer`, `garbled`, ...).
        language: ISO 639-1 code, or None when there is too little text to tell.
        confidence: Mean word confidence, 0 to 1; None on a page without words.
        lines: In reading order, table lines included.
        hidden_characters: Characters of invisible text that were found and left out.
        failure: Set when this page could not be read; the page then has no lines.
    """

    page: int
    width: int
    height: int
    engine: str
    reason: str = ""
    language: str | None = None
    confidence: float | None = None
    rotation: int = 0
    lines: list[Line] = Field(default_factory=list)
    tables: list[Table] = Field(default_factory=list)
    key_values: list[KeyValue] = Field(default_factory=list)
    hidden_characters: int = 0
    failure: Failure | None = None

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


class OCREngine(Protocol):
    """Reads text from images. One instance serves one thread."""

    @property
    def name(self) -> str:
        """Short name, as recorded per page: `paddle`, `tesseract`, `textract`."""
        ...

    @property
    def identity(self) -> str:
        """Name, versions and options that shape the result; part of fingerprints and cache keys."""
        ...

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        """Reads one page image of shape (height, width) grey or (height, width, 3) RGB."""
        ...
