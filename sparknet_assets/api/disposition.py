"""File names in headers."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote


def attachment(filename: str) -> str:
    """Content-Disposition of a file to be saved (RFC 6266): an ASCII name, and the true one.

    Nothing of a name can end the header or the quotes: the ASCII name keeps letters, digits and a
    few marks; the true one is percent-encoded (RFC 5987).
    """
    name = "".join(c if unicodedata.category(c)[0] != "C" else "_" for c in filename)
    name = name.replace("/", "_").replace("\\", "_") or "document"
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in folded).strip()
    plain = plain.strip(".") or "document"
    true = quote(name.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{true}"
