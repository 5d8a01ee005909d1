"""The page tree of a PDF (ISO 32000-1, 7.7.3): pages that a wrong /Count would hide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pymupdf

_REFERENCE = re.compile(r"(\d+)\s+\d+\s+R")


def mend_counts(document: pymupdf.Document, claimed: int) -> bool:
    """Corrects each /Count, in memory, when the tree holds more pages than `claimed`.

    MuPDF believes /Count: too small and the last pages are missing without a word, absurd and none
    can be read. A tree that is damaged otherwise is left as it is.

    Returns:
        True when something was corrected.

    Raises:
        RuntimeError: MuPDF can't read an object of the tree (and its other errors).
    """
    kind, value = document.xref_get_key(document.pdf_catalog(), "Pages")
    if kind != "xref":
        return False
    root = int(value.split()[0])
    children = _walk(document, root)
    if children is None:
        return False
    counts: dict[int, int] = {}
    for node, kids in reversed(children.items()):  # parents come before their kids
        counts[node] = 1 if kids is None else sum(counts[kid] for kid in kids)
    if counts[root] <= claimed:
        return False
    for node, kids in children.items():
        if kids is not None:
            document.xref_set_key(node, "Count", str(counts[node]))
    return True


def _walk(document: pymupdf.Document, root: int) -> dict[int, list[int] | None] | None:
    """Kids by node, None for a page; None altogether when it isn't a tree of pages."""
    children: dict[int, list[int] | None] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node in children or not 0 < node < document.xref_length():
            return None
        if document.xref_get_key(node, "Type")[1] == "/Page":
            children[node] = None
            continue
        kind, value = document.xref_get_key(node, "Kids")
        if kind == "null":
            return None
        if kind == "xref":
            value = document.xref_object(int(value.split()[0]))
        kids = [int(number) for number in _REFERENCE.findall(value)]
        children[node] = kids
        waiting += kids
    return children
