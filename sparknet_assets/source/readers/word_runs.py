"""The runs of one Word paragraph, and the pictures and text boxes that hang on it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sparknet_assets.source.readers.equation import linear
from sparknet_assets.source.readers.markup import Block, Run, clean
from sparknet_assets.source.readers.package import local
from sparknet_assets.source.readers.word_styles import Style, W, is_shaded, switch, value

if TYPE_CHECKING:
    from sparknet_assets.source.readers.word_body import BodyReader

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
DEEPEST = 60
_INVISIBLE_SIZE = 4  # half points
# What is no text of the paragraph: deleted or moved text, field codes, readings above a word.
_UNSEEN = frozenset({"del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sdtPr", "rt"})
_CHARACTERS = {"tab": "  ", "ptab": "  ", "cr": "\n", "noBreakHyphen": "-"}


class Inline:
    """Walks one paragraph: `runs` is its text, `blocks` what hangs on it."""

    def __init__(self, reader: BodyReader, depth: int, shaded: bool, hidden: bool = False) -> None:
        self._reader = reader
        self._depth = depth
        self._shaded = shaded
        self._hidden = hidden
        self.runs: list[Run] = []
        self.blocks: list[Block] = []
        self.breaks_before = False
        self.breaks_after = False

    def walk(self, element: Element, style: str, depth: int) -> None:
        if depth > DEEPEST:
            return
        for child in element:
            kind = local(child)
            if kind in ("t", "oMath"):
                self.runs.append(Run(clean(linear(child)), style))
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
        if self._vanishes(properties) or (properties is not None and self._invisible(properties)):
            self._reader.hidden |= any((t.text or "").strip() for t in run.iter(f"{W}t"))
            return
        self.walk(run, _run_style(properties), depth + 1)

    def _vanishes(self, properties: Element | None) -> bool:
        """Hidden by the run itself, or else by its style, or else by its paragraph's style."""
        stated = switch(properties, "vanish")
        if stated is not None:
            return stated
        return self._hidden or self._reader.styles.get(value(properties, "rStyle"), Style()).hidden

    def _invisible(self, properties: Element) -> bool:
        """White on white, or of no size. In a table the ground may be dark by the table's style."""
        size = value(properties, "sz")
        if size.isdecimal() and int(size) <= _INVISIBLE_SIZE:
            return True
        named = self._reader.styles.get(value(properties, "rStyle"), Style())
        shaded = is_shaded(properties) or named.shaded or value(properties, "highlight")
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
        elif kind in ("sym", "checkBox"):
            self.runs.append(Run(_symbol(child) if kind == "sym" else _checked(child), style))
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


def _run_style(properties: Element | None) -> str:
    if properties is None:
        return ""
    style = "".join(tag for tag in "bi" if switch(properties, tag))
    raised = value(properties, "vertAlign")
    return style + {"superscript": "p", "subscript": "u"}.get(raised, "")


def _checked(box: Element) -> str:
    """The sign of a check box of the forms before content controls (ECMA-376, 17.16.7)."""
    stated = switch(box, "checked")
    return "☒" if (switch(box, "default") if stated is None else stated) else "☐"


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


def trim(runs: list[Run]) -> list[Run]:
    """The runs of a paragraph without the blanks around them."""
    runs = [run for run in runs if run.text]
    while runs and not runs[0].text.strip():
        runs.pop(0)
    while runs and not runs[-1].text.strip():
        runs.pop()
    runs[0] = runs[0]._replace(text=runs[0].text.lstrip())
    runs[-1] = runs[-1]._replace(text=runs[-1].text.rstrip())
    return runs
