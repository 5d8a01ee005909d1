"""DrawingML: text, tables and charts, as slides, sheets and Word documents hold them."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sparknet_assets.source.readers.equation import linear
from sparknet_assets.source.readers.markup import (
    Block,
    Grid,
    Paragraph,
    Run,
    clean,
    collapse,
    grid,
    paragraph,
)
from sparknet_assets.source.readers.numberformat import shown
from sparknet_assets.source.readers.numbering import BULLET, numeral
from sparknet_assets.source.readers.package import local
from sparknet_assets.source.readers.plain import heading_row

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def paragraphs(body: Element, bulleted: bool = False) -> list[Paragraph]:
    """The paragraphs of a text body (`txBody`).

    Args:
        bulleted: Whether the layout gives paragraphs bullets unless they say otherwise.
    """
    found: list[Paragraph] = []
    counts: dict[int, int] = {}
    for element in body.iter(f"{A}p"):
        runs = _runs(element)
        if not "".join(run.text for run in runs).strip():
            continue
        properties = element.find(f"{A}pPr")
        depth = _depth(properties)
        marker = _marker(properties, bulleted, depth, counts)
        found.append(Paragraph(tuple(runs), "text", marker, depth))
    return found


def plain(body: Element | None) -> str:
    """The text of a text body, a line for each paragraph."""
    if body is None:
        return ""
    return "\n".join("".join(run.text for run in _runs(p)).strip() for p in body.iter(f"{A}p"))


def table(element: Element) -> Block | None:
    """A table (`tbl`); None when it has no text."""
    rows = []
    for row in element.findall(f"{A}tr"):
        cells = []
        for cell in row.findall(f"{A}tc"):
            covered = cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true")
            cells.append("" if covered else plain(cell.find(f"{A}txBody")))
        rows.append(cells)
    properties = element.find(f"{A}tblPr")
    named = properties is not None and properties.get("firstRow") in ("1", "true")
    block = grid(rows, int(named))
    if block is not None and not block.header_rows and heading_row(block.rows):
        block = Grid(block.rows, 1)
    return block


def _runs(element: Element) -> list[Run]:
    runs = []
    for child in element:
        kind = local(child)
        if kind in ("r", "fld"):
            text = "".join(t.text or "" for t in child.iter(f"{A}t"))
            properties = child.find(f"{A}rPr")
            runs.append(Run(clean(text), _style(properties)))
        elif kind == "br":
            runs.append(Run("\n"))
        elif kind not in ("pPr", "endParaRPr"):  # an equation among the text
            runs.append(Run(clean(linear(child))))
    return runs


def _style(properties: Element | None) -> str:
    if properties is None:
        return ""
    style = "".join(tag for tag in "bi" if properties.get(tag) in ("1", "true"))
    raised = properties.get("baseline", "0")
    if raised.lstrip("-").isdecimal() and int(raised):
        style += "p" if int(raised) > 0 else "u"
    return style


def _depth(properties: Element | None) -> int:
    level = properties.get("lvl", "0") if properties is not None else "0"
    return min(int(level), 8) if level.isdecimal() else 0


def _marker(properties: Element | None, bulleted: bool, depth: int, counts: dict[int, int]) -> str:
    number = properties.find(f"{A}buAutoNum") if properties is not None else None
    for deeper in [level for level in counts if level > depth]:
        del counts[deeper]
    if number is not None:
        start = number.get("startAt", "1")
        first = int(start) if start.isdecimal() else 1
        counts[depth] = counts.get(depth, first - 1) + 1
        return f"{numeral(counts[depth], number.get('type', 'arabicPeriod'))}."
    counts.pop(depth, None)
    if properties is not None:
        if properties.find(f"{A}buNone") is not None:
            return ""
        if properties.find(f"{A}buChar") is not None or properties.find(f"{A}buBlip") is not None:
            return BULLET
    return BULLET if bulleted else ""


def chart(root: Element) -> list[Paragraph]:
    """The title of a chart, its series and its categories, as the file caches them."""
    found = []
    for title in root.iter():
        if local(title) == "title":
            text = collapse(plain(title))
            if text:
                found.append(paragraph(f"Chart: {text}"))
    for series in root.iter():
        if local(series) == "ser":
            parts = {local(child): child for child in series}
            name, labels, values = (
                _cached(parts.get(key), parts.get(other))
                for key, other in (("tx", ""), ("cat", "xVal"), ("val", "yVal"))
            )
            pairs = [
                f"{labels[n]} {value}" if n < len(labels) else value
                for n, value in enumerate(values[:200])
            ]
            line = ": ".join(filter(None, (" ".join(name), ", ".join(pairs))))
            if line:
                found.append(paragraph(line))
    return found


def _cached(*found: Element | None) -> list[str]:
    element = next((e for e in found if e is not None), None)
    if element is None:
        return []
    code = next((c.text or "General" for c in element.iter() if local(c) == "formatCode"), "")
    return [
        collapse(shown(v.text or "", code) if code else v.text or "")
        for v in element.iter()
        if local(v) == "v"
    ]
