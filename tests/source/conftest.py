"""Fixtures of the tests of renditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pymupdf
import pytest

from resources.settings import Settings
from sparknet_assets.source.rendition import Rendition, make_rendition


@dataclass(frozen=True)
class Made:
    """A rendition and what can be read off its pages."""

    rendition: Rendition
    path: Path
    pages: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.pages)

    @property
    def rows(self) -> list[list[str]]:
        """Rows of all tables, repeated headings left out after the first."""
        result: list[list[str]] = []
        for number, table in enumerate(self.rendition.tables):
            result += table.rows[table.header_rows if number else 0 :]
        return result


Make = Callable[[bytes | Path, str, str], Made]


@pytest.fixture
def make(tmp_path: Path, settings: Settings) -> Make:
    """Renders bytes or a file under the media type and name given."""

    def run(source: bytes | Path, media_type: str, name: str) -> Made:
        if isinstance(source, bytes):
            path = tmp_path / "source"
            path.write_bytes(source)
            source = path
        destination = tmp_path / "rendition.pdf"
        rendition = make_rendition(source, media_type, name, destination, settings)
        with pymupdf.open(destination) as document:
            pages = [page.get_text() for page in document]
        assert len(pages) == rendition.page_count
        return Made(rendition, destination, pages)

    return run
