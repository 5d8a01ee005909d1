"""The OCR port, and what text on a page looks like wherever it came from."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from pydantic import BaseModel, Field

from resources.failure import Failure, FailureKind, SparknetError

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


class SelectionMark(BaseModel):
    """A check box or radio button that an engine found.

    Attributes:
        confidence: 0 to 1.
    """

    selected: bool
    box: Box
    confidence: float

    @property
    def text(self) -> str:
        """As it stands in the text of cells and values."""
        return "[x]" if self.selected else "[ ]"


class OCRResult(BaseModel):
    """What an engine read on one image.

    Attributes:
        lines: In reading order.
        rotation: Degrees clockwise that the image was turned by to be read upright; boxes refer to
            the image as given.
        handwritten: Boxes of the words that were written by hand, where an engine tells.
        cost_usd: Paid to a service for this reading.
    """

    lines: list[Line]
    tables: list[Table] = Field(default_factory=list)
    key_values: list[KeyValue] = Field(default_factory=list)
    selection_marks: list[SelectionMark] = Field(default_factory=list)
    handwritten: list[Box] = Field(default_factory=list)
    rotation: int = 0
    cost_usd: float = 0.0


class PageText(BaseModel):
    """The text of one page: one element of `pages` in text.json.

    Attributes:
        page: 1-based number.
        width, height: Size of the page image in pixels.
        engine: `text-layer` or the name of the OCR engine.
        reason: Why that engine was used (`good-text-layer`, `no-text-layer`, `garbled`, ...), and
            what came of a second reading, where there was one.
        tier: That read the page, where it climbed; left out of the JSON of all others.
        language: ISO 639-1 code, or None when there is too little text to tell.
        confidence: Mean word confidence, 0 to 1; None on a page without words.
        lines: In reading order, table lines included.
        selection_marks, handwritten: As in `OCRResult`; left out of the JSON where there are none.
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
    selection_marks: list[SelectionMark] = Field(default_factory=list, exclude_if=operator.not_)
    handwritten: list[Box] = Field(default_factory=list, exclude_if=operator.not_)
    tier: str = Field("", exclude_if=operator.not_)
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


class JobState(StrEnum):
    """How a job of a `DocumentReader` stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"
    """Its results have expired, or it is unknown to the service."""


class TokenTakenError(SparknetError):
    """The token of a job was used for another object before."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.INTERNAL, message, retryable=False)

    def __reduce__(self) -> tuple[type[TokenTakenError], tuple[str]]:
        return TokenTakenError, (self.message,)


class ResultsGoneError(SparknetError):
    """The results of a job have expired."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.UNREADABLE, message)

    def __reduce__(self) -> tuple[type[ResultsGoneError], tuple[str]]:
        return ResultsGoneError, (self.message,)


class DocumentReader(Protocol):
    """Reads whole PDFs where the storage keeps them, by jobs of a service.

    A job goes on without us: who knows its id, in any process, can wait for it and take its
    results, again and again until they expire.

    Attributes:
        most_pages, most_bytes: Larger documents are refused.
        price: US dollars for a page; every page of the document is paid.
    """

    most_pages: int
    most_bytes: int
    price: float

    def begin(self, key: str, token: str, pages: int) -> str:
        """Starts a job for the object under `key`; its id.

        Args:
            token: At most 64 letters, digits, - and _. The same token gives the same job again,
                and nothing is paid twice.
            pages: How many are going to be paid; 0 when a call before said so already.

        Raises:
            TokenTakenError: The token stands for a job that reads another object.
            SparknetError: `encrypted`, `corrupt`, `unsupported`, `too_large` for a document that
                the service can't read; `throttled` while too many jobs are under way.
        """
        ...

    def state(self, job_id: str) -> tuple[JobState, str]:
        """How the job stands, and what the service says about it."""
        ...

    def pages(self, job_id: str) -> Iterator[tuple[int, OCRResult]]:
        """The pages of a job that is done, 1-based, in the order of the service.

        Boxes refer to the page as a viewer shows it. Pages that could not be read are left out.
        `cost_usd` is 0: the job was paid, not the page.

        Raises:
            ResultsGoneError: They have expired.
            SparknetError: The service could not be asked.
        """
        ...


def document_reader(engine: OCREngine) -> DocumentReader | None:
    """How an engine reads whole documents, by its attribute `documents`.

    None for an engine that reads images alone, or where the storage is not one it can read from.
    """
    reader: DocumentReader | None = getattr(engine, "documents", None)
    return reader
