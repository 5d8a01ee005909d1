"""Values that were found: fields.json, and what a way of finding them gives."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from resources.vector_store import PageBox

SCHEMA_VERSION = 1
Source = Literal["rules", "llm", "textract", "correction"]


class FieldValue(BaseModel):
    """A value with its evidence.

    Attributes:
        value: JSON, as `FieldType` says for the type of the field; None: looked for, not there.
        text: Characters on the page that it was read from, word for word; empty for a correction
            of a value that is not on the page.
        confidence: 0 to 1.
        page: 1-based; None where the value was not found on a page.
        boxes: One for each line that the text stands on.
        problems: What is wrong with it: not of its type, does not add up; empty when all is well.
    """

    value: Any = None
    text: str = ""
    confidence: float = 0.0
    page: int | None = None
    boxes: list[PageBox] = Field(default_factory=list)
    source: Source = "rules"
    problems: list[str] = Field(default_factory=list)


class TableValue(BaseModel):
    """A table of items: every row has a value, or None, for each column.

    Attributes:
        complete: False where rows may be missing; `note` says which and why.
    """

    columns: list[str]
    rows: list[list[FieldValue | None]]
    complete: bool = True
    note: str = ""


class LabelledValue(BaseModel):
    """A label with its value, as the page has them: what needs no schema."""

    label: str
    value: FieldValue


class Found(BaseModel):
    """What one way of finding fields (rules, a language model, Textract) gives for one schema.

    Attributes:
        fields: Field name -> the best value; absent where nothing was found.
    """

    fields: dict[str, FieldValue] = Field(default_factory=dict)
    tables: dict[str, TableValue] = Field(default_factory=dict)


class SchemaFields(Found):
    """The fields of a document by one schema, after all ways and checks.

    Attributes:
        schema_sha256: Of the schema's content.
        problems: Of the whole: required fields that are missing, sums that differ.
        dropped: Why values of a way of finding were not taken.
        extracted: Where corrections are laid over: what was found, without them.
    """

    schema_name: str
    schema_sha256: str
    problems: list[str] = Field(default_factory=list)
    dropped: list[str] = Field(default_factory=list)
    extracted: Found | None = None

    @property
    def found(self) -> Found:
        """What was found, without corrections."""
        return self.extracted or Found(fields=self.fields, tables=self.tables)


class DocumentFields(BaseModel):
    """fields.json.

    Attributes:
        schemas: Of the kinds that the document is, the likeliest first; empty when of none.
        labelled: Labels with values anywhere in the document, as far as they were recognised.
        complete: False where pages or parts were left out; `note` says which and why.
    """

    schema_version: int = SCHEMA_VERSION
    doc_id: str
    schemas: list[SchemaFields] = Field(default_factory=list)
    labelled: list[LabelledValue] = Field(default_factory=list)
    complete: bool = True
    note: str = ""


class FieldsAsRead(DocumentFields):
    """The fields of a document as they are at present, corrections laid over.

    Attributes:
        version: Number of corrections of the document so far. Given back with a correction, it
            keeps that from writing over one that its maker has not seen.
    """

    version: int = 0
