"""Text, lists, tables and shapes of OpenDocument files."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.readers.hypertext import MOST_CELLS
from sparknet_assets.source.readers.markup import (
    Block,
    Grid,
    Heading,
    Paragraph,
    Picture,
    Run,
    clean,
    collapse,
    grid,
    paragraph,
)
from sparknet_assets.source.readers.numbering import BULLET
from sparknet_assets.source.readers.opendocument_tables import hidden_columns, repeats, table_rows
from sparknet_assets.source.readers.package import Package, local
from sparknet_assets.source.readers.plain import heading_row
from sparknet_assets.source.readers.word_body import block_text

NS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TEXT, _TABLE, _STYLE, _DRAW, _PRESENTATION = (
    NS % name for name in ("text", "table", "style", "drawing", "presentation")
)
_HIDING = f"{_TEXT}hidden-paragraph"
_HREF = "{http://www.w3.org/1999/xlink}href"
_UNSEEN = frozenset({"tracked-changes", "annotation", "annotation-end", "note-citation", "desc",
                     "title", "sequence-decls", "forms", "ruby-text"})  # fmt: skip
_CONTAINERS = frozenset({"section", "index-body", "table-of-content", "alphabetical-index",
                         "illustration-index", "bibliography", "user-index", "table-index",
                         "index-title", "header", "text-box"})  # fmt: skip
DEEPEST = 60


class BodyReader:
    """Reads text, lists, tables and shapes.

    Attributes:
        hidden: Whether hidden text or a hidden sheet was left out.
    """

    def __init__(self, package: Package, content: Element, styles: Element | None) -> None:
        self._package = package
        self._numbered: set[str] = set()
        self._unseen: set[str] = set()
        self.hidden = False
        self._cells = 0
        self._notes: list[str] = []
        for root in (content, styles):
            for element in root.iter() if root is not None else ():
                self._style(element)

    def _style(self, element: Element) -> None:
        kind = local(element)
        name = element.get(f"{_STYLE}name", "")
        if kind == "list-style" and len(element) and local(element[0]).endswith("number"):
            self._numbered.add(name)
        elif kind == "style":
            for child in element:
                if (
                    child.get(f"{_TEXT}display") == "none"
                    or child.get(f"{_TABLE}display") == "false"
                    or child.get(f"{_PRESENTATION}visibility") == "hidden"
                ):
                    self._unseen.add(name)

    def blocks(self, parent: Element, depth: int = 0) -> list[Block]:
        found: list[Block] = []
        if depth > DEEPEST:
            return found
        for child in parent:
            kind = local(child)
            if kind == "h":
                found += self._paragraph(child, _level(child), depth)
            elif kind == "p":
                found += self._paragraph(child, 0, depth)
            elif kind == "list":
                found += self._list(child, 0, child.get(f"{_TEXT}style-name", ""), depth)
            elif kind == "table":
                found += self.table(child, depth)
            elif kind in ("frame", "custom-shape", "g", "rect", "ellipse", "a"):
                found += self.shape(child, depth + 1)
            elif kind in _CONTAINERS and self._shows(child):
                found += self.blocks(child, depth + 1)
        return found

    def notes(self) -> list[Block]:
        return [
            Paragraph((Run(str(number), "p"), Run(f" {text}")), "note")
            for number, text in enumerate(self._notes, 1)
            if text
        ]

    def shape(self, element: Element, depth: int) -> list[Block]:
        """The picture of a frame, the first of several renderings of it, and its text."""
        found: list[Block] = []
        if depth > DEEPEST:
            return found
        for child in element:
            if local(child) == "image" and not found:
                data = self._package.data(child.get(_HREF, "").removeprefix("./"))
                found += [Picture(data)] if data else []
        return found + self.blocks(element, depth + 1)

    def _paragraph(self, element: Element, level: int, depth: int, marker: str = "",
                   indent: int = 0) -> list[Block]:  # fmt: skip
        runs: list[Run] = []
        extra: list[Block] = []
        self._inline(element, runs, extra, depth)
        text = "".join(run.text for run in runs)
        if not text.strip():
            return extra
        if level:
            return [Heading(collapse(text), level), *extra]
        return [Paragraph(tuple(runs), "text", marker, indent), *extra]

    def _inline(self, element: Element, runs: list[Run], extra: list[Block], depth: int) -> None:
        if element.get(f"{_TEXT}style-name", "") in self._unseen or not self._shows(element):
            self.hidden = True
            return
        if depth > DEEPEST:
            return
        _add(runs, element.text)
        for child in element:
            kind = local(child)
            if kind == "s":
                count = child.get(f"{_TEXT}c", "1")
                runs.append(Run(" " * (min(int(count), 200) if count.isdecimal() else 1)))
            elif kind == "tab":
                runs.append(Run(" "))
            elif kind == "line-break":
                runs.append(Run("\n"))
            elif kind == "note":
                self._note(child, runs, depth)
            elif kind in ("frame", "custom-shape", "g"):
                extra += self.shape(child, depth + 1)
            elif kind not in _UNSEEN:
                self._inline(child, runs, extra, depth + 1)
            _add(runs, child.tail)

    def _note(self, element: Element, runs: list[Run], depth: int) -> None:
        body = element.find(f"{_TEXT}note-body")
        blocks = self.blocks(body, depth + 1) if body is not None else []
        self._notes.append(" ".join(filter(None, map(block_text, blocks))))
        runs.append(Run(str(len(self._notes)), "p"))

    def _list(self, element: Element, level: int, style: str, depth: int) -> list[Block]:
        found: list[Block] = []
        if depth > DEEPEST:
            return found
        count = 0
        for item in element:
            first = local(item) == "list-item"
            for child in item:
                kind = local(child)
                if kind == "list":
                    named = child.get(f"{_TEXT}style-name", style)
                    found += self._list(child, level + 1, named, depth + 1)
                elif kind in ("p", "h"):
                    start = item.get(f"{_TEXT}start-value", "") if first else ""
                    count = int(start) if start.isdecimal() else count + first
                    marker = f"{count}." if style in self._numbered else BULLET
                    found += self._paragraph(child, 0, depth, marker if first else "", level)
                    first = False
        return found

    def table(self, element: Element, depth: int = 0) -> list[Block]:
        rows: list[list[str]] = []
        extra: list[Block] = []
        headings = 0
        columns = hidden_columns(element)
        for row, heading, shows in table_rows(element):
            cells = self._cells_of(row, extra if shows else [], depth)
            seen = [text for at, text in enumerate(cells) if shows and at not in columns]
            self.hidden |= sum(map(bool, seen)) < sum(map(bool, cells))
            cells = seen
            repeat = repeats(row.get(f"{_TABLE}number-rows-repeated"))
            repeat = repeat if cells else min(repeat, 1)
            self._cells += repeat * len(cells)
            if self._cells > MOST_CELLS:
                raise SparknetError(
                    FailureKind.TOO_LARGE,
                    f"{self._package.name} has more than {MOST_CELLS:,} filled cells; split it",
                )
            headings += heading
            rows += [list(cells) for _ in range(repeat)]
        block = grid(rows, headings)
        if block is None:
            return extra
        if len(block.rows) * len(block.rows[0]) == 1:
            return [paragraph(block.rows[0][0]), *extra]
        named = bool(block.header_rows) or heading_row(block.rows)
        return [Grid(block.rows, max(block.header_rows, int(named))), *extra]

    def _cells_of(self, row: Element, extra: list[Block], depth: int) -> list[str]:
        """The cells up to the last that has text."""
        cells: list[str] = []
        blanks = 0
        for cell in row:
            if local(cell) not in ("table-cell", "covered-table-cell"):
                continue
            blocks = self.blocks(cell, depth + 1)
            text = "\n".join(filter(None, map(block_text, blocks)))
            extra += [block for block in blocks if isinstance(block, Picture)]
            repeat = repeats(cell.get(f"{_TABLE}number-columns-repeated"))
            if text.strip():
                cells += [""] * blanks + [text] * min(repeat, 16384)
                blanks = 0
            else:
                blanks += min(repeat, 16384)
        return cells

    def _shows(self, element: Element) -> bool:
        """Whether a section, a field or a paragraph with one does not say that it is hidden."""
        stated = element.get(f"{_TEXT}is-hidden") == "true"
        stated |= element.get(f"{_TEXT}display") == "none"
        stated |= any(mark.get(f"{_TEXT}is-hidden") == "true" for mark in element.findall(_HIDING))
        self.hidden |= stated
        return not stated

    def seen(self, part: Element) -> bool:
        """Whether a sheet or slide shows; notes that one was hidden."""
        styles = {part.get(f"{kind}style-name", "") for kind in (_TABLE, _DRAW)}
        if styles & self._unseen:
            self.hidden = True
            return False
        return True


def _level(element: Element) -> int:
    level = element.get(f"{_TEXT}outline-level", "1")
    return min(max(int(level), 1), 6) if level.isdecimal() else 1


def _add(runs: list[Run], text: str | None) -> None:
    if text:
        text = clean(text).replace("\n", " ")
        if text.strip() or runs:
            runs.append(Run(text))
