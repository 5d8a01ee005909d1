"""The vector store on OpenSearch: a managed domain, a server of one's own, or Serverless."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from resources.vector_store import EVERYTHING, Chunk, Compaction, Scope, SearchHit
from resources.vector_store.opensearch_client import Connection
from resources.vector_store.opensearch_domain import DomainContents
from resources.vector_store.opensearch_index import OpenSearchIndex, Row
from resources.vector_store.opensearch_mapping import PROFILES, Engine, Kind, index_body
from resources.vector_store.opensearch_queries import (
    MOST_HITS,
    at_places,
    by_words,
    cosine,
    nearest,
)
from resources.vector_store.vectors import checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from resources.aws.clients import AwsClients
    from resources.locks import Locks
    from resources.vector_store.opensearch_register import ChunkRegister


class _Contents(Protocol):
    """What differs between a domain and Serverless: how writes are done, what is known of them."""

    @property
    def visible_within(self) -> float: ...
    def add(self, rows: Sequence[Row]) -> None: ...
    def delete(self, chunk_ids: Collection[str]) -> int: ...
    def search(self, query: dict[str, Any], size: int) -> list[tuple[str, float]]: ...
    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]: ...
    def document_ids(self) -> set[str]: ...
    def count(self) -> tuple[int, int]: ...
    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]: ...
    def repair(self) -> None: ...
    def compact(self) -> Compaction: ...
    def size_bytes(self) -> int | None: ...
    def drop(self) -> None: ...


class OpenSearchVectorStore:
    """VectorStore on OpenSearch, an index for each generation.

    A chunk, its vector and its words are one document there, so that they come and go together.
    Which index answers is said by the catalog alone; no alias is made.

    On a domain, a write that returned is seen by every search. On Serverless, a `register` says
    what there is from the moment a write returns: counts and ids are exact at once, deleted chunks
    are never found again, but new ones are found only within `visible_within` seconds.

    Args:
        endpoint: URL of the domain or collection.
        index: Name of the index; see `naming.index_name`.
        generation: What the index is called elsewhere; its name by default.
        dimension: Length of a vector.
        kind: `domain`, `serverless` (NextGen) or `serverless-classic`.
        engine: k-NN engine of a domain; Serverless has faiss only.
        aws: Credentials and region that requests are signed with; None sends them unsigned.
        register: For Serverless: knows what is in the index.
        locks: For Serverless: keeps writers apart.
        visible_within: For Serverless: seconds until a write is seen; what AWS says by default.
        attempts: At a request that is throttled.
        page: Most documents in an answer when all are listed.
        shards: Primary shards of a new index on a domain; 10 to 30 GB each serve search best.
        replicas: Copies of each of them.
    """

    def __init__(
        self,
        endpoint: str,
        index: str,
        *,
        generation: str | None = None,
        dimension: int = 1024,
        kind: Kind = "domain",
        engine: Engine = "faiss",
        aws: AwsClients | None = None,
        register: ChunkRegister | None = None,
        locks: Locks | None = None,
        visible_within: float | None = None,
        attempts: int = 8,
        page: int = 5000,
        shards: int = 1,
        replicas: int = 1,
    ) -> None:
        profile = PROFILES[kind]
        self._generation = generation or index
        self._dimension = dimension
        connection = Connection(endpoint, profile.service, aws, attempts)
        body = index_body(profile, engine, dimension, shards, replicas)
        found = OpenSearchIndex(connection, index, dimension, body, page)
        self._contents: _Contents
        if profile.refreshes:
            self._contents = DomainContents(found)
            return
        from resources.vector_store.opensearch_serverless import ServerlessContents

        if register is None or locks is None:
            raise ValueError("an index on OpenSearch Serverless needs a register and locks")
        lag = profile.visible_within if visible_within is None else visible_within
        self._contents = ServerlessContents(found, register, locks, profile.own_ids, lag)

    @property
    def generation(self) -> str:
        """Name of the generation that is read and written."""
        return self._generation

    @property
    def visible_within(self) -> float:
        """0 on a domain; on Serverless 10 (NextGen) or 60 (Classic)."""
        return self._contents.visible_within

    def add_chunks(self, chunks: Sequence[Chunk], embeddings: NDArray[np.float32]) -> None:
        """Upserts chunks by `chunk_id`.

        Args:
            embeddings: Shape (len(chunks), dimension), finite, none of length zero.

        Raises:
            ValueError: The shapes don't fit, or a vector has no direction.
            SparknetError: OpenSearch did not take chunks, named by their documents, or nothing.
        """
        vectors = self._checked(embeddings, len(chunks))
        by_id = {c.chunk_id: Row(c, vector) for c, vector in zip(chunks, vectors, strict=True)}
        if by_id:
            self._contents.add(list(by_id.values()))

    def search(
        self, query_embedding: NDArray[np.float32], top_k: int, *, within: Scope = EVERYTHING
    ) -> list[SearchHit]:
        """The nearest chunks by cosine similarity, best first; at most 10,000."""
        vector = self._checked(query_embedding.reshape(1, -1), 1)[0]
        if top_k < 1 or within.is_empty:
            return []
        return self._found(lambda size: nearest(vector, size, within), top_k, cosine)

    def search_text(self, query: str, top_k: int, *, within: Scope = EVERYTHING) -> list[SearchHit]:
        """The best chunks by BM25, best first; at most 10,000. Any string is a valid query."""
        if top_k < 1 or within.is_empty:
            return []
        for body in by_words(query, within):
            if hits := self._found(lambda size, body=body: body, top_k, float):  # type: ignore[misc]
                return hits
        return []

    def passages(self, places: Mapping[str, Collection[int]]) -> list[Chunk]:
        """The chunks at these ordinals of these documents, as far as there are any."""
        wanted = {doc_id: ordinals for doc_id, ordinals in places.items() if ordinals}
        if not wanted:
            return []
        size = min(2 * sum(map(len, wanted.values())), MOST_HITS)
        found = self._contents.search(at_places(wanted), size)
        return [Chunk.model_validate_json(record) for record, _ in found]

    def version(self) -> str | None:
        """None: asking for one would take as long as a search."""
        return None

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        """Ids of the chunks stored for each of these documents; an empty set for none."""
        return self._contents.chunk_ids(doc_ids)

    def document_ids(self) -> set[str]:
        """Ids of all documents that have chunks."""
        return self._contents.document_ids()

    def delete(self, chunk_ids: Collection[str]) -> int:
        """Removes these chunks; returns how many there were."""
        return self._contents.delete(chunk_ids) if chunk_ids else 0

    def count(self) -> tuple[int, int]:
        """Number of documents with a vector and of all documents; on Serverless as registered."""
        return self._contents.count()

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        """Those of these texts that chunks of other documents have as well."""
        return self._contents.texts_elsewhere(text_sha256, doc_id) if text_sha256 else set()

    def compact(self) -> Compaction:
        """Merges deleted chunks away on a domain; Serverless does that when it likes."""
        return self._contents.compact()

    def repair(self) -> None:
        """Removes what is in the index and should not be; on Serverless waits for writes to show.

        Chunks that are lost are no longer listed afterwards, so that their stage makes them again.
        """
        self._contents.repair()

    def size_bytes(self) -> int | None:
        """Size of the index; None on Serverless, which does not say."""
        return self._contents.size_bytes()

    def drop(self) -> None:
        """Removes the index."""
        self._contents.drop()

    def _found(
        self,
        query: Callable[[int], dict[str, Any]],
        top_k: int,
        score: Callable[[float], float],
    ) -> list[SearchHit]:
        size = min(top_k, MOST_HITS)
        hits = [
            SearchHit(Chunk.model_validate_json(record), score(points))
            for record, points in self._contents.search(query(size), size)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.chunk_id))

    def _checked(self, embeddings: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
        vectors = checked(embeddings, rows, self._dimension)
        if not vectors.any(axis=1).all():
            raise ValueError("an embedding is zero in every place: it has no direction")
        return vectors
