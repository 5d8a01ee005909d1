"""Books (EPUB) to blocks: the chapters in reading order."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.container import encrypted
from sparknet_assets.source.encoding import declared_charset, decode
from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.hypertext import read_hypertext
from sparknet_assets.source.readers.markup import Block, PageBreak, collapse
from sparknet_assets.source.readers.package import Package, local, resolve

LARGEST_CHAPTER = 64 << 20


def read_book(path: Path, media_type: str, name: str) -> Content:
    """Reads an EPUB: the text and pictures of its spine; each chapter starts a page.

    Raises:
        SparknetError: `encrypted` for a book under rights management, `corrupt` or `too_large`.
    """
    with Package(path, name) as package:
        if package.has("META-INF/rights.xml"):
            raise encrypted(name)
        container = package.required("META-INF/container.xml")
        part = next(
            (e.get("full-path", "") for e in container.iter() if local(e) == "rootfile"), ""
        )
        root = package.required(part)
        blocks: list[Block] = []
        hidden = False
        chapters = _chapters(root, part)
        for chapter in chapters:
            data = package.data(chapter, LARGEST_CHAPTER)
            if data is None:
                continue
            text = decode(data, declared_charset(data))
            page = read_hypertext(text, partial(_picture, package, chapter))
            hidden |= page.hidden
            if page.blocks:
                blocks += [PageBreak()] if blocks else []
                blocks += page.blocks
        if not chapters:
            raise SparknetError(FailureKind.CORRUPT, f"{name} is damaged: it lists no chapters")
        title, author, created = (_fact(root, tag) for tag in ("title", "creator", "date"))
        flags = {"hidden_text"} if hidden else set()
        return Content(blocks, title, author, created, flags)


def _picture(package: Package, chapter: str, source: str) -> bytes | None:
    return package.data(resolve(chapter, source))


def _chapters(root: Element, part: str) -> list[str]:
    items = {
        element.get("id", ""): resolve(part, element.get("href", ""))
        for element in root.iter()
        if local(element) == "item" and "html" in element.get("media-type", "")
    }
    spine = [
        items.get(element.get("idref", ""), "")
        for element in root.iter()
        if local(element) == "itemref"
    ]
    return list(dict.fromkeys(filter(None, spine)))


def _fact(root: Element, name: str) -> str | None:
    texts = (collapse("".join(e.itertext())) for e in root.iter() if local(e) == name)
    return next(filter(None, texts), None)
