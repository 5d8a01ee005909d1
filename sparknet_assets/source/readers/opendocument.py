"""OpenDocument texts, sheets and slides (ODT, ODS, ODP) to blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from sparknet_assets.source.container import encrypted
from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.markup import Block, Heading, PageBreak, collapse, paragraph
from sparknet_assets.source.readers.opendocument_body import NS, BodyReader
from sparknet_assets.source.readers.package import Package, local
from sparknet_assets.source.readers.word_body import block_text

_OFFICE, _TABLE, _DRAW, _META, _PRESENTATION = (
    NS % name for name in ("office", "table", "drawing", "meta", "presentation")
)
_DC = "{http://purl.org/dc/elements/1.1/}"


def read_opendocument(path: Path, media_type: str, name: str) -> Content:
    """Reads an ODT, ODS or ODP.

    Raises:
        SparknetError: `encrypted`, `corrupt` or `too_large`.
    """
    with Package(path, name) as package:
        manifest = package.data("META-INF/manifest.xml") or b""
        if b"encryption-data" in manifest:
            raise encrypted(name)
        content = package.required("content.xml")
        reader = BodyReader(package, content, package.tree("styles.xml"))
        blocks: list[Block] = []
        for body in content.findall(f"{_OFFICE}body/*"):
            kind = local(body)
            if kind == "spreadsheet":
                blocks += _sheets(reader, body)
            elif kind == "presentation":
                blocks += _slides(reader, body)
            else:
                blocks += reader.blocks(body)
        blocks += reader.notes()
        flags = {"hidden_text"} if reader.hidden else set()
        return Content(blocks, *_facts(package), flags)


def _sheets(reader: BodyReader, body: Element) -> Iterator[Block]:
    first = True
    for table in body.findall(f"{_TABLE}table"):
        if not reader.seen(table):
            continue
        content = reader.table(table)
        for shapes in table.findall(f"{_TABLE}shapes"):
            content += reader.shape(shapes, 0)
        if content:
            if not first:
                yield PageBreak()
            first = False
            yield Heading(collapse(table.get(f"{_TABLE}name", "")), 1)
            yield from content


def _slides(reader: BodyReader, body: Element) -> Iterator[Block]:
    first = True
    for number, page in enumerate(body.findall(f"{_DRAW}page"), 1):
        if not reader.seen(page):
            continue
        titles: list[Block] = []
        rest: list[Block] = []
        for shape in page:
            role = shape.get(f"{_PRESENTATION}class", "")
            if local(shape) == "notes":
                text = "\n".join(filter(None, map(block_text, reader.shape(shape, 0))))
                rest += [paragraph(f"Notes: {text}", "note")] if text.strip() else []
            elif role in ("page-number", "date-time", "footer", "header"):
                continue
            else:
                blocks = reader.shape(shape, 0)
                text = collapse(" ".join(filter(None, map(block_text, blocks))))
                if role == "title" and text:
                    titles.append(Heading(text, 1))
                else:
                    rest += blocks
        if titles or rest:
            if not first:
                yield PageBreak()
            first = False
            yield from titles or [Heading(f"Slide {number}", 2)]
            yield from rest


def _facts(package: Package) -> tuple[str | None, str | None, str | None]:
    root = package.tree("meta.xml")
    if root is None:
        return None, None, None

    def first(*tags: str) -> str | None:
        for tag in tags:
            text = collapse(root.findtext(f".//{tag}") or "") if root is not None else ""
            if text:
                return text
        return None

    return (
        first(f"{_DC}title"),
        first(f"{_META}initial-creator", f"{_DC}creator"),
        first(f"{_META}creation-date", f"{_DC}date"),
    )
