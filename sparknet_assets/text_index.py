"""text_index.json: where each page stands in text.json, so that one is read without the others.

It is written after text.json and removed before that is written anew. What it says is believed only
where the text bears it out: it may be missing, as of a document of before, or of another text, as
after a restore. Data versions know nothing of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from resources.failure import Failure
from resources.ocr import PageText
from resources.storage import ObjectNotFoundError, StorageAdapter

_DIGEST_CHARACTERS = 16
_HEAD = b'{"schema_version":1,"size":%d,"pages":['
_SIZE = re.compile(rb'\{"schema_version":1,"size":(\d+),')


class PageFacts(BaseModel):
    """What a list of pages shows of the text of one.

    Attributes:
        page: 1-based.
        confidence: Mean over its words, 0 to 1; None without words.
        words, tables: How many.
        failure: Why it could not be read.
    """

    page: int
    engine: str
    confidence: float | None = None
    words: int = 0
    tables: int = 0
    failure: Failure | None = None

    @classmethod
    def of(cls, text: PageText) -> PageFacts:
        """The facts of a page."""
        words = sum(len(line.words) for line in text.lines)
        shown = text.model_dump(include={"page", "engine", "confidence", "failure"})
        return cls(**shown, words=words, tables=len(text.tables))


def record_of(text: PageText) -> tuple[PageFacts, bytes]:
    """A page as `write_text` takes it."""
    return PageFacts.of(text), text.model_dump_json().encode()


class IndexedPage(PageFacts):
    """A page with its place.

    Attributes:
        offset, size: Of its line in text.json, bytes.
        digest: First half of the MD5 of the line: tells whether it is still that line.
    """

    offset: int
    size: int
    digest: str

    def fits(self, line: bytes) -> bool:
        """Whether what stands there now is what stood there when the index was made."""
        return len(line) == self.size and self.digest == _digest(line)


class TextIndex(BaseModel):
    """text_index.json; one page a line, so that a page is found in it without parsing all.

    Attributes:
        size: Of the text.json that it belongs to, bytes.
        pages: In the order of the file.
    """

    schema_version: int = 1
    size: int
    pages: list[IndexedPage]


@dataclass
class IndexBuilder:
    """Notes pages as they are written. Works out nothing that the writer does not know already."""

    pages: list[IndexedPage] = field(default_factory=list)

    def add(self, facts: PageFacts, line: bytes, offset: int) -> None:
        """Notes a page whose line begins at `offset`."""
        place = {"offset": offset, "size": len(line), "digest": _digest(line)}
        self.pages.append(IndexedPage(**facts.model_dump(), **place))

    def finish(self, size: int) -> bytes:
        """The index of a text.json of `size` bytes."""
        lines = (page.model_dump_json(exclude_defaults=True).encode() for page in self.pages)
        return _HEAD % size + b",".join(b"\n" + line for line in lines) + b"\n]}\n"


def indexed_facts(
    storage: StorageAdapter, text_key: str, index_key: str
) -> list[IndexedPage] | None:
    """What the index says of the pages; None where it is not that of the text as it stands."""
    try:
        index = TextIndex.model_validate_json(storage.get(index_key))
    except (ObjectNotFoundError, ValidationError):
        return None
    return index.pages if _is_of_size(storage, text_key, index.size) else None


def indexed_pages(
    storage: StorageAdapter, text_key: str, index_key: str, pages: Collection[int]
) -> list[PageText] | None:
    """These pages, in the order of the file; None where the index does not lead to all of them."""
    try:
        data = storage.get(index_key)
        found = [entry for page in {*pages} if (entry := _entry(data, page))]
    except (ObjectNotFoundError, ValidationError):
        return None
    lines = []
    for entry in sorted(found, key=lambda entry: entry.offset):
        line = storage.get_range(text_key, entry.offset, entry.size)
        if not entry.fits(line):
            return None
        lines.append(line)
    if len(found) < len({*pages}):  # there is no such page, if this is the index of that text
        size = _SIZE.match(data)
        if not size or not _is_of_size(storage, text_key, int(size[1])):
            return None
    return [PageText.model_validate_json(line) for line in lines]


def _entry(index: bytes, page: int) -> IndexedPage | None:
    start = index.find(b'\n{"page":%d,' % page)
    if start < 0:
        return None
    line = index[start + 1 : index.find(b"\n", start + 1)]
    return IndexedPage.model_validate_json(line.rstrip(b","))


def _is_of_size(storage: StorageAdapter, text_key: str, size: int) -> bool:
    text = storage.stat(text_key)
    return text is not None and text.size == size


def _digest(line: bytes) -> str:
    # Against mix-ups, not against forgery: who can write here can write the index too.
    return hashlib.md5(line, usedforsecurity=False).hexdigest()[:_DIGEST_CHARACTERS]
