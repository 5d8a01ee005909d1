"""The vector store on ChromaDB, in a folder or on a server, with our keyword index beside it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from resources.vector_store import EVERYTHING, Chunk, Compaction, Scope, SearchHit
from resources.vector_store import chroma_files as files
from resources.vector_store.chroma_access import ChromaAccess, NoIndexError
from resources.vector_store.chroma_collection import ChromaCollection
from resources.vector_store.chroma_index import ChromaIndex
from resources.vector_store.exact import (
    MOST_COMPARED,
    MOST_COMPARED_INSTEAD_OF_WAITING,
    compare_all,
)
from resources.vector_store.keyword import KeywordIndex, Row
from resources.vector_store.naming import generation_name
from resources.vector_store.vectors import checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Seconds: others that open the index, or switch to new files, need no longer.
_PATIENCE = 0.1
# How many of the nearest of all chunks are looked through for those of a scope, times `top_k`;
# asking Chroma for more than so many takes longer than its own filter does.
_LOOKS = (4, 24, 60)
_MOST_LOOKED_THROUGH = 3000


class ChromaVectorStore:
    """VectorStore on ChromaDB.

    A generation has its folder `path/{generation}`: Chroma's files, `register.db` (the chunks, the
    keyword index, and all that Chroma's files can be built from again) and locks. One process
    writes at a time; in an index of more than 100,000 chunks vector searches wait for it: write in
    portions of a few thousand chunks. In a folder that one may only read, searches still work.

    On a server (`server`) Chroma keeps the vectors there, but the register and the locks stay in
    `path`: processes that share a server must share this folder too.

    Args:
        path: Folder of all generations; made at the first use.
        collection: What the index is called.
        embedder: Identity of the embedder whose vectors these are.
        dimension: Length of a vector.
        server: Host and port of a Chroma server, instead of files.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        collection: str,
        embedder: str,
        dimension: int,
        server: tuple[str, int] | None = None,
    ) -> None:
        self._generation = generation_name(collection, embedder, dimension)
        self._dimension = dimension
        self._folder = Path(path).absolute() / self._generation
        self._register = KeywordIndex(self._folder / "register.db")
        self._index = ChromaIndex(self._folder, self._generation, server, self._register)
        self._access = ChromaAccess(self._folder, self._index)

    visible_within = 0.0

    @property
    def generation(self) -> str:
        """`{collection}-{embedder}-{dimension}`, made fit for a name in Chroma."""
        return self._generation

    def add_chunks(self, chunks: Sequence[Chunk], embeddings: NDArray[np.float32]) -> None:
        """Upserts chunks by `chunk_id`, vectors first; those that are stored already cost little.

        Args:
            embeddings: Shape (len(chunks), dimension), finite.

        Raises:
            ValueError: The shapes don't fit, or a number is not finite.
            SparknetError: The Chroma server does not answer.
        """
        vectors = checked(embeddings, len(chunks), self._dimension)
        by_id = {c.chunk_id: _row(c, vector) for c, vector in zip(chunks, vectors, strict=True)}
        if not by_id:
            return
        with self._access.writing() as collection:
            stored = self._register.rows_of(by_id)
            same = {row.chunk_id for row in stored if by_id[row.chunk_id] == row}
            same = collection.present(same)
            changed = [row for chunk_id, row in by_id.items() if chunk_id not in same]
            if changed:
                self._index.write(collection, rows=changed)

    def search(
        self, query_embedding: NDArray[np.float32], top_k: int, *, within: Scope = EVERYTHING
    ) -> list[SearchHit]:
        """The nearest chunks by cosine similarity, best first: `top_k` where the scope has them."""
        vector = checked(query_embedding.reshape(1, -1), 1, self._dimension)[0]
        if top_k < 1 or within.is_empty or not self._register.exists:
            return []
        if within != EVERYTHING:
            scores = compare_all(self._register, vector, top_k, within, most=MOST_COMPARED)
            if scores is not None:
                return self._hits(scores)
        if not self._register.writable:
            # Chroma opens its files for writing only.
            return self._hits(compare_all(self._register, vector, top_k, within) or {})
        try:
            return self._nearest(vector, top_k, within)
        except NoIndexError:
            return []

    def search_text(self, query: str, top_k: int, *, within: Scope = EVERYTHING) -> list[SearchHit]:
        """The best chunks by BM25 over their words, best first. Any string is a valid query."""
        if not self._register.exists:
            return []
        return self._hits(self._register.search(query, top_k, within))

    def passages(self, places: Mapping[str, Collection[int]]) -> list[Chunk]:
        """The chunks at these ordinals of these documents, as far as there are any."""
        if not self._register.exists:
            return []
        return [Chunk.model_validate_json(record) for record in self._register.at(places)]

    def version(self) -> str | None:
        """The number of the register's last write, which begins anywhere in a new register."""
        if not self._register.exists:
            return None
        state = self._register.state
        return None if state.unfinished is not None else str(state.stamp)

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        """Ids of the chunks stored, vector and keyword row both, for each of these documents."""
        if not self._register.exists:
            return {doc_id: set() for doc_id in doc_ids}
        registered = self._register.chunk_ids(doc_ids)
        if not any(registered.values()):
            return registered
        try:
            with self._access.reading() as collection:
                present = collection.present(set().union(*registered.values()))
        except NoIndexError:
            present = set()
        return {doc_id: ids & present for doc_id, ids in registered.items()}

    def document_ids(self) -> set[str]:
        """Ids of all documents that have chunks."""
        return self._register.document_ids() if self._register.exists else set()

    def delete(self, chunk_ids: Collection[str]) -> int:
        """Removes these chunks, vectors first; returns how many there were.

        Their vectors stay in Chroma's files, and their words in the keyword index, until `compact`.
        """
        if not chunk_ids:
            return 0
        try:
            with self._access.writing(make=False) as collection:
                registered = {row.chunk_id for row in self._register.rows_of(chunk_ids)}
                doomed = registered | collection.present(chunk_ids)
                if doomed:
                    self._index.write(collection, deleted=doomed)
                return len(doomed)
        except NoIndexError:
            return 0

    def count(self) -> tuple[int, int]:
        """Number of vectors and number of keyword rows; equal when the store is whole."""
        if self._index.ours and not self._register.exists:
            return 0, 0
        try:
            with self._access.reading() as collection:
                return collection.count(), self._register.count()
        except NoIndexError:
            return 0, 0

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        """Those of these texts that chunks of other documents have as well."""
        if not self._register.exists:
            return set()
        return self._register.texts_elsewhere(text_sha256, doc_id)

    def compact(self) -> Compaction:
        """Rewrites the files without what was deleted; costs next to nothing when nothing was.

        Takes about a second for 1,000 chunks and as much free disk space again as the index has.
        Searches go on meanwhile, writers wait. Killed at any moment it leaves a whole index, and
        what it had begun is removed at the next write or the next opening.

        On a server only the register is rewritten: `complete` is False, since deleted vectors stay
        in the server's files for as long as it likes.

        Raises:
            SparknetError: The disk is full, or another process holds the register for too long.
        """
        began = time.perf_counter()
        before = files.size(self._folder)
        try:
            complete = not self._register.exists or self._access.compact()
        except NoIndexError:
            complete = True
        after = files.size(self._folder)
        return Compaction(before, after, complete, time.perf_counter() - began)

    def repair(self) -> None:
        """Makes keyword rows and vectors agree with the chunks that the register holds.

        Every vector is compared, and the keyword index checked word by word: about a second for
        10,000 chunks that need no repair. What is damaged is built anew; writers and vector
        searches wait meanwhile.

        Raises:
            SparknetError: The chunks can't be read, or the Chroma server does not answer.
        """
        with suppress(NoIndexError):
            self._access.repair()

    def size_bytes(self) -> int:
        """Size of this generation's files here; what a Chroma server keeps is not counted."""
        return files.size(self._folder)

    def drop(self) -> None:
        """Removes this generation: the collection, also on a server, its register and its folder.

        Whoever reads meanwhile finds what was there, or nothing. A later write begins anew.

        Raises:
            SparknetError: The Chroma server does not answer; nothing was removed then.
        """
        self._access.drop()

    def _nearest(self, vector: NDArray[np.float32], top_k: int, within: Scope) -> list[SearchHit]:
        try:
            with self._access.reading(_PATIENCE) as collection:
                return self._hits(self._query(collection, vector, top_k, within))
        except TimeoutError:
            return self._hits(self._query_beside_a_writer(vector, top_k, within))

    def _query_beside_a_writer(
        self, vector: NDArray[np.float32], top_k: int, within: Scope
    ) -> dict[str, float]:
        most = MOST_COMPARED_INSTEAD_OF_WAITING
        scores = compare_all(self._register, vector, top_k, within, most=most)
        if scores is not None:
            return scores
        with self._access.reading() as collection:
            return self._query(collection, vector, top_k, within)

    def _query(
        self,
        collection: ChromaCollection,
        vector: NDArray[np.float32],
        top_k: int,
        within: Scope,
    ) -> dict[str, float]:
        """The nearest in a scope: ever more of the nearest are looked through, for Chroma's own
        filter takes twice as long for half of the chunks as for all, and long for many of them."""
        if within == EVERYTHING:
            return collection.query(vector, top_k)
        for asked in (look * top_k for look in _LOOKS):
            if asked > _MOST_LOOKED_THROUGH:
                break
            near = collection.query(vector, asked)
            inside = self._register.ids_within(within, near)
            if len(inside) >= top_k:
                best = sorted(inside, key=lambda chunk_id: (-near[chunk_id], chunk_id))
                return {chunk_id: near[chunk_id] for chunk_id in best[:top_k]}
        among = self._register.ids_within(within)
        found = collection.query(vector, top_k, among) if among else {}
        if len(found) < min(top_k, len(among)):
            return compare_all(self._register, vector, top_k, within) or {}
        return found

    def _hits(self, scores: Mapping[str, float]) -> list[SearchHit]:
        rows = self._register.rows_of(scores)
        hits = [
            SearchHit(Chunk.model_validate_json(row.record), scores[row.chunk_id]) for row in rows
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.chunk_id))


def _row(chunk: Chunk, vector: NDArray[np.float32]) -> Row:
    return Row(chunk.chunk_id, chunk.doc_id, chunk.model_dump_json(), vector.tobytes())
