"""HTML to blocks: keeps what a reader would see; fetches nothing, runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

from sparknet_assets.source.readers.html_facts import (
    BLOCKS,
    DROPPED,
    ENDS,
    STYLES,
    VOID,
    WALLS,
    data_url,
    is_hidden,
    on_ground,
)
from sparknet_assets.source.readers.html_tables import OpenTable
from sparknet_assets.source.readers.markup import (
    Block,
    Heading,
    Paragraph,
    Picture,
    Run,
    clean,
    collapse,
    tidy,
)

MOST_CELLS = 2_000_000


@dataclass(slots=True)
class _Open:
    tag: str
    hidden: bool
    style: str
    pre: bool = False
    grounded: bool = False


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
        self._tables: list[OpenTable] = []
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        for ended in ENDS.get(tag, ()):
            self._close_implied(ended)
        parent = self._open[-1] if self._open else None
        grounded = on_ground(named, parent.grounded if parent else False)
        hidden = (parent.hidden if parent else False) or is_hidden(tag, named, grounded)
        if tag in BLOCKS:
            self._flush()
        if tag in VOID:
            self._void(tag, named, hidden)
            return
        style = parent.style if parent else ""
        if STYLES.get(tag, "") not in style:
            style += STYLES[tag]
        pre = tag in ("pre", "textarea") or (parent.pre if parent else False)
        self._open.append(_Open(tag, hidden, style, pre, grounded))
        self._counts[tag] += 1
        if not hidden:
            self._enter(tag, named)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
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

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """CDATA is text; other sections lose their brackets, where the base class raises."""
        if self.rawdata.startswith("<![CDATA[", i):
            end = self.rawdata.find("]]>", i)
            if end >= 0:
                self.handle_data(self.rawdata[i + 9 : end])
                return end + 3
        end = self.rawdata.find(">", i)
        return end + 1 if end >= 0 else -1

    def _dropped(self) -> bool:
        return any(self._counts[tag] for tag in DROPPED)

    def _close_implied(self, tag: str) -> None:
        if not self._counts[tag]:
            return
        for index in range(len(self._open) - 1, max(len(self._open) - 60, -1), -1):
            found = self._open[index].tag
            if found == tag:
                while len(self._open) > index:
                    self._pop()
                return
            if found in WALLS:
                return

    def _pop(self) -> None:
        if self._open[-1].tag in BLOCKS:
            self._flush()
        element = self._open.pop()
        self._counts[element.tag] -= 1
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
        data = data_url(source) if source[:5].lower() == "data:" else None
        if data is None and self._picture is not None:
            data = self._picture(source)
        if data:
            self._flush()
            self._add(Picture(data))

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
            self._tables.append(OpenTable(MOST_CELLS - self._cells))
        elif self._tables:
            self._enter_table(self._tables[-1], tag, named)

    def _enter_table(self, table: OpenTable, tag: str, named: dict[str, str]) -> None:
        if tag in ("thead", "tbody", "tfoot"):
            table.in_head = tag == "thead"
        elif tag == "tr":
            table.row()
        elif tag in ("td", "th"):
            table.cell(tag == "th", named.get("colspan"), named.get("rowspan"))

    def _leave(self, tag: str) -> None:
        if tag in ("ul", "ol", "menu") and self._lists:
            self._lists.pop()
        elif tag == "blockquote":
            self._quotes = max(self._quotes - 1, 0)
        elif tag == "table" and self._tables:
            table = self._tables.pop()
            self._cells += table.size
            for block in table.blocks():
                self._add(block)
        elif tag == "thead" and self._tables:
            self._tables[-1].in_head = False
        elif tag in ("td", "th") and self._tables and self._tables[-1].in_cell:
            self._tables[-1].end_cell()

    def _add(self, block: Block) -> None:
        if self._tables and self._tables[-1].in_cell:
            self._tables[-1].add(block)
        else:
            self.blocks.append(block)

    def _next_marker(self) -> str:
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            return f"{self._lists[-1]}."
        return "•"

    def _flush(self) -> None:
        """Ends the text at hand: a cell's line, a heading or a paragraph."""
        runs, self._runs = tidy(self._runs), []
        if not runs:
            return
        text = "".join(run.text for run in runs)
        level = self._heading()
        if level:
            self._add(Heading(collapse(text), level))
            return
        pre = self._counts["pre"] > 0
        self._add(
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
