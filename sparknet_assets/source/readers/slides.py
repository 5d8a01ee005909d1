"""PowerPoint presentations (PPTX) to blocks: a page or more for each slide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from sparknet_assets.source.readers import drawing
from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.markup import (
    Block,
    Heading,
    PageBreak,
    Picture,
    collapse,
    paragraph,
)
from sparknet_assets.source.readers.package import Package, Relation, local

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DEEPEST = 30
_FURNITURE = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})
_OFF, _ON = ("0", "false"), ("1", "true")
_TITLES = frozenset({"title", "ctrTitle"})


def read_slides(path: Path, media_type: str, name: str) -> Content:
    """Reads a PPTX: titles, text, tables, pictures and speaker notes, in the order of the slides.

    Slides and shapes that a show hides are left out and flagged.

    Raises:
        SparknetError: `encrypted`, `corrupt` or `too_large`.
    """
    with Package(path, name) as package:
        part = package.main_part("ppt/presentation.xml")
        root = package.required(part)
        relations = package.relations(part)
        blocks: list[Block] = []
        hidden = False
        for number, name_of_part in enumerate(_slide_parts(root, relations), 1):
            slide = _Slide(package, name_of_part)
            shown = slide.blocks(number)
            hidden |= slide.hidden
            if shown and blocks:
                blocks.append(PageBreak())
            blocks += shown
        return Content(blocks, *package.facts(), {"hidden_text"} if hidden else set())


def _slide_parts(root: Element, relations: dict[str, Relation]) -> list[str]:
    listed = [relations.get(slide.get(f"{_R}id", "")) for slide in root.iter(f"{_P}sldId")]
    return [relation.target for relation in listed if relation and not relation.external]


class _Slide:
    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._part = part
        self._relations = package.relations(part)
        self.hidden = False

    def blocks(self, number: int) -> list[Block]:
        root = self._package.tree(self._part)
        titles: list[str] = []
        body: list[Block] = []
        if root is not None:
            if root.get("show") in _OFF:
                self.hidden = True
                return []
            for shape in _shapes(root, 0):
                if _is_hidden(shape):
                    self.hidden |= bool("".join(shape.itertext()).strip())
                    continue
                self._add(shape, titles, body)
        heading = Heading(titles[0], 1) if titles else Heading(f"Slide {number}", 2)
        rest: list[Block] = [Heading(title, 2) for title in titles[1:]]
        notes = self._notes()
        if not (titles or body or notes):
            return []
        return [heading, *rest, *body, *notes]

    def _add(self, shape: Element, titles: list[str], body: list[Block]) -> None:
        kind = local(shape)
        if kind in ("sp", "cxnSp"):
            placeholder = shape.find(f".//{_P}nvPr/{_P}ph")
            role = "" if placeholder is None else placeholder.get("type", "body")
            if role in _FURNITURE:
                return
            text = shape.find(f"{_P}txBody")
            if text is not None and role in _TITLES:
                title = collapse(drawing.plain(text))
                if title:
                    titles.append(title)
            elif text is not None:
                body += drawing.paragraphs(text, bulleted=role in ("body", "obj"))
        elif kind == "graphicFrame":
            body += self._frame(shape)
        for blip in shape.iter(f"{drawing.A}blip") if kind in ("pic", "sp") else ():
            picture = self._picture(blip.get(f"{_R}embed", ""))
            if picture:
                body.append(picture)

    def _frame(self, shape: Element) -> list[Block]:
        found: list[Block] = []
        for element in shape.iter(f"{drawing.A}tbl"):
            block = drawing.table(element)
            if block:
                found.append(block)
        # A diagram keeps its text in a part of its own, named by dgm:relIds.
        for element in shape.iter():
            if local(element) == "relIds":
                relation = self._relations.get(element.get(f"{_R}dm", ""))
                root = self._package.tree(relation.target) if relation else None
                found += drawing.paragraphs(root, bulleted=True) if root is not None else []
            elif local(element) == "chart":
                relation = self._relations.get(element.get(f"{_R}id", ""))
                root = self._package.tree(relation.target) if relation else None
                found += drawing.chart(root) if root is not None else []
        return found

    def _picture(self, relation_id: str) -> Picture | None:
        relation = self._relations.get(relation_id)
        if relation is None or relation.external:
            return None
        data = self._package.data(relation.target)
        return Picture(data) if data else None

    def _notes(self) -> list[Block]:
        for relation in self._relations.values():
            if relation.kind == "notesSlide" and not relation.external:
                root = self._package.tree(relation.target)
                texts = [
                    drawing.plain(shape.find(f"{_P}txBody")).strip()
                    for shape in (_shapes(root, 0) if root is not None else ())
                    if (place := shape.find(f".//{_P}nvPr/{_P}ph")) is not None
                    and place.get("type") == "body"
                ]
                text = "\n".join(filter(None, texts))
                if text:
                    return [paragraph(f"Notes: {text}", "note")]
        return []


def _is_hidden(shape: Element) -> bool:
    own = shape.find(f"./*/{_P}cNvPr")
    return own is not None and own.get("hidden") in _ON


def _shapes(parent: Element, depth: int) -> Iterator[Element]:
    """The shapes of a slide, those of groups among them."""
    if depth > _DEEPEST:
        return
    for child in parent:
        kind = local(child)
        if kind in ("sp", "pic", "graphicFrame", "cxnSp"):
            yield child
        elif kind in ("cSld", "spTree", "grpSp", "Choice") or kind == "AlternateContent":
            yield from _shapes(child, depth + 1)
