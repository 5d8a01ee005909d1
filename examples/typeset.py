"""What every PDF here needs: metadata, running headers, and HTML set into boxes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from examples.layout import A4, GREY, length

PUBLISHER = "Halden Ferry Company"
CREATED = "D:20260302090000Z"


def save(document: Any, title: str, author: str = PUBLISHER, **options: object) -> bytes:
    """The PDF's bytes with its metadata; equal for equal pages."""
    document.set_metadata(
        {"title": title, "author": author, "creationDate": CREATED, "modDate": CREATED}
    )
    settings: dict[str, object] = {"garbage": 3, "deflate": True, "no_new_id": True, **options}
    return bytes(document.tobytes(**settings))


def number_pages(document: Any, header: str, first: int = 0) -> None:
    """Writes the running header and `Page n of m` on upright printed pages from index `first`."""
    for page in document:
        if page.number < first or page.rotation or page.get_images():
            continue
        width, height = page.rect.width, page.rect.height
        page.insert_text((62, 40), header, fontname="helv", fontsize=8, color=GREY)
        page.draw_line((62, 46), (width - 62, 46), color=GREY, width=0.4)
        footer = f"Page {page.number + 1} of {document.page_count}"
        x = width - 62 - length(footer, "helv", 8)
        page.insert_text((x, height - 34), footer, fontname="helv", fontsize=8, color=GREY)


def story(pages: Sequence[Sequence[tuple[float, float, float, float]]], body: str, css: str) -> Any:
    """Sets HTML into the boxes of page after page (the last page's boxes repeat).

    Returns:
        The open document, with its fonts cut down to the glyphs used.
    """
    import pymupdf

    content = pymupdf.Story(body, user_css=css)
    target = io.BytesIO()
    writer = pymupdf.DocumentWriter(target)
    more, number = True, 0
    while more:
        device = writer.begin_page(pymupdf.Rect(0, 0, *A4))
        for box in pages[min(number, len(pages) - 1)]:
            if more:
                more, _ = content.place(pymupdf.Rect(*box))
                content.draw(device)
        writer.end_page()
        number += 1
    writer.close()
    document = pymupdf.open("pdf", target.getvalue())
    document.subset_fonts()
    return document
