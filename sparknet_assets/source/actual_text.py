"""What a PDF's structure says in place of text that a page draws (ISO 32000-1, 14.9.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from sparknet_assets.source.pdf import library


def actual_text(pdf: Any, number: int, visit: Callable[[], None]) -> str:
    """sha256 (hex) of the replacement texts of a page or form; empty where there are none.

    They stand in structure elements, which the content names by their place in a list, and the
    page or form names the list: nothing that is drawn refers to them.

    Args:
        pdf: The document in MuPDF.
        number: What the page or form states as /StructParents.
        visit: Called for each element that is looked at.
    """
    mupdf = library().mupdf
    root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(pdf), "Root")
    tree = mupdf.pdf_dict_gets(mupdf.pdf_dict_gets(root, "StructTreeRoot"), "ParentTree")
    if not tree.m_internal:
        return ""
    visit()
    listed = mupdf.pdf_lookup_number(tree, number)
    several = mupdf.pdf_is_array(listed)
    said = []
    for index in range(mupdf.pdf_array_len(listed) if several else 1):
        visit()
        element = mupdf.pdf_array_get(listed, index) if several else listed
        text = mupdf.pdf_dict_gets(element, "ActualText")
        if text.m_internal:
            said.append(f"{index}:{mupdf.pdf_to_text_string(text)!r}")
    return hashlib.sha256("\n".join(said).encode()).hexdigest() if said else ""
