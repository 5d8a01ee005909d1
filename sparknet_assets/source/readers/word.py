"""Word documents (DOCX) to blocks."""

from __future__ import annotations

from pathlib import Path

from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.markup import Block, Paragraph, Run, lines_of
from sparknet_assets.source.readers.numbering import Numbering
from sparknet_assets.source.readers.package import Package, Relation
from sparknet_assets.source.readers.word_body import BodyReader, block_text
from sparknet_assets.source.readers.word_styles import W, read_styles


def read_word(path: Path, media_type: str, name: str) -> Content:
    """Reads a DOCX: what its body shows, notes at the end, headers and footers once.

    Raises:
        SparknetError: `encrypted`, `corrupt` or `too_large`.
    """
    with Package(path, name) as package:
        part = package.main_part("word/document.xml")
        root = package.required(part)
        relations = package.relations(part)
        folder = part.rpartition("/")[0]
        reader = BodyReader(
            package,
            part,
            read_styles(package.tree(f"{folder}/styles.xml")),
            Numbering.read(package.tree(f"{folder}/numbering.xml")),
            relations,
        )
        paper = root.find(f"{W}background")
        reader.on_ground = int(paper is not None and paper.get(f"{W}color", "").upper() != "FFFFFF")
        body = root.find(f"{W}body")
        blocks = reader.blocks(root if body is None else body)
        notes = _notes(reader, folder)
        title, author, created = package.facts()
        top, bottom = (_furniture(reader, relations, kind) for kind in ("header", "footer"))
        flags = {"hidden_text"} if reader.hidden else set()
        return Content([*top, *blocks, *notes, *bottom], title, author, created, flags)


def _notes(reader: BodyReader, folder: str) -> list[Block]:
    found: list[Block] = []
    trees = {
        f"{kind}Reference": reader.package.tree(f"{folder}/{kind}s.xml")
        for kind in ("footnote", "endnote")
    }
    texts = {
        (kind, note.get(f"{W}id", "")): note
        for kind, root in trees.items()
        if root is not None
        for note in root
    }
    for number, key in enumerate(list(reader.notes), 1):
        if key in texts:
            text = " ".join(filter(None, map(block_text, reader.blocks(texts[key]))))
            if text.strip():
                found.append(Paragraph((Run(str(number), "p"), Run(f" {text.strip()}")), "note"))
    return found


def _furniture(reader: BodyReader, relations: dict[str, Relation], kind: str) -> list[Block]:
    """The distinct lines of all headers or footers; a bare page number is none."""
    lines: dict[str, None] = {}
    blocks: list[Block] = []
    main = reader.relations
    for relation in relations.values():
        if relation.kind != kind or relation.external:
            continue
        root = reader.package.tree(relation.target)
        if root is None:
            continue
        reader.relations = reader.package.relations(relation.target)
        for block in reader.blocks(root):
            text = lines_of(block_text(block))
            if any(character.isalpha() for character in text) and text not in lines:
                lines[text] = None
                blocks.append(Paragraph((Run(text),), "note"))
    reader.relations = main
    return blocks
