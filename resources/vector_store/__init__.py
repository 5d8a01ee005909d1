"""The vector store port: chunks with their vectors, searched by meaning or by words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PageBox(NamedTuple):
    """A rectangle on a page (1-based) in fractions of that page, origin top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class Chunk(BaseModel):
    """A passage of a document, small enough for the embedder.

    Attributes:
        chunk_id: Unique over all documents and stable: the same text at the same place of the same
            document keeps it.
        ordinal: 0-based place in the document.
        tokens: By the embedder's tokenizer, special tokens included.
        pages: 1-based, ascending.
        boxes: Where the text stands, about one box a line or table row.
        section: Headings above the passage, outermost first.
    """

    model_config = ConfigDict(frozen=True)

    chunk_id: str
    doc_id: str
    ordinal: int
    text: str
    text_sha256: str
    tokens: int
    pages: tuple[int, ...]
    boxes: tuple[PageBox, ...]
    section: tuple[str, ...] = ()


class SearchHit(NamedTuple):
    """A chunk found, with a score of which higher is better (cosine similarity, or BM25)."""

    chunk: Chunk
    score: float


class PageRange(NamedTuple):
    """Pages `first` to `last`, 1-based, both included; to the end where `last` is None."""

    first: int
    last: int | None = None


class Scope(NamedTuple):
    """Which chunks a search may find.

    Attributes:
        doc_ids: Of these documents only; of none for an empty one.
        pages: Only those with a page in this range.
    """

    doc_ids: Collection[str] | None = None
    pages: PageRange | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it can be said without a search that nothing is found."""
        return self.doc_ids is not None and not self.doc_ids


EVERYTHING = Scope()


class Compaction(NamedTuple):
    """What was reclaimed: bytes of the store's files before and after.

    Attributes:
        complete: False when what was deleted may still be in files that the store can't rewrite,
            for instance on a server.
        seconds: How long it took.
    """

    bytes_before: int
    bytes_after: int
    complete: bool
    seconds: float


class VectorStore(Protocol):
    """Chunks with vectors and a keyword index over the same chunks, in one generation.

    Writers are serialised across processes; a reader sees every write that returned before, but
    for what `visible_within` says of searches.
    """

    @property
    def generation(self) -> str:
        """Name of the generation that is read and written: embedder and dimension."""
        ...

    @property
    def visible_within(self) -> float:
        """Seconds until searches find what a write that returned has added; 0: at once.

        Only where a service promises no more. Deletions, ids and counts take effect at once
        everywhere.
        """
        ...

    def add_chunks(self, chunks: Sequence[Chunk], embeddings: NDArray[np.float32]) -> None:
        """Upserts chunks by `chunk_id`; `embeddings` has shape (len(chunks), dimension)."""
        ...

    def search(
        self, query_embedding: NDArray[np.float32], top_k: int, *, within: Scope = EVERYTHING
    ) -> list[SearchHit]:
        """The nearest chunks by cosine similarity, best first: `top_k` where the scope has them."""
        ...

    def search_text(self, query: str, top_k: int, *, within: Scope = EVERYTHING) -> list[SearchHit]:
        """The best chunks by BM25 over their words, best first. Any string is a valid query."""
        ...

    def passages(self, places: Mapping[str, Collection[int]]) -> list[Chunk]:
        """The chunks at these ordinals of these documents, as far as there are any.

        While a new version of a document takes the place of the old one, there may be both.
        """
        ...

    def version(self) -> str | None:
        """Another one after every write and deletion, by whatever process; equal versions answer
        equal searches alike. None while a write is under way, and where that can't be told at
        less than a search costs.
        """
        ...

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        """Ids of the chunks stored for each of these documents; an empty set for none."""
        ...

    def document_ids(self) -> set[str]:
        """Ids of all documents that have chunks."""
        ...

    def delete(self, chunk_ids: Collection[str]) -> int:
        """Removes these chunks, vectors and keyword rows; returns how many there were."""
        ...

    def count(self) -> tuple[int, int]:
        """Number of vectors and number of keyword rows; equal when the store is whole."""
        ...

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        """Those of these texts that chunks of other documents have as well."""
        ...

    def compact(self) -> Compaction:
        """Rewrites the store's files without what was deleted. Searches go on meanwhile."""
        ...

    def repair(self) -> None:
        """Makes vectors and keyword rows agree again, from what the store itself holds."""
        ...

    def size_bytes(self) -> int | None:
        """Bytes that this generation takes; 0 when it holds nothing, None when nobody can say."""
        ...

    def drop(self) -> None:
        """Removes this generation altogether, files included."""
        ...
