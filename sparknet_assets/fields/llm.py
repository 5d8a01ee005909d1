"""Fields by a language model: it says what it read, and that is looked up on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.failure import FailureKind, SparknetError
from resources.llm import LLMAdapter, Usage
from resources.llm.structured import Structured, StructureError
from resources.ocr import PageText
from resources.vector_store import PageBox
from sparknet_assets.fields.llm_prompt import SYSTEM, Piece, answer_schema, pieces_of, prompt
from sparknet_assets.fields.merge import joined, partial, same, unread_note
from sparknet_assets.fields.places import Pages
from sparknet_assets.fields.schema import FieldSpec, Schema, TableSpec
from sparknet_assets.fields.typed import Conventions, conventions_of, read
from sparknet_assets.fields.values import FieldValue, Found, TableValue

ANSWER_TOKENS = 4096
# For models that don't say how much they read.
_CONTEXT = 8192
_LEAST_WINDOW = 512
# A text that stands on the page word for word; whether it is the right one is the model's word.
CONFIDENCE = 0.85
_OF_ANOTHER_TYPE = 0.4

Ask = Callable[[str, str, dict[str, Any], int], Structured]
"""Given system, prompt, JSON schema and most tokens: the model's answer, or one of before."""


@dataclass
class ModelFields:
    """What a model gave for one schema.

    Attributes:
        dropped: Why values were not taken: the text is on no page of the document.
        notes: What was left out, and why: the rest is of use without it.
        error: What kept the model from being asked for all; the rest stands.
    """

    found: Found = field(default_factory=Found)
    usage: Usage = field(default_factory=Usage)
    dropped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: SparknetError | None = None


def by_model(
    llm: LLMAdapter, ask: Ask, schema: Schema, pages: Sequence[PageText], most_pages: int
) -> ModelFields:
    """Asks for the fields of a schema, as many pages at a time as the model reads.

    Args:
        ask: Puts the question; raises SparknetError, which ends the asking.
        most_pages: Only so many pages are given to the model.
    """
    made = ModelFields()
    reader = _Reader(schema, pages)
    asked = answer_schema(schema)
    given = pages[:most_pages]
    if len(given) < len(pages):
        made.notes.append(
            f"the language model read no pages after {given[-1].page} (SPARKNET_FIELDS_LLM_PAGES)"
        )
    room = _room(llm, schema, asked)
    parts: list[Found] = []
    for window in _windows(llm, given, room):
        try:
            parts += _answers(ask, schema, asked, window, reader, made)
        except SparknetError as error:
            made.error = error
            made.notes.append(f"the language model did not read page {window[0].page} and after")
            break
    said = [*made.notes, *unread_note(pages)]
    made.found = partial(joined(parts), "; ".join(said)) if said else joined(parts)
    made.dropped = list(dict.fromkeys(reader.dropped))
    return made


def _room(llm: LLMAdapter, schema: Schema, asked: dict[str, Any]) -> int:
    """Tokens of text that fit beside instructions and answer."""
    whole = llm.context_tokens or _CONTEXT
    fixed = llm.count_tokens(SYSTEM + str(asked) + prompt(schema, ()))
    # An answer that is to be repaired is sent back once.
    return max(_LEAST_WINDOW, whole - fixed - 2 * min(ANSWER_TOKENS, whole // 4))


def _windows(llm: LLMAdapter, pages: Sequence[PageText], room: int) -> Iterator[list[Piece]]:
    window: list[Piece] = []
    used = 0
    for piece in pieces_of(pages, room, llm.count_tokens):
        if window and used + piece.tokens > room:
            yield window
            window, used = [], 0
        window.append(piece)
        used += piece.tokens
    if window:
        yield window


def _answers(
    ask: Ask,
    schema: Schema,
    asked: dict[str, Any],
    window: Sequence[Piece],
    reader: _Reader,
    made: ModelFields,
) -> list[Found]:
    """What the model found in a window; where its answer was too long, in the halves of it."""
    try:
        answer = ask(SYSTEM, prompt(schema, window), asked, ANSWER_TOKENS)
    except StructureError as error:
        made.usage = made.usage.plus(error.usage)
        raise
    except SparknetError as error:
        if error.kind is not FailureKind.TOO_LARGE or len(window) < 2:
            raise
        middle = len(window) // 2
        halves = (window[:middle], window[middle:])
        return [
            part for half in halves for part in _answers(ask, schema, asked, half, reader, made)
        ]
    made.usage = made.usage.plus(answer.usage)
    return [reader.found(answer.value)]


class _Reader:
    """Takes from answers what stands on the pages."""

    def __init__(self, schema: Schema, pages: Sequence[PageText]) -> None:
        self._schema = schema
        self._pages = Pages(pages)
        self._conventions: Conventions = conventions_of(
            line.text for page in pages for line in page.lines
        )
        self.dropped: list[str] = []

    def found(self, answer: dict[str, Any]) -> Found:
        result = Found()
        for spec in self._schema.fields:
            given = (answer.get("fields") or {}).get(spec.name)
            if given and (value := self._value(spec, given["text"], given["page"], spec.name)):
                result.fields[spec.name] = value
        for table in self._schema.tables:
            rows = []
            for number, row in enumerate((answer.get("tables") or {}).get(table.name) or ()):
                cells = self._row(table, row, f"{table.name}.{number}")
                if any(cells):
                    rows.append(cells)
            if rows:
                columns = [column.name for column in table.columns]
                result.tables[table.name] = TableValue(columns=columns, rows=rows)
        return result

    def _row(self, table: TableSpec, row: dict[str, Any], name: str) -> list[FieldValue | None]:
        """The cells of a row; the longest text tells where it is, since figures stand anywhere."""
        texts = [str(row.get(column.name) or "") for column in table.columns]
        longest = max(range(len(texts)), key=lambda place: len(texts[place]))
        near: PageBox | None = None
        cells: list[FieldValue | None] = [None] * len(texts)
        for place in sorted(range(len(texts)), key=lambda place: place != longest):
            spec = table.columns[place]
            cell = self._value(spec, texts[place], row["page"], f"{name}.{spec.name}", near)
            if place == longest and cell is not None:
                near = cell.boxes[0]
            cells[place] = cell
        return cells

    def _value(
        self, spec: FieldSpec, text: str, page: int, name: str, near: PageBox | None = None
    ) -> FieldValue | None:
        if not text.strip():
            return None
        place = self._pages.find(text, page, near=near, labels=spec.labels)
        if place is None:
            self.dropped.append(f"{name}: what the language model says is on no page")
            return None
        # The page's own letters; its words may have marks around what is meant, as in `(1.50)`.
        own = place.text if same(place.text, text) else text.strip()
        reading = read(spec.type, own, self._conventions)
        return FieldValue(
            value=reading.value if reading else own,
            text=place.text,
            confidence=CONFIDENCE if reading else _OF_ANOTHER_TYPE,
            page=place.page,
            boxes=place.boxes,
            source="llm",
            problems=list(reading.problems) if reading else [],
        )
