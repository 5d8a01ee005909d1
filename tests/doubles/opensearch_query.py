"""What a search in the OpenSearch double finds: exact nearest vectors, BM25, filters, sums."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

_RUN = re.compile(r"[^\W_]+")
_SUFFIXES = ("ners", "ning", "ing", "ers", "ies", "es", "s", "y")
_K1, _B = 1.2, 0.75


class QueryError(Exception):
    """A query that OpenSearch would refuse: unknown ones are never passed over in silence."""


def stems(text: str) -> list[str]:
    """Words folded and stemmed, well enough for the words of the tests."""
    folded = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return [_stem(word) for word in _RUN.findall(plain)]


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


class View:
    """The documents that searches see at one moment, by their ids."""

    def __init__(self, documents: dict[str, dict[str, Any]], dimension: int) -> None:
        self.documents = documents
        self.dimension = dimension
        self._words: dict[str, list[str]] = {}
        self._rows: tuple[list[str], Any] | None = None

    def scores(self, query: dict[str, Any]) -> dict[str, float]:
        """The documents that match, with their scores."""
        ((kind, value),) = query.items()
        if kind == "knn":
            return self._nearest(value["vector"])
        if kind == "bool":
            return self._bool(value)
        if kind in ("match", "match_phrase", "match_bool_prefix"):
            return self._worded(kind, value["words"]["query"])
        return {i: 1.0 for i, d in self.documents.items() if _filter(kind, value)(d)}

    def _nearest(self, clause: dict[str, Any]) -> dict[str, float]:
        if len(clause["vector"]) != self.dimension:
            raise QueryError(f"Query vector has invalid dimension: {len(clause['vector'])}")
        if self._rows is None:
            ids = [i for i, d in self.documents.items() if "vector" in d]
            matrix = np.array([self.documents[i]["vector"] for i in ids]).reshape(
                len(ids), self.dimension
            )
            self._rows = ids, matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        ids, matrix = self._rows
        if not ids:
            return {}
        wanted = np.array(clause["vector"])
        cosines = matrix @ (wanted / np.linalg.norm(wanted))
        inside = self.scores(clause["filter"]) if "filter" in clause else self.documents
        ranked = (int(n) for n in np.argsort(-cosines, kind="stable") if ids[n] in inside)
        best = [n for _, n in zip(range(clause["k"]), ranked, strict=False)]
        return {ids[n]: (1 + float(cosines[n])) / 2 for n in best}

    def _bool(self, value: dict[str, Any]) -> dict[str, float]:
        unknown = value.keys() - {"should", "filter", "must_not", "minimum_should_match"}
        if unknown:
            raise QueryError(f"the double knows no bool with {unknown}")
        total: Counter[str] = Counter()
        if "should" in value:
            for clause in value["should"]:
                for found, score in self.scores(clause).items():
                    total[found] += score  # type: ignore[assignment]
        else:
            total.update(dict.fromkeys(self.documents, 1))
        kept = set(total)
        for clause in value.get("filter", []):
            kept &= self.scores(clause).keys()
        without = value.get("must_not", [])
        for clause in without:
            kept -= self.scores(clause).keys()
        return {i: float(total[i]) for i in kept}

    def _worded(self, kind: str, query: str) -> dict[str, float]:
        terms = stems(query)
        tests: dict[str, Callable[[list[str]], int]] = {
            "match": lambda words: sum(words.count(term) for term in terms),
            "match_phrase": lambda words: _phrases(words, terms),
            "match_bool_prefix": lambda words: sum(w.startswith(terms[-1]) for w in words),
        }
        found = {i: n for i in self.documents if terms and (n := tests[kind](self._of(i)))}
        rarity = math.log(1 + (len(self.documents) - len(found) + 0.5) / (len(found) + 0.5))
        lengths = {i: len(self._of(i)) for i in found}
        mean = sum(lengths.values()) / max(1, len(found))
        return {
            i: rarity * n * (_K1 + 1) / (n + _K1 * (1 - _B + _B * lengths[i] / mean))
            for i, n in found.items()
        }

    def _of(self, document: str) -> list[str]:
        if document not in self._words:
            self._words[document] = stems(self.documents[document].get("words", ""))
        return self._words[document]


def _phrases(words: list[str], terms: list[str]) -> int:
    return sum(words[n : n + len(terms)] == terms for n in range(len(words)))


def _filter(kind: str, value: Any) -> Callable[[dict[str, Any]], bool]:
    if kind == "match_all":
        return lambda document: True
    if kind == "exists":
        return lambda document: document.get(value["field"]) is not None
    if kind == "term":
        ((field, wanted),) = value.items()
        return lambda document: document.get(field) == wanted
    if kind == "terms":
        ((field, wanted),) = value.items()
        if len(wanted) > 65_536:
            raise QueryError("too many terms")
        among = set(wanted)
        return lambda document: document.get(field) in among
    if kind == "range":
        ((field, bounds),) = value.items()
        if bounds.keys() - {"gte", "lte"}:
            raise QueryError(f"the double knows no range with {bounds.keys()}")
        first, last = bounds.get("gte", -math.inf), bounds.get("lte", math.inf)
        return lambda document: any(first <= one <= last for one in _values(document.get(field)))
    raise QueryError(f"unknown query [{kind}]")


def _values(stored: Any) -> list[Any]:
    """To OpenSearch a list is a field with several values."""
    if stored is None:
        return []
    return list(stored) if isinstance(stored, (list, tuple)) else [stored]


def search(view: View, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a search."""
    scores = view.scores(body.get("query", {"match_all": {}}))
    size = body.get("size", 10)
    if size > 10_000:
        raise QueryError("Result window is too large")
    fields = [next(iter(part)) for part in body.get("sort", [])]

    def place(found: str) -> list[Any]:
        return [view.documents[found].get(field) for field in fields]

    ranked = sorted(scores, key=place if fields else lambda i: -scores[i])
    if "search_after" in body:
        ranked = [i for i in ranked if place(i) > body["search_after"]]
    hits = []
    for found in ranked[:size]:
        document = view.documents[found]
        hit: dict[str, Any] = {"_id": found, "_score": None if fields else scores[found]}
        if body.get("_source"):
            hit["_source"] = {f: document[f] for f in body["_source"] if f in document}
        if "docvalue_fields" in body:
            hit["fields"] = {f: [document[f]] for f in body["docvalue_fields"] if f in document}
        if fields:
            hit["sort"] = place(found)
        hits.append(hit)
    answer: dict[str, Any] = {"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": hits}}
    if "aggs" in body:
        parts = {name: _sum(view, scores, part) for name, part in body["aggs"].items()}
        answer["aggregations"] = parts
    return answer


def _sum(view: View, scores: dict[str, float], part: dict[str, Any]) -> dict[str, Any]:
    ((kind, value),) = part.items()
    if kind == "filter":
        return {"doc_count": len(view.scores(value).keys() & scores.keys())}
    if kind != "composite":
        raise QueryError(f"unknown aggregation [{kind}]")
    (source,) = value["sources"]
    ((name, terms),) = source.items()
    field = terms["terms"]["field"]
    counts = Counter(view.documents[i][field] for i in scores if field in view.documents[i])
    after = value.get("after", {}).get(name, "")
    keys = sorted(key for key in counts if key > after)[: value["size"]]
    answer: dict[str, Any] = {"buckets": [{"key": {name: k}, "doc_count": counts[k]} for k in keys]}
    return {**answer, "after_key": {name: keys[-1]}} if keys else answer
