"""The bullets and numbers that Word and PowerPoint put before list items."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BULLET = "•"
LEVELS = 9


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    text: str = "%1."
    start: int = 1
    legal: bool = False


@dataclass
class Numbering:
    """The lists of numbering.xml, and how far each has counted.

    Lists of one kind go on counting each other's items, but for one that states its own start.
    """

    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _abstract: dict[str, str] = field(default_factory=dict)
    _own: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _starts: dict[str, dict[int, int]] = field(default_factory=dict)
    _counts: defaultdict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def read(cls, root: Element | None) -> Numbering:
        numbering = cls()
        if root is None:
            return numbering
        for abstract in root.iter(f"{_W}abstractNum"):
            numbering._levels[abstract.get(f"{_W}abstractNumId", "")] = _read_levels(abstract)
        _follow_links(root, numbering._levels)
        for number in root.iter(f"{_W}num"):
            link = number.find(f"{_W}abstractNumId")
            if link is not None:
                numbering._abstract[number.get(f"{_W}numId", "")] = link.get(f"{_W}val", "")
                numbering._override(number, link.get(f"{_W}val", ""))
        return numbering

    def _override(self, number: Element, abstract: str) -> None:
        """What one list states otherwise than its kind (ECMA-376, 17.9.8)."""
        name = number.get(f"{_W}numId", "")
        own = {**self._levels.get(abstract, {}), **_read_levels(number)}
        starts = self._starts.setdefault(name, {})
        for override in number.iter(f"{_W}lvlOverride"):
            depth = override.get(f"{_W}ilvl", "")
            start = _attribute(override, "startOverride", "")
            if depth.isdecimal() and start.isdecimal() and int(depth) in own:
                starts[int(depth)] = int(start)
                own[int(depth)] = replace(own[int(depth)], start=int(start))
        self._own[name] = own

    def marker(self, number: str, depth: int) -> str:
        """The marker of the next item of list `number` at `depth`; empty when it shows none."""
        abstract = self._abstract.get(number)
        levels = self._own.get(number, {})
        level = levels.get(depth)
        if abstract is None or level is None:
            return BULLET
        counts = self._counts[abstract]
        for at, start in self._starts.pop(number, {}).items():  # at its first item only
            counts[at] = start - 1
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [key for key in counts if key > depth]:
            del counts[deeper]
        if level.form == "bullet":
            return BULLET
        if level.form == "none":
            return ""

        def value(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            other = levels.get(at, level)
            form = "decimal" if level.legal else other.form
            return numeral(counts.get(at, other.start), form)

        return re.sub(r"%([1-9])", value, level.text)


def numeral(value: int, form: str) -> str:
    """A number in one of Word's number formats (ECMA-376, 17.18.59); unknown ones are decimal."""
    if value < 1 or value > 3999:
        return str(value)
    if "Letter" in form or form.startswith("alpha"):
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if form.startswith("lower") or "Lc" in form else letter.upper()
    if "oman" in form:
        roman = _roman(value)
        return roman if form.startswith("lower") or "Lc" in form else roman.upper()
    return f"{value:02}" if form == "decimalZero" else str(value)


def _roman(value: int) -> str:
    out = []
    for size, sign in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"),
        strict=True,
    ):
        count, value = divmod(value, size)
        out.append(sign * count)
    return "".join(out)


def _attribute(element: Element, tag: str, default: str) -> str:
    child = element.find(f"{_W}{tag}")
    return default if child is None else child.get(f"{_W}val", default)


def _follow_links(root: Element, levels: dict[str, dict[int, _Level]]) -> None:
    """Gives a kind of list that stands in a style (17.9.21, 17.9.27) that style's levels."""
    styled = {
        name: abstract.get(f"{_W}abstractNumId", "")
        for abstract in root.iter(f"{_W}abstractNum")
        if (name := _attribute(abstract, "styleLink", ""))
    }
    for abstract in root.iter(f"{_W}abstractNum"):
        link = styled.get(_attribute(abstract, "numStyleLink", ""))
        if link is not None:
            levels[abstract.get(f"{_W}abstractNumId", "")] = levels.get(link, {})


def _read_levels(parent: Element) -> dict[int, _Level]:
    return dict(_read_level(level) for level in parent.iter(f"{_W}lvl"))


def _read_level(element: Element) -> tuple[int, _Level]:
    start = _attribute(element, "start", "1")
    depth = element.get(f"{_W}ilvl", "0")
    level = _Level(
        _attribute(element, "numFmt", "decimal"),
        _attribute(element, "lvlText", ""),
        int(start) if start.isdecimal() else 1,
        _attribute(element, "isLgl", "false" if element.find(f"{_W}isLgl") is None else "true")
        in ("true", "1", "on"),
    )
    return int(depth) if depth.isdecimal() else 0, level
