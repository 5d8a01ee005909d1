"""What language models answered, kept so that the same question costs nothing again.

An answer rests on several documents, and must go when one of them does. So it is kept in shares,
one for each document whose passages the model read: any but all of them are random bytes. The cache
forgets a document's share with the document, and what is left can't be read any more.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from resources.cache import Cache
from resources.catalog import Catalog
from resources.vector_store import Chunk
from sparknet_assets.answers.prompt import PROMPT_VERSION


class KeptAnswers:
    """Answers of one model, each by the question and the passages that it was given.

    Args:
        model: Identity of the language model.
    """

    def __init__(self, cache: Cache, catalog: Catalog, model: str) -> None:
        self._cache = cache
        self._catalog = catalog
        self._namespace = f"answers/{PROMPT_VERSION}/{model}"

    def get(self, question: str, passages: Sequence[Chunk]) -> str | None:
        """What the model wrote; None where that is not known, or not all of it is left."""
        keys = _keys(question, passages)
        shares = self._cache.get_many(self._namespace, keys.values())
        if len(shares) != len(keys) or len({len(share) for share in shares.values()}) != 1:
            return None
        try:
            return _together(list(shares.values())).decode()
        except UnicodeDecodeError:
            return None

    def put(self, question: str, passages: Sequence[Chunk], text: str) -> None:
        """Keeps what the model wrote, unless one of the documents is being removed."""
        keys = _keys(question, passages)
        data = text.encode("utf-8", "replace")
        shares = [secrets.token_bytes(len(data)) for _ in range(len(keys) - 1)]
        shares.append(_together([data, *shares]))
        self._cache.use(self._namespace, {doc_id: [key] for doc_id, key in keys.items()})
        self._cache.put_many(self._namespace, dict(zip(keys.values(), shares, strict=True)))
        # A removal that began meanwhile may have looked before this was put.
        rows = self._catalog.get_many(set(keys))
        if any(key not in rows or rows[key].status == "deleted" for key in keys):
            self._cache.delete_many(self._namespace, keys.values())


def _keys(question: str, passages: Sequence[Chunk]) -> dict[str, str]:
    """doc_id -> key of its share."""
    whole = hashlib.sha256(question.encode("utf-8", "replace"))
    for chunk in passages:
        whole.update(f"\0{chunk.chunk_id}\0{chunk.text_sha256}".encode())
    doc_ids = sorted({chunk.doc_id for chunk in passages})
    return {
        doc_id: hashlib.sha256(f"{whole.hexdigest()}\0{doc_id}".encode()).hexdigest()
        for doc_id in doc_ids
    }


def _together(parts: Sequence[bytes]) -> bytes:
    """Exclusive or of byte strings of one length."""
    number = 0
    for part in parts:
        number ^= int.from_bytes(part, "big")
    return number.to_bytes(len(parts[0]), "big")
