"""Excel workbooks (XLSX) to blocks: a heading and tables for each sheet that shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.readers import drawing
from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.hypertext import MOST_CELLS
from sparknet_assets.source.readers.markup import (
    Block,
    Grid,
    Heading,
    PageBreak,
    Picture,
    collapse,
    grid,
)
from sparknet_assets.source.readers.numberformat import BUILT_IN, shown, worded
from sparknet_assets.source.readers.package import Package, local
from sparknet_assets.source.readers.plain import heading_row
from sparknet_assets.source.readers.sheet_folds import FILTER, FOLDING, Folds, Row

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_REFERENCE = re.compile(r"([A-Z]{1,3})\d*")
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
GAP = 2  # blank rows: so many part two tables of a sheet


@dataclass
class _Book:
    package: Package
    strings: list[str]
    formats: list[str]
    date1904: bool
    cells: int = 0

    def rows(self, part: str) -> tuple[list[tuple[int, Row]], bool]:
        """Number and cells of each row that shows any text; whether any text does not."""
        folds = Folds()
        rows: list[tuple[int, Row]] = []
        number = 0
        for element in self.package.elements(part, f"{_S}row", *FOLDING):
            if element.tag in FOLDING:
                folds.note(element)
                continue
            given = element.get("r", "")
            number = int(given) if given.isdecimal() else number + 1
            row = self._row(element)
            if row:
                folds.note_row(number, element)
                rows.append((number, row))
                self.cells += len(row)
                if self.cells > MOST_CELLS:
                    raise SparknetError(
                        FailureKind.TOO_LARGE,
                        f"{self.package.name} has more than {MOST_CELLS:,} filled cells; split it",
                    )
        for relation in self.package.relations(part).values():
            if relation.kind == "table" and not relation.external:
                table = self.package.tree(relation.target)
                for element in table.findall(FILTER) if table is not None else ():
                    folds.note(element)
        return folds.without_hidden(rows)

    def _row(self, element: Element) -> Row:
        row: Row = {}
        column = -1
        for cell in element.iter(f"{_S}c"):
            match = _REFERENCE.match(cell.get("r", ""))
            column = _column(match.group(1)) if match else column + 1
            text = self._text(cell)
            if text.strip():
                row[column] = text
        return row

    def _text(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        style = cell.get("s", "0")
        index = int(style) if style.isdecimal() else 0
        code = self.formats[index] if index < len(self.formats) else "General"
        if kind == "inlineStr":
            inline = cell.find(f"{_S}is")
            return worded(_rich(inline), code) if inline is not None else ""
        value = cell.findtext(f"{_S}v") or ""
        if not value:
            formula = cell.findtext(f"{_S}f")
            return f"={formula}" if formula else ""  # never calculated: all that is there
        if kind == "s":
            known = value.isdecimal() and int(value) < len(self.strings)
            return worded(self.strings[int(value)], code) if known else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind == "str":
            return worded(_decoded(value), code)
        if kind in ("e", "d"):
            return value
        return shown(value, code, self.date1904)


def read_sheets(path: Path, media_type: str, name: str) -> Content:
    """Reads an XLSX: every row of the sheets that show, values as their formats show them.

    Hidden sheets, rows and columns are left out and flagged; what a filter or a folded group hides
    is kept. Cells that are formatted but empty don't count.

    Raises:
        SparknetError: `encrypted`, `corrupt` or `too_large`.
    """
    with Package(path, name) as package:
        part = package.main_part("xl/workbook.xml")
        root = package.required(part)
        relations = package.relations(part)
        targets = {r.kind: r.target for r in relations.values() if not r.external}
        properties = root.find(f"{_S}workbookPr")
        book = _Book(
            package,
            [_rich(item) for item in package.elements(targets.get("sharedStrings", ""), f"{_S}si")],
            _formats(package.tree(targets.get("styles", ""))),
            properties is not None and properties.get("date1904") in ("1", "true"),
        )
        blocks: list[Block] = []
        hidden = False
        for sheet in root.iter(f"{_S}sheet"):
            relation = relations.get(sheet.get(f"{_R}id", ""))
            if relation is None or relation.external:
                continue
            if sheet.get("state", "visible") != "visible":
                hidden = True
                continue
            rows, left_out = book.rows(relation.target)
            hidden |= left_out
            content = [*_tables(rows), *_drawings(package, relation.target)]
            if content:
                blocks += [PageBreak()] if blocks else []
                blocks += [Heading(collapse(sheet.get("name", "")), 1), *content]
        return Content(blocks, *package.facts(), {"hidden_text"} if hidden else set())


def _tables(rows: Iterable[tuple[int, Row]]) -> Iterator[Block]:
    """Cuts a sheet into tables where `GAP` or more rows are blank."""
    band: list[Row] = []
    last = 0
    for number, row in rows:
        if band and number - last > GAP:
            yield from _table(band)
            band = []
        band.append(row)
        last = number
    yield from _table(band)


def _table(band: list[Row]) -> Iterator[Block]:
    columns = sorted({column for row in band for column in row})
    if len(columns) * len(band) > 4 * MOST_CELLS:
        raise SparknetError(FailureKind.TOO_LARGE, "a sheet is too wide and long; split it")
    block = grid([[row.get(column, "") for column in columns] for row in band])
    if block is not None:
        yield Grid(block.rows, int(heading_row(block.rows)))


def _drawings(package: Package, sheet: str) -> Iterator[Block]:
    """Text boxes, charts and pictures that lie on a sheet."""
    for relation in package.relations(sheet).values():
        if relation.kind != "drawing" or relation.external:
            continue
        root = package.tree(relation.target)
        targets = package.relations(relation.target)
        for element in root.iter() if root is not None else ():
            kind = local(element)
            if kind == "txBody":
                yield from drawing.paragraphs(element)
            elif kind in ("chart", "blip"):
                key = element.get(f"{_R}id") or element.get(f"{_R}embed") or ""
                target = targets.get(key)
                if target is None or target.external:
                    continue
                if kind == "blip":
                    data = package.data(target.target)
                    if data:
                        yield Picture(data)
                else:
                    tree = package.tree(target.target)
                    yield from drawing.chart(tree) if tree is not None else ()


def _rich(item: Element) -> str:
    """Text of a string item; phonetic readings (rPh) are no text of the cell."""
    out = []
    for child in item:
        kind = local(child)
        if kind == "t":
            out.append(child.text or "")
        elif kind == "r":
            out.append(child.findtext(f"{_S}t") or "")
    return _decoded("".join(out))


def _decoded(text: str) -> str:
    """Text with its controls instead of their codes, `_x0009_` (ECMA-376, 22.9.2.19)."""
    if "_x" not in text:
        return text
    return _CODE.sub(lambda match: chr(int(match[1], 16)), text).replace("\r", "")


def _formats(root: Element | None) -> list[str]:
    """Number format code of each cell style."""
    if root is None:
        return []
    codes = dict(BUILT_IN)
    for element in root.iter(f"{_S}numFmt"):
        key = element.get("numFmtId", "")
        if key.isdecimal():
            codes[int(key)] = element.get("formatCode", "General")
    styles = root.find(f"{_S}cellXfs")
    keys = [style.get("numFmtId", "0") for style in (styles if styles is not None else ())]
    return [codes.get(int(key) if key.isdecimal() else 0, "General") for key in keys]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
