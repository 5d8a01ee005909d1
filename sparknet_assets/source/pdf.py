"""PDFs through PyMuPDF: opening what can be opened, and saying why the rest can't."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.page_tree import mend_counts
from sparknet_assets.source.password import candidates

if TYPE_CHECKING:
    import pymupdf

_ENCRYPT_KEY = re.compile(rb"/Encrypt\s*(?:(\d+)\s+(\d+)\s+R|<<)")
_HANDLER = re.compile(rb"/Filter\s*/([^\s/<>\[\]()]+)")


@cache
def library() -> Any:
    """PyMuPDF, told to keep its diagnostics to itself."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    return pymupdf


def native_errors() -> tuple[type[Exception], ...]:
    """What PyMuPDF raises for a document or page that it can't read."""
    return RuntimeError, ValueError, TypeError, IndexError, library().mupdf.FzErrorBase


def open_pdf(path: Path, name: str, passwords: Iterable[str] = ()) -> tuple[pymupdf.Document, int]:
    """Opens a PDF and counts its pages.

    Args:
        name: The document, as messages call it.
        passwords: Tried in order, as given and normalised, after the empty one.

    Returns:
        The document, unlocked, for the caller to close; and its number of pages, at least 1.

    Raises:
        SparknetError: encrypted, corrupt or empty.
    """
    pymupdf = library()
    try:
        document = pymupdf.open(path, filetype="pdf")
    except pymupdf.EmptyFileError:
        raise SparknetError(FailureKind.EMPTY, f"{name} has no bytes; upload it again.") from None
    except native_errors() as error:
        raise _not_opened(path, name) from error
    try:
        _unlock(document, name, passwords)  # before page_count, which is 0 for good otherwise
        return document, _count_pages(document, name)
    except BaseException:
        document.close()
        raise


def _unlock(document: pymupdf.Document, name: str, passwords: Iterable[str]) -> None:
    if not document.needs_pass:
        return
    tried = False
    for password in candidates(passwords):
        tried = True
        if document.authenticate(password):
            return
    reason = "none of the configured passwords opens it" if tried else "no password was given"
    raise SparknetError(
        FailureKind.ENCRYPTED,
        f"{name} is encrypted and {reason}. Add its password to SPARKNET_PDF_PASSWORDS and retry.",
    )


def _count_pages(document: pymupdf.Document, name: str) -> int:
    count, problem = 0, "no page could be found" if document.is_repaired else ""
    try:
        count = int(document.page_count)
    except native_errors() as error:
        problem = f"its pages can't be counted ({reason_of(error)})"
    with suppress(*native_errors()):
        if mend_counts(document, count):
            count = int(document.page_count)
    if count > 0:
        return count
    if problem:
        raise SparknetError(
            FailureKind.CORRUPT,
            f"{name} is damaged, {problem}. Export or print it to PDF again.",
        )
    raise SparknetError(FailureKind.EMPTY, f"{name} is a PDF without pages; there is no text.")


def _not_opened(path: Path, name: str) -> SparknetError:
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        handler = encryption_handler(data)
    if handler not in (None, "Standard"):
        return SparknetError(
            FailureKind.ENCRYPTED,
            f"{name} is encrypted with a certificate or a rights service ({handler}), not with a "
            "password. Ask its owner for an unprotected copy.",
        )
    return SparknetError(
        FailureKind.CORRUPT,
        f"{name} is damaged beyond repair: no readable PDF structure. "
        "Upload it again, or export it to PDF again from where it was made.",
    )


def encryption_handler(data: bytes | mmap.mmap) -> str | None:
    """Name of the security handler of a PDF (ISO 32000-1, table 20); None when not encrypted.

    For files that MuPDF can't open, hence read from the bytes: the encryption dictionary itself is
    never compressed or encrypted.
    """
    for found in _ENCRYPT_KEY.finditer(data):
        start = found.end()
        if found[1]:
            header = rb"(?:^|[\r\n\s])%d\s+%d\s+obj\b" % (int(found[1]), int(found[2]))
            objects = [match.end() for match in re.finditer(header, data)]
            if not objects:
                continue
            start = objects[-1]
        end = data.find(b"endobj", start)
        dictionary = data[start : end if end >= 0 else start + 65536]
        handler = _HANDLER.search(dictionary)
        if handler:
            return handler[1].decode("latin-1")
    return None


def reason_of(error: Exception) -> str:
    """MuPDF's own words for what went wrong, without its error number."""
    return re.sub(r"^code=\d+: ", "", str(error)).strip() or type(error).__name__
