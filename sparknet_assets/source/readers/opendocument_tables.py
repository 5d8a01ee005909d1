"""Rows and columns of OpenDocument tables: in groups or not, shown, folded or hidden."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from sparknet_assets.source.readers.package import local

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_MOST_COLUMNS = 16_384


def table_rows(table: Element, grouped: bool = False) -> Iterator[tuple[Element, bool, bool]]:
    """The rows of a table: each, whether it is of the heading, and whether it is read.

    One that is hidden is not, unless it is in a group, to be unfolded, or a filter left it out.
    """
    for child in table:
        kind = local(child)
        if kind == "table-row":
            yield child, False, grouped or not _is_hidden(child)
        elif kind == "table-header-rows":
            for row, _, shows in table_rows(child, grouped):
                yield row, True, shows
        elif kind in ("table-rows", "table-row-group"):
            yield from table_rows(child, grouped or kind == "table-row-group")


def hidden_columns(table: Element) -> set[int]:
    """The columns that are hidden, but for those of groups; counted from 0."""
    hidden: set[int] = set()
    at = 0
    for column, grouped in _columns(table, False):
        count = min(repeats(column.get(f"{_TABLE}number-columns-repeated")), _MOST_COLUMNS)
        if not grouped and _is_hidden(column):
            hidden.update(range(at, min(at + count, _MOST_COLUMNS)))
        at += count
    return hidden


def repeats(value: str | None) -> int:
    """How often a row, column or cell stands there, as written; at least once."""
    return int(value) if value and value.isdecimal() and len(value) < 9 else 1


def _columns(table: Element, grouped: bool) -> Iterator[tuple[Element, bool]]:
    for child in table:
        kind = local(child)
        if kind == "table-column":
            yield child, grouped
        elif kind in ("table-columns", "table-header-columns", "table-column-group"):
            yield from _columns(child, grouped or kind == "table-column-group")


def _is_hidden(element: Element) -> bool:
    """By hand; what a filter hides is said to be `filter`."""
    return element.get(f"{_TABLE}visibility") == "collapse"
