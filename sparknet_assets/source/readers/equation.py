"""Equations of Office documents (OMML; ECMA-376, 22.1) as a line of text."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sparknet_assets.source.readers.package import local

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DEEPEST = 40
_SIGNS = {"sup": "^", "sub": "_"}
# What follows the base of a script, however the file orders it.
_SCRIPTS = ("sub", "sup")


def linear(element: Element, depth: int = 0) -> str:
    """An equation on one line: (a+b)/2, x^2, \u221a(x), \u2211_(i=1)^n i."""
    if depth > _DEEPEST:
        return ""
    kind = local(element)
    if kind == "t":
        return element.text or ""
    if kind.endswith("Pr"):
        return ""
    if kind == "f":
        top, bottom = (_part(element, name, depth) for name in ("num", "den"))
        return f"{_held(top)}/{_held(bottom)}"
    if kind == "rad":
        degree = _part(element, "deg", depth)
        return f"{degree}\u221a({_part(element, 'e', depth)})"
    if kind == "d":
        return _delimited(element, depth)
    if kind in ("sSup", "sSub", "sSubSup", "sPre", "nary", "limLow", "limUpp"):
        return _scripted(element, kind, depth)
    if kind == "m":
        return "; ".join(_cells(row, depth) for row in element.findall(f"{M}mr"))
    if kind == "func":
        return f"{_part(element, 'fName', depth)} {_part(element, 'e', depth)}"
    return _children(element, depth)


def _children(element: Element, depth: int) -> str:
    return "".join(linear(child, depth + 1) for child in element)


def _part(element: Element, name: str, depth: int) -> str:
    found = element.find(f"{M}{name}")
    return "" if found is None else _children(found, depth + 1)


def _cells(element: Element, depth: int) -> str:
    return ", ".join(_children(cell, depth + 1) for cell in element.findall(f"{M}e"))


def _delimited(element: Element, depth: int) -> str:
    parts = [_children(part, depth + 1) for part in element.findall(f"{M}e")]
    first, between, last = (
        _sign(element, name, usual)
        for name, usual in (("begChr", "("), ("sepChr", "|"), ("endChr", ")"))
    )
    return first + between.join(parts) + last


def _scripted(element: Element, kind: str, depth: int) -> str:
    base = _part(element, "e", depth)
    if kind.startswith("lim"):
        return f"{base}{'_' if kind == 'limLow' else '^'}{_held(_part(element, 'lim', depth))}"
    scripts = [(name, _part(element, name, depth)) for name in _SCRIPTS]
    written = "".join(_SIGNS[name] + _held(text) for name, text in scripts if text)
    if kind == "nary":
        return f"{_sign(element, 'chr', chr(0x222B))}{written} {base}"
    return written + base if kind == "sPre" else base + written


def _sign(element: Element, name: str, usual: str) -> str:
    """A sign that the properties state, which may be none at all."""
    for properties in element:
        if (
            local(properties).endswith("Pr")
            and (found := properties.find(f"{M}{name}")) is not None
        ):
            return found.get(f"{M}val", "")
    return usual


def _held(text: str) -> str:
    """In parentheses where it is more than one number or name."""
    return text if text.isalnum() or len(text) < 2 else f"({text})"
