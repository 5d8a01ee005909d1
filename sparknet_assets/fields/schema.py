"""What is asked of a kind of document: its fields and tables, with their types."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

_NAME = r"^[a-z][a-z0-9_]{0,63}$"


class FieldType(StrEnum):
    """What a value is, and so how it is read from text and checked.

    As JSON, a date is `YYYY-MM-DD`, an amount `{"amount": "1234.50", "currency": "EUR" | null}`,
    a number a string of digits with a decimal point, and all others are text.
    """

    TEXT = "text"
    NAME = "name"  # of a company or a person
    ADDRESS = "address"
    DATE = "date"
    AMOUNT = "amount"
    NUMBER = "number"
    IDENTIFIER = "identifier"  # numbers of invoices, accounts, taxes: text without inner meaning
    CHOICE = "choice"  # a check box: `true` or `false`


class FieldSpec(BaseModel):
    """One field.

    Attributes:
        labels: What stands beside or above the value, in any language; compared without case.
        pattern: A regular expression that the whole text of a value matches.
        description: For people, and for a language model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    type: FieldType = FieldType.TEXT
    description: str = ""
    labels: tuple[str, ...] = ()
    pattern: str | None = None
    required: bool = False


class TableSpec(BaseModel):
    """A table of items, such as the lines of an invoice. Its columns are fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    description: str = ""
    columns: tuple[FieldSpec, ...] = Field(min_length=1)


class SumRule(BaseModel):
    """Amounts that add up: the field `total` is the sum of the fields `parts`.

    Attributes:
        column: `table.column` whose amounts are summed as well.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    total: str
    parts: tuple[str, ...] = ()
    column: str | None = None


class Schema(BaseModel):
    """A kind of document and its fields: one file in `schemas/`.

    Attributes:
        marks: Words or phrases of which a document of this kind has some; none: fits any document
            that it is asked of, and none by itself.
        sums: Checks of the values against each other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    title: str = ""
    description: str = ""
    marks: tuple[str, ...] = ()
    fields: tuple[FieldSpec, ...] = ()
    tables: tuple[TableSpec, ...] = ()
    sums: tuple[SumRule, ...] = ()
