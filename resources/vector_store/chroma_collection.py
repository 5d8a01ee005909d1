"""The few calls that we make of a Chroma collection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from resources.sqlite import in_chunks
from resources.vector_store.chroma_files import Blanking
from resources.vector_store.keyword import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IDS_PER_CALL = 5000


class ChromaCollection:
    """One Chroma collection: vectors under chunk ids, with `doc_id` as metadata to filter by.

    The chunks themselves stay in the register: Chroma would store them twice, once in an index, and
    keep the text of deleted ones in its files.

    Args:
        blanking: Of its files; none on a server.
    """

    def __init__(self, client: Any, collection: Any, blanking: Blanking | None = None) -> None:
        self._client = client
        self._blanking = blanking
        self._collection = collection
        self._batch = min(client.get_max_batch_size(), _IDS_PER_CALL)

    def upsert(self, rows: Sequence[Row]) -> None:
        """Inserts or replaces."""
        import numpy as np

        for part in in_chunks(rows, self._batch):
            vectors = np.frombuffer(b"".join(row.vector for row in part), dtype=np.float32)
            self._collection.upsert(
                ids=[row.chunk_id for row in part],
                embeddings=vectors.reshape(len(part), -1),
                metadatas=[{"doc_id": row.doc_id} for row in part],
            )

    def delete(self, ids: Collection[str]) -> None:
        """Removes what is there of these."""
        for chunk in in_chunks(self.present(ids), self._batch):
            self._collection.delete(ids=chunk)

    def blank(self) -> None:
        """To be called at the end of a write, before its files are synced."""
        if self._blanking:
            self._blanking.after_writing()

    def present(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that are stored."""
        found: set[str] = set()
        for chunk in in_chunks(ids, self._batch):
            found.update(self._collection.get(ids=chunk, include=[])["ids"])
        self._asked()
        return found

    def query(
        self, vector: NDArray[np.float32], top_k: int, among: Sequence[str] | None = None
    ) -> dict[str, float]:
        """Ids of the nearest chunks, of these when given, with their cosine similarity."""
        found = self._collection.query(
            query_embeddings=[vector],
            n_results=top_k,
            ids=among,
            include=["distances"],
        )
        self._asked()
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {chunk_id: 1.0 - float(distance) for chunk_id, distance in pairs}

    def count(self) -> int:
        """Number of vectors."""
        count = int(self._collection.count())
        self._asked()
        return count

    def ids(self) -> set[str]:
        """Ids of all vectors."""
        found: set[str] = set()
        for start in range(0, self.count(), self._batch):
            part = self._collection.get(limit=self._batch, offset=start, include=[])
            found.update(part["ids"])
        self._asked()
        return found

    def without_their_vector(self, rows: Sequence[Row]) -> list[Row]:
        """Those of some thousand rows whose vector is missing, or another one."""
        import numpy as np

        if not rows:
            return []
        found = self._collection.get(ids=[row.chunk_id for row in rows], include=["embeddings"])
        self._asked()
        stored = dict(zip(found["ids"], found["embeddings"], strict=True))
        wanted = [np.frombuffer(row.vector, dtype=np.float32) for row in rows]
        # Chroma gives some back with rounding errors.
        return [
            row
            for row, vector in zip(rows, wanted, strict=True)
            if row.chunk_id not in stored
            or not np.allclose(stored[row.chunk_id], vector, rtol=1e-3, atol=1e-5)
        ]

    def _asked(self) -> None:
        if self._blanking:
            self._blanking.after_reading()

    def close(self) -> None:
        """Lets go of its files."""
        self._client.close()
