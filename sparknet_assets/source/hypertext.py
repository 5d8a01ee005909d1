"""HTML to blocks: keeps what a reader would see; fetches nothing, runs nothing."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.markup import (
    Block,
    Heading,
    Paragraph,
    Picture,
    Run,
    clean,
    collapse,
    grid,
)

MOST_CELLS = 2_000_000
MOST_SPAN = 1000

_DROPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "canvas",
        "audio",
        "video",
        "select",
        "datalist",
        "applet",
        "frameset",
        "map",
        "dialog",
    ]
)
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "ul",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "caption",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "tfoot",
        "head",
        "title",
    ]
)
_STYLES = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "cite": "i", "var": "i", "sub": "u", "sup": "p",
    "th": "b", "dt": "b", "summary": "b",
}  # fmt: skip
# An element that begins ends these open ones, unless a table or list between them says otherwise.
_ENDS = {
    "p": ("p",), "li": ("li", "p"), "dt": ("dt", "dd", "p"), "dd": ("dt", "dd", "p"),
    "tr": ("tr", "td", "th", "p"), "td": ("td", "th", "p"), "th": ("td", "th", "p"),
    "tbody": ("tr", "td", "th", "thead"), "tfoot": ("tr", "td", "th", "tbody"),
    "option": ("option",), "ul": ("p",), "ol": ("p",), "table": ("p",), "div": ("p",),
    "body": ("head",), **{f"h{n}": ("p",) for n in range(1, 7)},
}  # fmt: skip
_WALLS = frozenset({"table", "ul", "ol", "dl", "td", "th", "body"})
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|font-size\s*:\s*0(\.0*)?\s*(px|pt|em|"
    r"rem|%)?\s*(;|!|$)|opacity\s*:\s*0(\.0*)?\s*(;|!|$)|mso-hide\s*:\s*all"
)
_WHITE = re.compile(r"(?<![-\w])color\s*:\s*(#fff(fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255)")


@dataclass(slots=True)
class _Open:
    tag: str
    hidden: bool
    style: str
    pre: bool = False


@dataclass(slots=True)
class _Table:
    """A table that is being read. `layout` once another table was met inside it."""

    rows: list[list[str]] = field(default_factory=list)
    headings: list[bool] = field(default_factory=list)
    carried: dict[int, int] = field(default_factory=dict)  # column -> rows that a span still covers
    column: int = 0
    span: tuple[int, int] = (1, 1)
    in_cell: bool = False
    in_head: bool = False
    layout: bool = False
    caption: list[Run] = field(default_factory=list)


class HypertextReader(HTMLParser):
    """Turns HTML into blocks. Feed it, close it, read the attributes.

    Attributes:
        blocks: What was read.
        title: Of the head, or None.
        hidden: Whether text was left out because a reader would not see it.
    """

    def __init__(self, picture: Callable[[str], bytes | None] | None = None) -> None:
        """`picture` gives the bytes of an image by its `src`; without it only data: URLs count."""
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.title: str | None = None
        self.meta: dict[str, str] = {}
        self.hidden = False
        self._picture = picture
        self._open: list[_Open] = []
        self._counts: Counter[str] = Counter()
        self._runs: list[Run] = []
        self._lists: list[int | None] = []
        self._marker = ""
        self._quotes = 0
        self._tables: list[_Table] = []
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        for ended in _ENDS.get(tag, ()):
            self._close_implied(ended)
        parent = self._open[-1] if self._open else None
        hidden = (parent.hidden if parent else False) or _is_hidden(tag, named)
        if tag in _BLOCKS:
            self._flush()
        if tag in _VOID:
            self._void(tag, named, hidden)
            return
        style = parent.style if parent else ""
        if _STYLES.get(tag, "") not in style:
            style += _STYLES[tag]
        pre = tag in ("pre", "textarea") or (parent.pre if parent else False)
        self._open.append(_Open(tag, hidden, style, pre))
        self._counts[tag] += 1
        if not hidden:
            self._enter(tag, named)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._counts[tag]:
            return
        while self._open:
            last = self._open[-1].tag
            self._pop()
            if last == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._open or not self._open[-1].hidden:
            here = self._open[-1] if self._open else None
            if here and here.tag == "title" and self._counts["head"]:
                self.title = collapse((self.title or "") + data) or None
            elif not self._counts["head"] or self._counts["body"]:
                text = clean(data) if here and here.pre else data
                self._runs.append(Run(text, ("k" if here and here.pre else "") + _style(here)))
        elif not self.hidden and data.strip() and not self._dropped():
            self.hidden = True

    def close(self) -> None:
        super().close()
        while self._open:
            self._pop()
        self._flush()

    def _dropped(self) -> bool:
        return any(self._counts[tag] for tag in _DROPPED)

    def _close_implied(self, tag: str) -> None:
        if not self._counts[tag]:
            return
        for index in range(len(self._open) - 1, max(len(self._open) - 60, -1), -1):
            found = self._open[index].tag
            if found == tag:
                while len(self._open) > index:
                    self._pop()
                return
            if found in _WALLS:
                return

    def _pop(self) -> None:
        element = self._open.pop()
        self._counts[element.tag] -= 1
        if element.tag in _BLOCKS:
            self._flush(element)
        if not element.hidden:
            self._leave(element.tag)

    def _void(self, tag: str, named: dict[str, str], hidden: bool) -> None:
        if tag == "meta":
            name = (named.get("name") or named.get("property") or "").lower()
            if name and len(self.meta) < 100:
                self.meta[name] = collapse(named.get("content", ""))
        elif hidden:
            return
        elif tag == "br":
            self._runs.append(Run("\n", "k"))
        elif tag == "img":
            self._image(named)
        elif tag == "input" and named.get("type", "text").lower() in ("text", "submit", "button"):
            self._runs.append(Run(f" {named.get('value', '')} "))

    def _image(self, named: dict[str, str]) -> None:
        source = named.get("src", "")
        data = _data_url(source) if source[:5].lower() == "data:" else None
        if data is None and self._picture is not None:
            data = self._picture(source)
        if data:
            self._flush()
            self.blocks.append(Picture(data))

    def _enter(self, tag: str, named: dict[str, str]) -> None:
        if tag in ("ul", "ol", "menu"):
            start = named.get("start", "1")
            self._lists.append(int(start) - 1 if tag == "ol" and start.isdecimal() else None)
            if tag == "ol" and self._lists[-1] is None:
                self._lists[-1] = 0
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "table":
            if self._tables:
                self._spill(self._tables[-1])
            self._tables.append(_Table())
        elif self._tables:
            self._enter_table(self._tables[-1], tag, named)

    def _enter_table(self, table: _Table, tag: str, named: dict[str, str]) -> None:
        if tag in ("thead", "tbody", "tfoot"):
            table.in_head = tag == "thead"
        elif tag == "tr":
            self._new_row(table)
        elif tag in ("td", "th"):
            if not table.rows:
                self._new_row(table)
            if tag == "td" and not table.in_head:
                table.headings[-1] = False
            table.span = _span(named.get("colspan")), _span(named.get("rowspan"))
            table.in_cell = True
            self._advance(table)
            table.rows[-1].append("")

    def _leave(self, tag: str) -> None:
        if tag in ("ul", "ol", "menu") and self._lists:
            self._lists.pop()
        elif tag == "blockquote":
            self._quotes = max(self._quotes - 1, 0)
        elif tag == "table" and self._tables:
            self._end_table(self._tables.pop())
        elif tag == "thead" and self._tables:
            self._tables[-1].in_head = False
        elif tag in ("td", "th") and self._tables and self._tables[-1].in_cell:
            self._end_cell(self._tables[-1])

    def _new_row(self, table: _Table) -> None:
        table.rows.append([])
        table.headings.append(True)
        table.column = 0

    def _advance(self, table: _Table) -> None:
        """Puts empty cells where a cell of an earlier row reaches down into this one."""
        row = table.rows[-1]
        while table.carried.get(len(row), 0) > 0:
            table.carried[len(row)] -= 1
            self._cells += 1
            row.append("")

    def _end_cell(self, table: _Table) -> None:
        table.in_cell = False
        columns, rows = table.span
        row = table.rows[-1]
        first = len(row) - 1
        row.extend([""] * (columns - 1))
        for column in range(first, len(row)):
            if rows > 1:
                table.carried[column] = rows - 1
        self._cells += columns
        if self._cells > MOST_CELLS:
            raise SparknetError(
                FailureKind.TOO_LARGE, f"its tables have more than {MOST_CELLS:,} cells; split it"
            )

    def _spill(self, table: _Table) -> None:
        """A table around another one arranges the page: its cells become paragraphs."""
        table.layout = True
        for row in table.rows:
            self.blocks += [Paragraph((Run(cell),)) for cell in row if cell.strip()]
        table.rows, table.headings, table.in_cell = [[""]], [False], False

    def _end_table(self, table: _Table) -> None:
        if table.layout:
            self._spill(table)
            return
        headings = 0
        while headings < len(table.headings) and table.headings[headings]:
            headings += 1
        block = grid(table.rows, headings)
        if block is None:
            return
        if (len(block.rows) == 1 and len(block.rows[0]) < 3) or len(block.rows[0]) == 1:
            # One column, or one row of two, is an arrangement rather than a table.
            self.blocks += [Paragraph((Run(cell),)) for row in block.rows for cell in row if cell]
        else:
            self.blocks.append(block)

    def _next_marker(self) -> str:
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            return f"{self._lists[-1]}."
        return "•"

    def _flush(self, element: _Open | None = None) -> None:
        """Ends the text at hand: a cell's line, a heading or a paragraph."""
        runs, self._runs = _tidy(self._runs), []
        if not runs:
            return
        text = "".join(run.text for run in runs)
        if self._tables and self._tables[-1].in_cell and self._tables[-1].rows[-1:]:
            row = self._tables[-1].rows[-1]
            marker = self._take_marker()
            row[-1] = "\n".join(filter(None, (row[-1], f"{marker} {text}" if marker else text)))
            return
        level = self._heading()
        if level:
            self.blocks.append(Heading(collapse(text), level))
            return
        pre = self._counts["pre"] > 0
        self.blocks.append(
            Paragraph(
                tuple(runs),
                "pre" if pre else "text",
                self._take_marker(),
                max(len(self._lists) - 1, 0) + self._quotes,
            )
        )

    def _take_marker(self) -> str:
        marker, self._marker = self._marker, ""
        return marker

    def _heading(self) -> int:
        return next((n for n in range(1, 7) if self._counts[f"h{n}"]), 0)


def read_hypertext(
    text: str, picture: Callable[[str], bytes | None] | None = None
) -> HypertextReader:
    """Reads a whole page. See `HypertextReader`."""
    reader = HypertextReader(picture)
    reader.feed(text)
    reader.close()
    return reader


def _style(element: _Open | None) -> str:
    return element.style if element else ""


def _is_hidden(tag: str, named: dict[str, str]) -> bool:
    if tag in _DROPPED or "hidden" in named:
        return True
    if tag == "input" and named.get("type", "").lower() == "hidden":
        return True
    style = named.get("style", "").lower()
    if style and (_HIDDEN.search(style) or (_WHITE.search(style) and "background" not in style)):
        return True
    return tag == "font" and named.get("color", "").lower() in ("#fff", "#ffffff", "white")


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    return min(max(int(digits[:9]), 1), MOST_SPAN) if digits.isdecimal() else 1


def _tidy(runs: list[Run]) -> list[Run]:
    """Collapses white space across runs; runs with the style `k` keep theirs."""
    result: list[Run] = []
    ends = "\n"
    for text, style in runs:
        if "k" not in style:
            text = re.sub(r"[ \t\n\r\f\v]+", " ", clean(text))
            if ends in " \n":
                text = text.lstrip(" ")
            if not text:
                continue
        elif text.startswith("\n") and result and "k" not in result[-1].style:
            result[-1] = result[-1]._replace(text=result[-1].text.rstrip(" "))
        if text:
            ends = text[-1]
            result.append(Run(text, style))
    if not any(run.text.strip() for run in result):
        return []
    while result and not result[-1].text.strip():
        result.pop()
    while result and not result[0].text.strip(" \n") and "\n" in result[0].text:
        result.pop(0)
    result[-1] = result[-1]._replace(text=result[-1].text.rstrip())
    return [Run(text, style.replace("k", "")) for text, style in result]


def _data_url(source: str) -> bytes | None:
    head, _, payload = source.partition(",")
    if not head.lower().startswith("data:image/"):
        return None
    try:
        data = unquote_to_bytes(payload)
        return base64.b64decode(data) if head.lower().endswith(";base64") else data
    except (binascii.Error, ValueError):
        return None
