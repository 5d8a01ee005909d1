"""Styles of Word documents: which paragraphs are headings, and which belong to a list."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VAL = f"{W}val"


@dataclass(frozen=True, slots=True)
class Style:
    """Outline level (0 for body text), list and list level of a style.

    And whether it hides its text, or gives it a ground of its own.
    """

    level: int = 0
    number: str = ""
    depth: int = 0
    hidden: bool = False
    shaded: bool = False


def read_styles(root: Element | None) -> dict[str, Style]:
    """The styles of styles.xml by their ids."""
    if root is None:
        return {}
    elements = {s.get(f"{W}styleId", ""): s for s in root.iter(f"{W}style")}
    return {name: _style(elements, name) for name in elements}


def _style(elements: dict[str, Element], name: str) -> Style:
    """Outline level and list of a style, looked up along the styles that it is based on."""
    level, number, depth = 0, "", 0
    hidden: bool | None = None
    shaded = False
    current: str | None = name
    for _ in range(20):
        element = elements.get(current or "")
        if element is None:
            break
        named = value(element, "name").lower()
        hidden = switch(element.find(f"{W}rPr"), "vanish") if hidden is None else hidden
        properties = element.find(f"{W}pPr")
        shaded = shaded or is_shaded(properties) or is_shaded(element.find(f"{W}rPr"))
        if not level and named == "title":
            level = 1
        if properties is not None:
            outline = value(properties, "outlineLvl")
            if not level and outline.isdecimal() and int(outline) < 6:
                level = int(outline) + 1
            listed = properties.find(f"{W}numPr")
            if listed is not None and not number:
                number = value(listed, "numId")
                depth = min(count(value(listed, "ilvl"), 0), 8)
        if not level and named.startswith("heading ") and named[8:].isdecimal():
            level = min(max(int(named[8:]), 1), 6)
        current = value(element, "basedOn")
    return Style(level, number, depth, bool(hidden), shaded)


def is_shaded(properties: Element | None) -> bool:
    """Whether properties of a paragraph or run give it a ground that may not be white."""
    shading = properties.find(f"{W}shd") if properties is not None else None
    if shading is None:
        return False
    plain = shading.get(VAL, "clear") in ("clear", "nil")
    return not (plain and shading.get(f"{W}fill", "auto").upper() in ("AUTO", "FFFFFF"))


def switch(properties: Element | None, tag: str) -> bool | None:
    """Whether properties turn `tag` on or off; None where they don't name it."""
    child = properties.find(f"{W}{tag}") if properties is not None else None
    return None if child is None else child.get(VAL, "true") not in ("0", "false", "off")


def value(parent: Element | None, tag: str) -> str:
    """The `w:val` of a child element; empty when there is none."""
    child = parent.find(f"{W}{tag}") if parent is not None else None
    return "" if child is None else child.get(VAL, "")


def count(value: str, default: int) -> int:
    """A small number as written; `default` for anything else."""
    return min(int(value), 1000) if value.isdecimal() else default
