"""Paragraphs, tables, text boxes and pictures of a Word document."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from sparknet_assets.source import drawing
from sparknet_assets.source.markup import (
    Block,
    Grid,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Run,
    clean,
    collapse,
    grid,
)
from sparknet_assets.source.numbering import Numbering
from sparknet_assets.source.package import Package, Relation, local
from sparknet_assets.source.plain import heading_row
from sparknet_assets.source.word_styles import VAL, Style, W, count, value

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
DEEPEST = 60
_INVISIBLE_SIZE = 4  # half points
# What a reader does not see: deleted or moved text, field codes, the layout of an equation.
_UNSEEN = frozenset({"del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sdtPr", "ctrlPr"})
_CHARACTERS = {"tab": "  ", "cr": "\n", "noBreakHyphen": "-"}


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
        return found

    def paragraph(self, element: Element, depth: int) -> list[Block]:
        inline = _Inline(self, depth, element.find(f"{W}pPr/{W}shd") is not None)
        inline.walk(element, "", 0)
        style, number, level = self._paragraph_style(element)
        blocks: list[Block] = []
        text = "".join(run.text for run in inline.runs)
        if text.strip():
            marker = self.numbering.marker(number, level) if number not in ("", "0") else ""
            if style.level:
                title = collapse(f"{marker} {text}" if marker else text)
                blocks.append(Heading(title, style.level))
            else:
                blocks.append(Paragraph(tuple(_trim(inline.runs)), "text", marker, level))
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
            style = Style(int(outline) + 1, style.number, style.depth)
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


class _Inline:
    """The runs of one paragraph, and the pictures and text boxes that hang on it."""

    def __init__(self, reader: BodyReader, depth: int, shaded: bool) -> None:
        self._reader = reader
        self._depth = depth
        self._shaded = shaded
        self.runs: list[Run] = []
        self.blocks: list[Block] = []
        self.breaks_before = False
        self.breaks_after = False

    def walk(self, element: Element, style: str, depth: int) -> None:
        if depth > DEEPEST:
            return
        for child in element:
            kind = local(child)
            if kind == "t":
                self.runs.append(Run(clean(child.text or ""), style))
            elif kind in _CHARACTERS:
                self.runs.append(Run(_CHARACTERS[kind], style))
            elif kind == "r":
                self._run(child, depth)
            elif kind == "AlternateContent":
                chosen = child.find(f"{_MC}Choice")
                chosen = child.find(f"{_MC}Fallback") if chosen is None else chosen
                if chosen is not None:
                    self.walk(chosen, style, depth + 1)
            elif kind not in _UNSEEN:
                self._other(child, kind, style, depth)

    def _run(self, run: Element, depth: int) -> None:
        properties = run.find(f"{W}rPr")
        if properties is not None and (_on(properties, "vanish") or self._invisible(properties)):
            self._reader.hidden |= any((t.text or "").strip() for t in run.iter(f"{W}t"))
            return
        self.walk(run, _run_style(properties), depth + 1)

    def _invisible(self, properties: Element) -> bool:
        """White on white, or of no size. In a table the ground may be dark by the table's style."""
        size = value(properties, "sz")
        if size.isdecimal() and int(size) <= _INVISIBLE_SIZE:
            return True
        shaded = any(properties.find(f"{W}{tag}") is not None for tag in ("shd", "highlight"))
        white = value(properties, "color").upper() == "FFFFFF"
        return white and not (shaded or self._shaded or self._reader.on_ground)

    def _other(self, child: Element, kind: str, style: str, depth: int) -> None:
        if kind == "br":
            if child.get(f"{W}type") == "page":
                if "".join(run.text for run in self.runs).strip():
                    self.breaks_after = True
                else:
                    self.breaks_before = True
            else:
                self.runs.append(Run("\n", style))
        elif kind == "sym":
            self.runs.append(Run(_symbol(child), style))
        elif kind in ("footnoteReference", "endnoteReference"):
            self._reader.notes.append((kind, child.get(f"{W}id", "")))
            self.runs.append(Run(str(len(self._reader.notes)), "p"))
        elif kind in ("blip", "imagedata"):
            embedded = child.get(f"{_R}embed") or child.get(f"{_R}id") or ""
            picture = self._reader.picture(embedded)
            if picture is not None:
                self.blocks.append(picture)
        elif kind in ("chart", "relIds"):
            self.blocks += self._reader.graphic(child)
        elif kind == "txbxContent":
            self._reader.on_ground += 1  # a text box has a ground of its own
            self.blocks += self._reader.blocks(child, self._depth + depth + 1)
            self._reader.on_ground -= 1
        else:
            self.walk(child, style, depth + 1)


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
        if kind == "tr":
            found.append(child)
        elif kind in ("sdt", "sdtContent", "ins", "customXml"):
            found += [row for row in child.iter(f"{W}tr")]
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


def _on(properties: Element, tag: str) -> bool:
    child = properties.find(f"{W}{tag}")
    return child is not None and child.get(VAL, "true") not in ("0", "false", "off")


def _run_style(properties: Element | None) -> str:
    if properties is None:
        return ""
    style = "".join(tag for tag in "bi" if _on(properties, tag))
    raised = value(properties, "vertAlign")
    return style + {"superscript": "p", "subscript": "u"}.get(raised, "")


def _symbol(element: Element) -> str:
    code = element.get(f"{W}char", "")
    try:
        value = int(code, 16)
    except ValueError:
        return ""
    return BULLETS.get(value & 0xFF, "") if 0xF000 <= value <= 0xF0FF else clean(chr(value))


# Wingdings and Symbol are fonts of their own code; these are the signs that forms and lists use.
BULLETS = {0xB7: "•", 0xA7: "▪", 0xA8: "☐", 0xFE: "☑", 0xFD: "☒", 0xFC: "✓", 0x6F: "☐", 0x78: "☒",
           0xE0: "→", 0xD8: "➢"}  # fmt: skip


def _trim(runs: list[Run]) -> list[Run]:
    runs = [run for run in runs if run.text]
    while runs and not runs[0].text.strip():
        runs.pop(0)
    while runs and not runs[-1].text.strip():
        runs.pop()
    runs[0] = runs[0]._replace(text=runs[0].text.lstrip())
    runs[-1] = runs[-1]._replace(text=runs[-1].text.rstrip())
    return runs
