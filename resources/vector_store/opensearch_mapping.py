"""What an index in OpenSearch looks like, and what each kind of OpenSearch can and can't do."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from resources.failure import FailureKind, SparknetError

Kind = Literal["domain", "serverless", "serverless-classic"]
Engine = Literal["lucene", "faiss"]

_KEYWORD = {"type": "keyword"}
# HNSW as OpenSearch's own defaults have it, but for a graph built with more care.
_HNSW = {"m": 16, "ef_construction": 128}


class Profile(NamedTuple):
    """How a kind of OpenSearch differs from another.

    Attributes:
        service: As requests to it are signed for.
        own_ids: Documents may be stored under ids of ours.
        refreshes: A refresh can be asked for, after which searches see all that was written.
        visible_within: Seconds after which searches see what was written, where none can.
        names_engine: The mapping may say which k-NN engine; else the service chooses.
    """

    service: Literal["es", "aoss"]
    own_ids: bool
    refreshes: bool
    visible_within: float
    names_engine: bool


# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-vector-search.html
PROFILES: dict[Kind, Profile] = {
    "domain": Profile("es", True, True, 0.0, True),
    "serverless-classic": Profile("aoss", False, False, 60.0, True),
    "serverless": Profile("aoss", True, False, 10.0, False),
}


def index_body(
    profile: Profile, engine: Engine, dimension: int, shards: int, replicas: int
) -> dict[str, Any]:
    """The body that makes an index: `knn_vector` by cosine, words for BM25, keywords, the chunk."""
    vector: dict[str, Any] = {"type": "knn_vector", "dimension": dimension}
    if profile.names_engine:
        method = {"name": "hnsw", "space_type": "cosinesimil", "parameters": _HNSW}
        vector["method"] = {**method, "engine": engine if profile.refreshes else "faiss"}
    else:
        vector["space_type"] = "cosinesimil"
    properties = {
        "chunk_id": _KEYWORD,
        "doc_id": _KEYWORD,
        "text_sha256": _KEYWORD,
        "ordinal": {"type": "integer"},
        "pages": {"type": "integer"},
        "words": {"type": "text", "analyzer": "words"},
        "chunk": {"type": "keyword", "index": False, "doc_values": False},
        "vector": vector,
    }
    mappings: dict[str, Any] = {"dynamic": False, "properties": properties}
    settings: dict[str, Any] = {"index.knn": True, "analysis": _analysis()}
    if profile.refreshes:
        # Writes show at the refresh that ends them, so that readers never see half of one.
        settings["index.refresh_interval"] = "-1"
        settings["index.number_of_shards"] = shards
        settings["index.number_of_replicas"] = replicas
        # Compaction takes out every deleted chunk, not only where a tenth of a segment is.
        settings["index.merge.policy.expunge_deletes_allowed"] = 0
        if engine == "faiss":
            settings["index.knn.algo_param.ef_search"] = 256
        # Both can be made again from the artifacts; in the source they would double the index.
        mappings["_source"] = {"excludes": ["vector", "words"]}
    else:
        properties["version"] = properties["write"] = _KEYWORD
    return {"settings": settings, "mappings": mappings}


def check_mapping(index: str, mapping: dict[str, Any], dimension: int) -> None:
    """Looks whether an index that is there is one of ours, for vectors of this length.

    Raises:
        SparknetError: It is not.
    """
    vector = mapping.get("properties", {}).get("vector", {})
    there = vector.get("dimension") if vector.get("type") == "knn_vector" else None
    if there is None or int(there) != dimension:
        holds = f"vectors of {there}" if there else "no vectors"
        raise SparknetError(
            FailureKind.REFUSED,
            f"The OpenSearch index {index} holds {holds}, not of {dimension}: it was made by"
            " something else. Set another SPARKNET_COLLECTION, or delete that index.",
        )


def _analysis() -> dict[str, Any]:
    """Words as the keyword index of the local deployment cuts them: folded, stemmed, `_` apart."""
    return {
        "tokenizer": {"runs": {"type": "pattern", "pattern": "[^\\p{L}\\p{N}\\p{M}]+"}},
        # Lucene refuses a document with a word of more than 32,766 bytes.
        "filter": {"bounded": {"type": "truncate", "length": 255}},
        "analyzer": {
            "words": {
                "type": "custom",
                "tokenizer": "runs",
                "filter": ["lowercase", "asciifolding", "porter_stem", "bounded"],
            }
        },
    }
