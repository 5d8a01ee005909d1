"""Workbooks that Excel 2003 and many programs since write as one XML file (SpreadsheetML 2003)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.readers.hypertext import MOST_CELLS
from sparknet_assets.source.readers.markup import Block, Grid, Heading, PageBreak, collapse, grid
from sparknet_assets.source.readers.plain import heading_row

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_START = 4_000  # characters, in which the namespace is named
_MOST_COLUMNS = 16_384
_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?$")


def is_workbook(text: str) -> bool:
    """Whether a text file is such a workbook."""
    start = text[:_START]
    return start.lstrip("\ufeff \r\n\t").startswith("<") and f'"{_NAMESPACE}"' in start


def workbook_blocks(text: str, name: str) -> tuple[list[Block], bool]:
    """A heading and a table for each sheet that shows; whether any does not.

    Raises:
        SparknetError: `corrupt`, or `too_large` for more cells than a document may have.
    """
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff \r\n\t"))
    except ElementTree.ParseError as error:
        raise SparknetError(
            FailureKind.CORRUPT,
            f"{name} is damaged: its XML can't be read ({error}); save it again",
        ) from None
    blocks: list[Block] = []
    hidden, room = False, MOST_CELLS
    for sheet in root.iter(f"{_SS}Worksheet"):
        if sheet.findtext(f"{_X}WorksheetOptions/{_X}Visible", "").strip():
            hidden = True  # it says SheetHidden or SheetVeryHidden, and nothing when it shows
            continue
        rows = []
        for row in sheet.iterfind(f"{_SS}Table/{_SS}Row"):
            rows.append(_cells(row))
            room -= len(rows[-1])
            if room < 0:
                raise SparknetError(
                    FailureKind.TOO_LARGE, f"{name} has more than {MOST_CELLS:,} cells; split it"
                )
        table = grid(rows)
        if table is not None:
            blocks += [PageBreak()] if blocks else []
            blocks.append(Heading(collapse(sheet.get(f"{_SS}Name", "")), 1))
            blocks.append(Grid(table.rows, int(heading_row(table.rows))))
    return blocks, hidden


def _cells(row: Element) -> list[str]:
    cells: list[str] = []
    for at, text in _placed(row):
        cells += [""] * (at - len(cells)) + [text]
    return cells


def _placed(row: Element) -> Iterator[tuple[int, str]]:
    """Column, from 0, and text of each cell that has any."""
    at = 0
    for cell in row.iterfind(f"{_SS}Cell"):
        stated = cell.get(f"{_SS}Index", "")
        at = max(at, int(stated) - 1) if stated.isdecimal() and len(stated) < 9 else at
        data = cell.find(f"{_SS}Data")
        text = "" if data is None else "".join(data.itertext())
        if data is not None and data.get(f"{_SS}Type") == "DateTime":
            text = _MIDNIGHT.sub("", text)
        if text.strip() and at < _MOST_COLUMNS:
            yield at, text
        merged = cell.get(f"{_SS}MergeAcross", "")
        at += 1 + (int(merged) if merged.isdecimal() and len(merged) < 9 else 0)
