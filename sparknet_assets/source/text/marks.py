"""Marks of a form: check boxes as they stand, and dingbats for what they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from resources.ocr import Box
from resources.ocr.geometry import word_at
from sparknet_assets.source.text.reading_order import Segment

if TYPE_CHECKING:
    import pymupdf

    from sparknet_assets.source.text.page_frame import PageFrame

CHECKED, UNCHECKED = "\u2612", "\u2610"
_FONTS = ("zapfdingbats", "zadb")
# Codes of ZapfDingbats follow U+2700, but for what Unicode had already (its table ZDINGBAT.TXT).
_ELSEWHERE = {
    **{0x25: "\u260e", 0x2A: "\u261b", 0x2B: "\u261e", 0x48: "\u2605", 0x6C: "\u25cf"},
    **{0x6E: "\u25a0", 0x73: "\u25b2", 0x74: "\u25bc", 0x75: "\u25c6", 0x77: "\u25d7"},
}
_DINGBATS = {code: chr(0x26E0 + code) for code in range(0x21, 0x7F)} | _ELSEWHERE


def with_dingbats(line: dict[str, Any], words: Sequence[Any]) -> list[Any]:
    """Words (rows of `TextPage.extractWORDS`) of ZapfDingbats as what is drawn: a tick is no 3."""
    places = [
        span["bbox"] for span in line["spans"] if span.get("font", "").lower().endswith(_FONTS)
    ]
    if not places:
        return list(words)
    return [
        (*row[:4], row[4].translate(_DINGBATS), *row[5:])
        if any(_holds(place, row[:4]) for place in places)
        else row
        for row in words
    ]


def with_check_boxes(
    segments: list[Segment], page: pymupdf.Page, frame: PageFrame
) -> list[Segment]:
    """The pieces of a page's text with a mark for each of its check boxes and radio buttons.

    Whatever is drawn for a tick, or for none, one character says which: U+2612 or U+2610.
    """
    boxes = list(_check_boxes(page, frame))
    if not boxes:
        return segments
    kept = []
    for segment in segments:
        words = [w for w in segment.words if not any(_holds(box, w[1:5]) for box, _ in boxes)]
        if words:
            kept.append(replace(segment, words=words))
    for box, is_checked in boxes:
        mark = word_at(CHECKED if is_checked else UNCHECKED, box, 1.0)
        kept.append(Segment([mark], box.y1 - box.y0))
    return kept


def _check_boxes(page: pymupdf.Page, frame: PageFrame) -> Iterator[tuple[Box, bool]]:
    """Those that are shown, with whether they are checked."""
    import pymupdf

    if page.first_widget is None:
        return
    for widget in page.widgets(
        (pymupdf.PDF_WIDGET_TYPE_CHECKBOX, pymupdf.PDF_WIDGET_TYPE_RADIOBUTTON)
    ):
        if widget.field_display != 0 or widget.rect.is_empty:
            continue
        kind, state = page.parent.xref_get_key(widget.xref, "AS")
        # Without a state of its own it shows the field's value.
        value = state if kind == "name" else f"/{widget.field_value or 'Off'}"
        yield frame.seen(widget.rect), value not in ("/Off", "/False")


def _holds(outer: Sequence[float], inner: Sequence[float]) -> bool:
    """Whether the middle of one box is within the other."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return bool(outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3])
