"""What a PDF says about itself: title, author, time of creation, and what is remarkable."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from sparknet_assets.source.pdf import native_errors

if TYPE_CHECKING:
    import pymupdf

_FILE_ATTACHMENT = 17  # PDF_ANNOT_FILE_ATTACHMENT of MuPDF
# Kinds whose text is a remark in a window of its own, not drawn on the page: notes, shapes, marks.
_COMMENTS = frozenset({0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15})
# ISO 32000-1, tables 194 to 197: of annotations, pages, form fields and documents.
_TRIGGERS = [
    "E",
    "X",
    "D",
    "U",
    "Fo",
    "Bl",
    "PO",
    "PC",
    "PV",
    "PI",
    "O",
    "C",
    "K",
    "F",
    "V",
    "WC",
    "WS",
    "DS",
    "WP",
    "DP",
]
_OF_PAGES = 3  # flags
_PDF_DATE = re.compile(
    r"D?:?\s*(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([Zz+-])(\d\d)?'?(\d\d)?)?"
)
_LONGEST_FIELD = 500
_PLACEHOLDERS = frozenset({"", "untitled", "untitled document", "anonymous", "unspecified", "none"})


class StatedFacts(NamedTuple):
    """What a file says about itself; `created` in ISO 8601."""

    title: str | None = None
    author: str | None = None
    created: str | None = None


def flags_of(document: pymupdf.Document, page_count: int) -> list[str]:
    """What is remarkable about a PDF, sorted. A damaged part counts as absent."""
    catalog = document.pdf_catalog()
    on_pages = _flags_of_pages(document, page_count)
    checks: dict[str, Callable[[], bool]] = {
        "encrypted": lambda: _has(document, -1, "Encrypt"),
        "repaired": lambda: bool(document.is_repaired or document.is_dirty),  # by MuPDF or by us
        "javascript": lambda: (
            "javascript" in on_pages
            or _has(document, catalog, "Names/JavaScript")
            or _is_script(document, catalog, "OpenAction")
            or _reacts(document, catalog)
        ),
        "attachments": lambda: "attachments" in on_pages or bool(document.embfile_count() > 0),
        "comments": lambda: "comments" in on_pages,
        "form": lambda: bool(document.is_form_pdf) or _has(document, catalog, "AcroForm/XFA"),
        "signed": lambda: bool(document.get_sigflags() > 0),
        "portfolio": lambda: _has(document, catalog, "Collection"),
    }
    found = []
    for flag, check in checks.items():
        try:
            if check():
                found.append(flag)
        except native_errors():
            continue
    return sorted(found)


def facts_of(document: pymupdf.Document) -> StatedFacts:
    """What a PDF's information dictionary says."""
    stated = document.metadata or {}
    return StatedFacts(
        clean_field(stated.get("title")),
        clean_field(stated.get("author")),
        parse_date(stated.get("creationDate")),
    )


def clean_field(value: str | None) -> str | None:
    """A stated title or name on one line, without control characters.

    None when nothing is left, or only what a program puts there when nobody states anything.
    """
    text = (value or "").encode("utf-8", "replace").decode("utf-8")
    text = "".join(character if character.isprintable() else " " for character in text)
    field = " ".join(text.split())[:_LONGEST_FIELD]
    return None if field.strip("()[]<>").lower() in _PLACEHOLDERS else field


def parse_date(value: str | None) -> str | None:
    """A PDF date (ISO 32000-1, 7.9.4) as ISO 8601; None when it is no date.

    >>> parse_date("D:20230421160435+02'00'")
    '2023-04-21T16:04:35+02:00'
    """
    found = _PDF_DATE.match(value or "")
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        moment = datetime(year, month or 1, day or 1, hour, minute, second)
        if found[7]:
            offset = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0))
            moment = moment.replace(tzinfo=timezone(-offset if found[7] == "-" else offset))
    except ValueError:
        return None
    return moment.isoformat()


def _has(document: pymupdf.Document, xref: int, key: str) -> bool:
    return bool(document.xref_get_key(xref, key)[0] != "null")


def _flags_of_pages(document: pymupdf.Document, page_count: int) -> set[str]:
    """`javascript`, `attachments` and `comments`, as pages and what lies on them have them."""
    found: set[str] = set()
    for page in range(page_count):
        with suppress(*native_errors()):
            if _reacts(document, document.page_xref(page)):
                found.add("javascript")
            for annotation, kind, _ in document.page_annot_xrefs(page):
                if kind == _FILE_ATTACHMENT:
                    found.add("attachments")
                if _is_script(document, annotation, "A") or _reacts(document, annotation):
                    found.add("javascript")
                stated, text = document.xref_get_key(annotation, "Contents")
                if kind in _COMMENTS and stated == "string" and text.strip():
                    found.add("comments")
        if len(found) == _OF_PAGES:
            break
    return found


def _reacts(document: pymupdf.Document, xref: int) -> bool:
    """Whether one of the object's additional actions (ISO 32000-1, 12.6.3) is a script."""
    return _has(document, xref, "AA") and any(
        _is_script(document, xref, f"AA/{trigger}") for trigger in _TRIGGERS
    )


def _is_script(document: pymupdf.Document, xref: int, action: str) -> bool:
    return bool(document.xref_get_key(xref, f"{action}/S")[1] == "/JavaScript")
