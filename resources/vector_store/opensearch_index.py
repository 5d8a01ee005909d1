"""One index in OpenSearch: made when absent, written in bulk, paged through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.vector_store import Chunk
from resources.vector_store.opensearch_bulk import Action, Bulk, Done
from resources.vector_store.opensearch_client import Connection, HttpError
from resources.vector_store.opensearch_mapping import check_mapping
from resources.vector_store.words import indexed_form

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Row(NamedTuple):
    """A chunk with its vector, of shape (dimension,)."""

    chunk: Chunk
    vector: NDArray[np.float32]


class OpenSearchIndex:
    """Reads of an index that is not there find nothing, and don't make it.

    Args:
        body: What makes the index.
        page: Most documents in an answer.
    """

    def __init__(
        self, connection: Connection, name: str, dimension: int, body: dict[str, Any], page: int
    ) -> None:
        self.name = name
        self.page = page
        self.connection = connection
        self._dimension = dimension
        self._body = body

    def ensure(self) -> None:
        """Makes the index, or looks whether the one that is there is fit.

        Raises:
            SparknetError: It is not fit, or can't be made.
        """
        for _ in range(2):
            try:
                answer = self.connection.request("GET", f"/{self.name}/_mapping")
                check_mapping(self.name, answer[self.name].get("mappings", {}), self._dimension)
                return
            except HttpError as error:
                if error.status != 404:
                    raise self.connection.typed(error, "GET", f"/{self.name}/_mapping") from error
            self._make()

    def _make(self) -> None:
        try:
            self.connection.request("PUT", f"/{self.name}", self._body)
        except HttpError as error:
            if error.type == "resource_already_exists_exception":
                return
            raise SparknetError(
                FailureKind.REFUSED,
                f"OpenSearch does not make the index {self.name} ({error.type}): {error.reason}."
                " The engine faiss needs OpenSearch 2.19 or newer; set"
                " SPARKNET_OPENSEARCH_ENGINE=lucene for an older domain.",
            ) from error

    def bulk(self, actions: Sequence[Action]) -> Done:
        """Does the actions; see `Bulk.run`."""
        return Bulk(self.connection, self.name).run(actions)

    def refresh(self) -> None:
        """Lets searches see all that was written."""
        self.post("_refresh", None)

    def post(self, operation: str, body: object, params: dict[str, str] | None = None) -> Any:
        """The answer of an operation on the index; None where there is no such index."""
        path = f"/{self.name}/{operation}"
        try:
            return self.connection.request("POST", path, body, params)
        except HttpError as error:
            if error.status == 404 and error.type == "index_not_found_exception":
                return None
            raise self.connection.typed(error, "POST", path) from error

    def files(self) -> tuple[int, int]:
        """Bytes of its segments, copies on other nodes not counted, and deleted documents in them.

        Not asked of `_stats`, which answers from memory for seconds.
        """
        path = f"/{self.name}/_segments"
        try:
            answer = self.connection.request("GET", path)
        except HttpError as error:
            if error.status == 404:
                return 0, 0
            raise self.connection.typed(error, "GET", path) from error
        segments = [
            segment
            for copies in answer["indices"].get(self.name, {}).get("shards", {}).values()
            for copy in copies
            if copy["routing"]["primary"]
            for segment in copy["segments"].values()
        ]
        size = sum(segment["size_in_bytes"] for segment in segments)
        return size, sum(segment["deleted_docs"] for segment in segments)

    def drop(self) -> None:
        """Removes the index, if there is one."""
        path = f"/{self.name}"
        try:
            self.connection.request("DELETE", path)
        except HttpError as error:
            if error.status != 404:
                raise self.connection.typed(error, "DELETE", path) from error

    def pages(
        self, query: dict[str, Any], fields: Sequence[str], sort: Sequence[str]
    ) -> Iterator[list[dict[str, Any]]]:
        """All documents that match, in pages: their ids and the values of keyword fields.

        Args:
            sort: Fields that tell any two documents apart.
        """
        body: dict[str, Any] = {
            "size": self.page,
            "query": query,
            "_source": False,
            "docvalue_fields": list(fields),
            "sort": [{field: "asc"} for field in sort],
            "track_total_hits": False,
        }
        while hits := self.hits(body):
            yield hits
            if len(hits) < self.page:
                return
            body["search_after"] = hits[-1]["sort"]

    def hits(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """What a search finds."""
        answer = self.post("_search", body)
        return answer["hits"]["hits"] if answer else []

    def values(self, field: str, query: dict[str, Any]) -> set[str]:
        """All values that a keyword field has in the documents that match."""
        composite: dict[str, Any] = {
            "size": self.page,
            "sources": [{"value": {"terms": {"field": field}}}],
        }
        found: set[str] = set()
        while True:
            body = {"size": 0, "query": query, "aggs": {"values": {"composite": composite}}}
            answer = self.post("_search", body)
            if answer is None:
                return found
            page = answer["aggregations"]["values"]
            found.update(bucket["key"]["value"] for bucket in page["buckets"])
            if "after_key" not in page or len(page["buckets"]) < self.page:
                return found
            composite["after"] = page["after_key"]


def source_of(row: Row, **more: str) -> bytes:
    """A chunk as a line of a bulk request."""
    chunk = row.chunk
    fields = {
        "chunk_id": chunk.chunk_id,
        "doc_id": chunk.doc_id,
        "text_sha256": chunk.text_sha256,
        "ordinal": chunk.ordinal,
        "pages": chunk.pages,
        "words": indexed_form(chunk.text),
        "chunk": chunk.model_dump_json(),
        **more,
    }
    # Eight figures are what float32 holds; json would write seventeen.
    vector = ",".join([f"{number:.8g}" for number in row.vector.tolist()])
    return json.dumps(fields)[:-1].encode() + b', "vector": [' + vector.encode() + b"]}\n"
