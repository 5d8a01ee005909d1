"""Tables on a page, with rows and columns."""

from __future__ import annotations

from collections.abc import Sequence

from resources.ocr import Table
from sparknet_assets.artifacts import RenditionTable


def known_tables(tables: Sequence[RenditionTable]) -> list[Table]:
    """Tables of a rendition, as its source file states them."""
    return [
        Table(
            block=0,
            box=table.box,
            rows=table.rows,
            row_boxes=table.row_boxes,
            header_rows=table.header_rows,
        )
        for table in tables
    ]
