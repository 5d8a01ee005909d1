"""Word documents (DOCX) to blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from sparknet_assets.source.content import Content
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
    lines_of,
)
from sparknet_assets.source.numbering import Numbering
from sparknet_assets.source.package import Package, Relation, local
from sparknet_assets.source.plain import heading_row

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_VAL = f"{_W}val"
DEEPEST = 60
# What a reader does not see: deleted or moved text, field codes, the layout of an equation.
_UNSEEN = frozenset({"del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sdtPr", "ctrlPr"})
_CHARACTERS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-"}


@dataclass(frozen=True, slots=True)
class _Style:
    level: int = 0
    number: str = ""
    depth: int = 0


@dataclass
class _Reader:
    package: Package
    part: str
    styles: dict[str, _Style]
    numbering: Numbering
    relations: dict[str, Relation]
    hidden: bool = False
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
        inline = _Inline(self, depth)
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

    def _paragraph_style(self, element: Element) -> tuple[_Style, str, int]:
        properties = element.find(f"{_W}pPr")
        if properties is None:
            return _Style(), "", 0
        named = _value(properties, "pStyle")
        style = self.styles.get(named, _Style())
        outline = _value(properties, "outlineLvl")
        if outline.isdecimal() and int(outline) < 6:
            style = _Style(int(outline) + 1, style.number, style.depth)
        number, level = style.number, style.depth
        listed = properties.find(f"{_W}numPr")
        if listed is not None:
            number = _value(listed, "numId") or number
            given = _value(listed, "ilvl")
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
        properties = row.find(f"{_W}trPr")
        before = _value(properties, "gridBefore") if properties is not None else ""
        heading = properties is not None and properties.find(f"{_W}tblHeader") is not None
        cells = [""] * _count(before, 0)
        extra: list[Block] = []
        for cell in _cells(row):
            properties = cell.find(f"{_W}tcPr")
            span, text = 1, ""
            merged = None
            if properties is not None:
                span = _count(_value(properties, "gridSpan"), 1)
                merged = properties.find(f"{_W}vMerge")
            if merged is None or merged.get(_VAL) == "restart":
                blocks = self.blocks(cell, depth + 1)
                text = "\n".join(filter(None, map(block_text, blocks)))
                extra += [block for block in blocks if isinstance(block, Picture)]
            cells += [text, *[""] * (span - 1)]
        return cells, extra, heading

    def picture(self, relation: str) -> Block | None:
        found = self.relations.get(relation)
        if found is None or found.external:
            return None
        data = self.package.data(found.target)
        return Picture(data) if data else None


class _Inline:
    """The runs of one paragraph, and the pictures and text boxes that hang on it."""

    def __init__(self, reader: _Reader, depth: int) -> None:
        self._reader = reader
        self._depth = depth
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
        properties = run.find(f"{_W}rPr")
        if properties is not None and _on(properties, "vanish"):
            self._reader.hidden |= any((t.text or "").strip() for t in run.iter(f"{_W}t"))
            return
        self.walk(run, _run_style(properties), depth + 1)

    def _other(self, child: Element, kind: str, style: str, depth: int) -> None:
        if kind == "br":
            if child.get(f"{_W}type") == "page":
                if "".join(run.text for run in self.runs).strip():
                    self.breaks_after = True
                else:
                    self.breaks_before = True
            else:
                self.runs.append(Run("\n", style))
        elif kind == "sym":
            self.runs.append(Run(_symbol(child), style))
        elif kind in ("footnoteReference", "endnoteReference"):
            self._reader.notes.append((kind, child.get(f"{_W}id", "")))
            self.runs.append(Run(str(len(self._reader.notes)), "p"))
        elif kind in ("blip", "imagedata"):
            embedded = child.get(f"{_R}embed") or child.get(f"{_R}id") or ""
            picture = self._reader.picture(embedded)
            if picture is not None:
                self.blocks.append(picture)
        elif kind == "txbxContent":
            self.blocks += self._reader.blocks(child, self._depth + depth + 1)
        else:
            self.walk(child, style, depth + 1)


def read_word(path: Path, media_type: str, name: str) -> Content:
    """Reads a DOCX: what its body shows, notes at the end, headers and footers once.

    Raises:
        SparknetError: `encrypted`, `corrupt` or `too_large`.
    """
    with Package(path, name) as package:
        part = package.main_part("word/document.xml")
        root = package.required(part)
        relations = package.relations(part)
        folder = part.rpartition("/")[0]
        reader = _Reader(
            package,
            part,
            _styles(package.tree(f"{folder}/styles.xml")),
            Numbering.read(package.tree(f"{folder}/numbering.xml")),
            relations,
        )
        body = root.find(f"{_W}body")
        blocks = reader.blocks(root if body is None else body)
        notes = _notes(reader, folder)
        title, author, created = package.facts()
        top, bottom = (_furniture(reader, relations, kind) for kind in ("header", "footer"))
        flags = {"hidden_text"} if reader.hidden else set()
        return Content([*top, *blocks, *notes, *bottom], title, author, created, flags)


def block_text(block: Block) -> str:
    """Text of a block where only text fits, as in a cell."""
    if isinstance(block, Heading):
        return block.text
    if isinstance(block, Paragraph):
        return f"{block.marker} {block.text}" if block.marker else block.text
    if isinstance(block, Grid):
        return "\n".join(" ".join(filter(None, row)) for row in block.rows)
    return ""


def _notes(reader: _Reader, folder: str) -> list[Block]:
    found: list[Block] = []
    trees = {
        f"{kind}Reference": reader.package.tree(f"{folder}/{kind}s.xml")
        for kind in ("footnote", "endnote")
    }
    texts = {
        (kind, note.get(f"{_W}id", "")): note
        for kind, root in trees.items()
        if root is not None
        for note in root
    }
    for number, key in enumerate(list(reader.notes), 1):
        if key in texts:
            text = " ".join(filter(None, map(block_text, reader.blocks(texts[key]))))
            if text.strip():
                found.append(Paragraph((Run(str(number), "p"), Run(f" {text.strip()}")), "note"))
    return found


def _furniture(reader: _Reader, relations: dict[str, Relation], kind: str) -> list[Block]:
    """The distinct lines of all headers or footers; a bare page number is none."""
    lines: dict[str, None] = {}
    blocks: list[Block] = []
    main = reader.relations
    for relation in relations.values():
        if relation.kind != kind or relation.external:
            continue
        root = reader.package.tree(relation.target)
        if root is None:
            continue
        reader.relations = reader.package.relations(relation.target)
        for block in reader.blocks(root):
            text = lines_of(block_text(block))
            if any(character.isalpha() for character in text) and text not in lines:
                lines[text] = None
                blocks.append(Paragraph((Run(text),), "note"))
    reader.relations = main
    return blocks


def _styles(root: Element | None) -> dict[str, _Style]:
    if root is None:
        return {}
    elements = {s.get(f"{_W}styleId", ""): s for s in root.iter(f"{_W}style")}
    return {name: _style(elements, name) for name in elements}


def _style(elements: dict[str, Element], name: str) -> _Style:
    """Outline level and list of a style, looked up along the styles that it is based on."""
    level, number, depth = 0, "", 0
    current: str | None = name
    for _ in range(20):
        element = elements.get(current or "")
        if element is None:
            break
        named = _value(element, "name").lower()
        properties = element.find(f"{_W}pPr")
        if not level and named == "title":
            level = 1
        if properties is not None:
            outline = _value(properties, "outlineLvl")
            if not level and outline.isdecimal() and int(outline) < 6:
                level = int(outline) + 1
            listed = properties.find(f"{_W}numPr")
            if listed is not None and not number:
                number = _value(listed, "numId")
                depth = min(_count(_value(listed, "ilvl"), 0), 8)
        if not level and named.startswith("heading ") and named[8:].isdecimal():
            level = min(max(int(named[8:]), 1), 6)
        current = _value(element, "basedOn")
    return _Style(level, number, depth)


def _rows(table: Element) -> list[Element]:
    found = []
    for child in table:
        kind = local(child)
        if kind == "tr":
            found.append(child)
        elif kind in ("sdt", "sdtContent", "ins", "customXml"):
            found += [row for row in child.iter(f"{_W}tr")]
    return found


def _cells(row: Element) -> list[Element]:
    found = []
    for child in row:
        kind = local(child)
        if kind == "tc":
            found.append(child)
        elif kind in ("sdt", "customXml"):
            content = child.find(f"{_W}sdtContent")
            found += _cells(child if content is None else content)
    return found


def _value(parent: Element | None, tag: str) -> str:
    child = parent.find(f"{_W}{tag}") if parent is not None else None
    return "" if child is None else child.get(_VAL, "")


def _count(value: str, default: int) -> int:
    return min(int(value), 1000) if value.isdecimal() else default


def _on(properties: Element, tag: str) -> bool:
    child = properties.find(f"{_W}{tag}")
    return child is not None and child.get(_VAL, "true") not in ("0", "false", "off")


def _run_style(properties: Element | None) -> str:
    if properties is None:
        return ""
    style = "".join(tag for tag in "bi" if _on(properties, tag))
    raised = _value(properties, "vertAlign")
    return style + {"superscript": "p", "subscript": "u"}.get(raised, "")


def _symbol(element: Element) -> str:
    code = element.get(f"{_W}char", "")
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
