"""Rows and columns of a sheet that somebody hid, not those that a filter or a group folds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# ECMA-376, 18.3.1: what says which rows and columns show, beside the rows.
FILTER = f"{_S}autoFilter"
FOLDING = (f"{_S}sheetPr", f"{_S}col", FILTER)
_ROWS = re.compile(r"\$?[A-Z]{1,3}\$?(\d{1,7}):\$?[A-Z]{1,3}\$?(\d{1,7})")
_LAST_COLUMN = 16_384
_ON = ("1", "true")

Row = dict[int, str]


@dataclass
class Folds:
    """What of a sheet does not show, learnt element by element.

    A filter hides the rows that were not asked for, and a group is folded to be unfolded by a
    click: both are read. A filter of the sheet, or of a table on it, is known by its conditions;
    an advanced one by the mode of the sheet alone.
    """

    filtered: bool = False
    filters: list[tuple[int, int]] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)

    def note(self, element: Element) -> None:
        """Takes in one of the elements `FOLDING`."""
        if element.tag == FOLDING[0]:
            self.filtered = element.get("filterMode") in _ON
        elif element.tag == FOLDING[1] and _is_hidden(element):
            first, last = (element.get(key, "") for key in ("min", "max"))
            if first.isdecimal() and last.isdecimal():
                self.columns.update(range(int(first) - 1, min(int(last), _LAST_COLUMN)))
        elif element.tag == FILTER and len(element):
            found = _ROWS.fullmatch(element.get("ref", ""))
            if found:
                self.filters.append((int(found[1]), int(found[2])))

    def note_row(self, number: int, element: Element) -> None:
        if _is_hidden(element):
            self.rows.add(number)

    def without_hidden(self, rows: list[tuple[int, Row]]) -> tuple[list[tuple[int, Row]], bool]:
        """The rows and cells that show or are folded, and whether others were left out."""
        if not (self.rows or self.columns):
            return rows, False
        shown: list[tuple[int, Row]] = []
        hidden = False
        for number, row in rows:
            kept = {} if self._is_hidden(number) else row
            kept = {column: text for column, text in kept.items() if column not in self.columns}
            hidden |= len(kept) < len(row)
            if kept:
                shown.append((number, kept))
        return shown, hidden

    def _is_hidden(self, number: int) -> bool:
        return (
            number in self.rows
            and not self.filtered
            and not any(first <= number <= last for first, last in self.filters)
        )


def _is_hidden(element: Element) -> bool:
    """Whether a row or column is hidden other than by folding its group."""
    return element.get("hidden") in _ON and element.get("outlineLevel", "0") == "0"
