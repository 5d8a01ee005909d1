"""How a document's id becomes a partition key: unchanged when safe, else a slug and a hash."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# Commas break the Dagster UI's partition selection, slashes its file-based storage.
SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_HASH_CHARACTERS = 12


def partition_key(doc_id: str) -> str:
    """The partition key of `doc_id`; distinct ids have distinct keys (but for a hash collision).

    An id that merely looks like a slug with a hash is hashed again, so it can't pass for another's.
    """
    looks_hashed = re.search(rf"--[0-9a-f]{{{_HASH_CHARACTERS}}}$", doc_id)
    if SAFE.fullmatch(doc_id) and not looks_hashed:
        return doc_id
    digest = hashlib.sha256(doc_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug(doc_id)[:60]}--{digest[:_HASH_CHARACTERS]}"


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and single hyphens out of any text; `document` if none."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-") or "document"
