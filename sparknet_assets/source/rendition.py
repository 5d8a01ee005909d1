"""Gives a document without pages of its own the pages of a PDF that stands for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.artifacts import RenditionTable
from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.markup import Block, Picture


@dataclass(frozen=True)
class Rendition:
    """What is known of a document once its rendition is written.

    Attributes:
        created: As the document says it, ISO 8601 where it does.
        flags: Sorted; of `attachments`, `hidden_text`, `images`.
        tables: By page; a table over several pages has an entry for each.
    """

    title: str | None
    author: str | None
    created: str | None
    flags: list[str]
    tables: list[RenditionTable]
    page_count: int


Reader = Callable[[Path, str, str], Content]


def make_rendition(
    source: Path, media_type: str, filename: str, destination: Path, settings: Settings
) -> Rendition:
    """Reads a document and writes its rendition to `destination`. Nothing is fetched or run.

    Args:
        media_type: What the bytes are, as the intake found; one of `MEDIA_TYPES`.
        filename: Names the document in messages.

    Raises:
        SparknetError: `encrypted`, `corrupt`, `empty`, `unsupported` or `too_large`.
    """
    reader = _reader(media_type)
    if reader is None:
        raise SparknetError(
            FailureKind.UNSUPPORTED,
            f"{filename} is {media_type}, which this version does not read; convert it to PDF",
        )
    if source.stat().st_size == 0:
        raise _empty(filename)
    content = _read(reader, source, media_type, filename)
    if not content.blocks:
        raise _empty(filename)
    if any(isinstance(block, Picture) for block in content.blocks):
        content.flags.add("images")
    with tempfile.TemporaryDirectory(prefix="rendition-", dir=destination.parent) as folder:
        draft = Path(folder) / "draft.pdf"
        typesetter = _typeset(content.blocks, draft, filename, settings)
        _finish(draft, destination)
    return Rendition(
        content.title,
        content.author,
        content.created,
        sorted(content.flags),
        typesetter.tables,
        typesetter.page_count,
    )


def _read(reader: Reader, source: Path, media_type: str, filename: str) -> Content:
    try:
        return reader(source, media_type, filename)
    except SparknetError as error:
        if filename in error.message:
            raise
        raise SparknetError(error.kind, f"{filename}: {error.message}") from None


def _typeset(blocks: list[Block], draft: Path, filename: str, settings: Settings) -> Any:
    from sparknet_assets.source.typesetting.typeset import Typesetter

    typesetter = Typesetter(draft, settings.max_pages, filename)
    typesetter.set(blocks)
    typesetter.close()
    return typesetter


def _finish(draft: Path, destination: Path) -> None:
    from sparknet_assets.source.typesetting.glyphs import finish

    finish(draft, destination)


def _empty(filename: str) -> SparknetError:
    return SparknetError(
        FailureKind.EMPTY, f"{filename} has no content; remove it or supply the right file"
    )


def _text(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source import encoding
    from sparknet_assets.source.readers import plain, xml_sheets

    text = encoding.decode(path.read_bytes())
    if xml_sheets.is_workbook(text):
        blocks, hidden = xml_sheets.workbook_blocks(text, name)
        return Content(blocks, flags={"hidden_text"} if hidden else set())
    if media_type in ("text/csv", "text/tab-separated-values"):
        return Content(plain.csv_blocks(text, name))
    if media_type in ("text/markdown", "text/x-markdown"):
        return Content(plain.markdown_blocks(text))
    return Content(list(plain.text_blocks(plain.unescaped(text))))


def _html(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.encoding import declared_charset, decode
    from sparknet_assets.source.readers.hypertext import read_hypertext

    data = path.read_bytes()
    page = read_hypertext(decode(data, declared_charset(data)))
    flags = {"hidden_text"} if page.hidden else set()
    author = page.meta.get("author") or None
    return Content(page.blocks, page.title, author, page.meta.get("date") or None, flags)


def _eml(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.mail import read_eml

    mail = read_eml(path.read_bytes(), name)
    return Content(mail.blocks, mail.subject, mail.sender, mail.date, mail.flags)


def _word(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.word import read_word

    return read_word(path, media_type, name)


def _slides(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.slides import read_slides

    return read_slides(path, media_type, name)


def _sheets(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.sheets import read_sheets

    return read_sheets(path, media_type, name)


def _opendocument(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.opendocument import read_opendocument

    return read_opendocument(path, media_type, name)


def _book(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.book import read_book

    return read_book(path, media_type, name)


def _extracted(path: Path, media_type: str, name: str) -> Content:
    from sparknet_assets.source.readers.extracted import read_extracted

    return read_extracted(path, media_type, name)


_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_READERS: dict[str, Reader] = {
    "text/plain": _text,
    "text/csv": _text,
    "text/tab-separated-values": _text,
    "text/markdown": _text,
    "text/x-markdown": _text,
    "text/html": _html,
    "application/xhtml+xml": _html,
    "message/rfc822": _eml,
    "application/vnd.ms-outlook": _extracted,
    "application/msword": _extracted,
    "application/vnd.ms-powerpoint": _extracted,
    "application/vnd.ms-excel": _extracted,
    "application/rtf": _extracted,
    "text/rtf": _extracted,
    "application/epub+zip": _book,
    _OFFICE + "wordprocessingml.document": _word,
    _OFFICE + "presentationml.presentation": _slides,
    _OFFICE + "spreadsheetml.sheet": _sheets,
    _OPEN_DOCUMENT + "text": _opendocument,
    _OPEN_DOCUMENT + "spreadsheet": _opendocument,
    _OPEN_DOCUMENT + "presentation": _opendocument,
}
MEDIA_TYPES = frozenset(_READERS)


def _reader(media_type: str) -> Reader | None:
    kind = media_type.partition(";")[0].strip().lower()
    return _READERS.get(kind)
