"""Paragraphs, tables, text boxes and pictures of a Word document."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from sparknet_assets.source.encoding import declared_charset, decode
from sparknet_assets.source.readers import drawing
from sparknet_assets.source.readers.hypertext import read_hypertext
from sparknet_assets.source.readers.markup import (
    Block,
    Grid,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Run,
    collapse,
    grid,
)
from sparknet_assets.source.readers.numbering import Numbering
from sparknet_assets.source.readers.package import Package, Relation, local
from sparknet_assets.source.readers.plain import heading_row
from sparknet_assets.source.readers.word_runs import DEEPEST, Inline, trim
from sparknet_assets.source.readers.word_styles import VAL, Style, W, count, is_shaded, value

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@dataclass
class BodyReader:
    """Reads one part after another: `relations` are those of the part at hand.

    Attributes:
        on_ground: Within so many cells and text boxes, which may be dark.
        hidden: Whether hidden text was left out.
        notes: Foot and endnotes that were referred to, in order: kind of reference and id.
    """

    package: Package
    part: str
    styles: dict[str, Style]
    numbering: Numbering
    relations: dict[str, Relation]
    hidden: bool = False
    on_ground: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)

    def blocks(self, parent: Element, depth: int = 0) -> list[Block]:
        """Blocks of a body, cell, note or text box."""
        found: list[Block] = []
        if depth > DEEPEST:
            return found
        for child in parent:
            kind = local(child)
            if kind == "p":
                found += self.paragraph(child, depth)
            elif kind == "tbl":
                found += self.table(child, depth)
            elif kind in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"):
                found += self.blocks(child, depth + 1)
            elif kind == "altChunk":
                found += self._inserted(child)
        return found

    def _inserted(self, element: Element) -> list[Block]:
        """The text of a web page or text file that the document brings along to be inserted."""
        relation = self.relations.get(element.get(f"{_R}id", ""))
        data = self.package.data(relation.target) if relation and not relation.external else None
        if not data or data.startswith(b"PK") or data.startswith(b"{\\rtf"):
            return []
        page = read_hypertext(decode(data, declared_charset(data)))
        self.hidden |= page.hidden
        return page.blocks

    def paragraph(self, element: Element, depth: int) -> list[Block]:
        style, number, level = self._paragraph_style(element)
        shaded = is_shaded(element.find(f"{W}pPr")) or style.shaded
        inline = Inline(self, depth, shaded, style.hidden)
        inline.walk(element, "", 0)
        blocks: list[Block] = []
        text = "".join(run.text for run in inline.runs)
        if text.strip():
            marker = self.numbering.marker(number, level) if number not in ("", "0") else ""
            if style.level:
                title = collapse(f"{marker} {text}" if marker else text)
                blocks.append(Heading(title, style.level))
            else:
                blocks.append(Paragraph(tuple(trim(inline.runs)), "text", marker, level))
        if inline.breaks_before:
            blocks.insert(0, PageBreak())
        blocks += inline.blocks
        if inline.breaks_after:
            blocks.append(PageBreak())
        return blocks

    def _paragraph_style(self, element: Element) -> tuple[Style, str, int]:
        properties = element.find(f"{W}pPr")
        if properties is None:
            return Style(), "", 0
        named = value(properties, "pStyle")
        style = self.styles.get(named, Style())
        outline = value(properties, "outlineLvl")
        if outline.isdecimal() and int(outline) < 6:
            style = replace(style, level=int(outline) + 1)
        number, level = style.number, style.depth
        listed = properties.find(f"{W}numPr")
        if listed is not None:
            number = value(listed, "numId") or number
            given = value(listed, "ilvl")
            level = min(int(given), 8) if given.isdecimal() else level
        return style, number, level

    def table(self, element: Element, depth: int) -> list[Block]:
        rows: list[list[str]] = []
        extra: list[Block] = []
        headings = 0
        for row in _rows(element):
            cells, others, heading = self._row(row, depth)
            headings += heading and headings == len(rows)
            rows.append(cells)
            extra += others
        block = grid(rows, headings)
        if block is None:
            return extra
        if len(block.rows) * len(block.rows[0]) == 1:
            return [Paragraph((Run(block.rows[0][0]),)), *extra]
        if not headings and heading_row(block.rows):
            block = Grid(block.rows, 1)
        return [block, *extra]

    def _row(self, row: Element, depth: int) -> tuple[list[str], list[Block], bool]:
        properties = row.find(f"{W}trPr")
        before = value(properties, "gridBefore") if properties is not None else ""
        heading = properties is not None and properties.find(f"{W}tblHeader") is not None
        cells = [""] * count(before, 0)
        extra: list[Block] = []
        for cell in _cells(row):
            properties = cell.find(f"{W}tcPr")
            span, text = 1, ""
            merged = None
            if properties is not None:
                span = count(value(properties, "gridSpan"), 1)
                merged = properties.find(f"{W}vMerge")
            if merged is None or merged.get(VAL) == "restart":
                self.on_ground += 1
                blocks = self.blocks(cell, depth + 1)
                self.on_ground -= 1
                text = "\n".join(filter(None, map(block_text, blocks)))
                extra += [block for block in blocks if isinstance(block, Picture)]
            cells += [text, *[""] * (span - 1)]
        return cells, extra, heading

    def graphic(self, element: Element) -> list[Block]:
        """The text of a chart or diagram, which is a part of its own."""
        relation = self.relations.get(element.get(f"{_R}id") or element.get(f"{_R}dm") or "")
        root = self.package.tree(relation.target) if relation and not relation.external else None
        if root is None:
            return []
        if local(element) == "chart":
            return [*drawing.chart(root)]
        return [*drawing.paragraphs(root, bulleted=True)]

    def picture(self, relation: str) -> Block | None:
        found = self.relations.get(relation)
        if found is None or found.external:
            return None
        data = self.package.data(found.target)
        return Picture(data) if data else None


def block_text(block: Block) -> str:
    """Text of a block where only text fits, as in a cell."""
    if isinstance(block, Heading):
        return block.text
    if isinstance(block, Paragraph):
        return f"{block.marker} {block.text}" if block.marker else block.text
    if isinstance(block, Grid):
        return "\n".join(" ".join(filter(None, row)) for row in block.rows)
    return ""


def _rows(table: Element) -> list[Element]:
    found = []
    for child in table:
        kind = local(child)
        if kind == "tr" and child.find(f"{W}trPr/{W}del") is None:
            found.append(child)
        elif kind in ("sdt", "sdtContent", "ins", "customXml"):
            found += _rows(child)
    return found


def _cells(row: Element) -> list[Element]:
    found = []
    for child in row:
        kind = local(child)
        if kind == "tc":
            found.append(child)
        elif kind in ("sdt", "customXml"):
            content = child.find(f"{W}sdtContent")
            found += _cells(child if content is None else content)
    return found
