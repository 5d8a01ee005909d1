"""How long a search takes over 100,000 chunks, its query's embedding included."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, get_args

from benchmarks.generated_index import Vectors, Words, fill
from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.settings import load_settings
from sparknet_assets.records import new_document
from sparknet_assets.retrieval import Filters, PageSpan, SearchMode, search
from sparknet_assets.retrieval.candidates import NAMESPACE, PLACES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUDGET_MS = 50.0
CHUNKS = 100_000
QUERIES = 200
QUERY_WORDS = 9
_TYPES = tuple(f"application/x-{n}" for n in range(20))


def figures(
    chunks: int = CHUNKS, queries: int = QUERIES, home: Path | None = None
) -> dict[str, Any]:
    """Builds an index and measures it; milliseconds, unless named else.

    Args:
        home: Folder to build in, or to find the index of an earlier run in; temporary by default.
    """
    with tempfile.TemporaryDirectory(prefix="sparknet-search-") as name:
        deployment = Deployment(load_settings(home=home or Path(name)))
        deployment.embedder.embed(["the model is loaded before anything is timed"])
        vectors = Vectors(seed=2, dimension=deployment.embedder.dimension)
        started = time.perf_counter()
        stored = fill(deployment.vector_store, chunks, Words(seed=1), vectors)
        made: dict[str, Any] = {
            "chunks": chunks,
            "build_seconds": round(time.perf_counter() - started, 1),
            "index_mb": round(_size(deployment.state / "index") / 1e6),
            "recall_at_10": recall(deployment, stored, vectors.draw(queries)),
        }
        made.update(_latencies(deployment, queries))
        return made


def _latencies(deployment: Deployment, queries: int) -> dict[str, Any]:
    # The cache of a home that is used again would answer.
    deployment.cache.delete_many(NAMESPACE, map(str, range(PLACES)))
    # Words as frequent in queries as in the chunks, but not in the order of any chunk.
    words = Words(seed=1, draws=3)
    texts = [words.text(QUERY_WORDS) for _ in range(queries)]
    embed = deployment.embedder.embed
    made: dict[str, Any] = {"embedding": _spread([_milliseconds(embed, [text]) for text in texts])}
    search(deployment, "what is loaded at the first search is loaded by now")
    for mode in get_args(SearchMode):
        made[mode] = _spread([_milliseconds(search, deployment, text, mode=mode) for text in texts])
    made["hybrid, asked again"] = _spread([_milliseconds(search, deployment, t) for t in texts])
    made["filtered"] = {
        name: _spread([_milliseconds(search, deployment, text, filters=few) for text in texts])
        for name, few in _filters(deployment).items()
    }
    return made


def _filters(deployment: Deployment) -> dict[str, Filters]:
    """Filters that let few or many chunks pass; the catalog gets the rows that two of them need."""
    doc_ids = sorted(deployment.vector_store.document_ids())
    rows = [new_document(doc_id, doc_id, f"raw/{doc_id}/file.pdf") for doc_id in doc_ids]
    deployment.catalog.put(
        [
            row.model_copy(
                update={"tier": ("basic", "premium")[n % 2], "media_type": _TYPES[n % len(_TYPES)]}
            )
            for n, row in enumerate(rows)
        ]
    )
    return {
        "one document": Filters(doc_ids=(doc_ids[0],)),
        "a twentieth, by media type": Filters(media_types=_TYPES[:1]),
        "half, by tier": Filters(tiers=("basic",)),
        "pages 3-9": Filters(pages=PageSpan(first=3, last=9)),
        "half, pages 3-9": Filters(tiers=("basic",), pages=PageSpan(first=3, last=9)),
    }


def recall(
    deployment: Deployment, stored: NDArray[np.float32], queries: NDArray[np.float32]
) -> float:
    """Share of the ten nearest chunks by brute force that the index finds."""
    import numpy as np

    found = 0
    for query in queries:
        nearest = np.argpartition(-(stored @ query), 10)[:10]
        hits = deployment.vector_store.search(query, 10)
        found += len({str(n) for n in nearest} & {hit.chunk.chunk_id for hit in hits})
    return round(found / (10 * len(queries)), 4)


def measure(chunks: int = CHUNKS, queries: int = QUERIES) -> Verdict:
    """Prints all figures.

    Returns:
        Median milliseconds of a hybrid search, which does what the other two do.
    """
    made = figures(chunks, queries)
    print(json.dumps(made, indent=2))
    return _verdict(made)


def _verdict(made: dict[str, Any]) -> Verdict:
    return Verdict(
        f"hybrid search over {made['chunks']:,} chunks, p50", made["hybrid"]["p50"], BUDGET_MS, "ms"
    )


def _milliseconds(action: Any, *arguments: object, **options: object) -> tuple[float, float]:
    """Time by the clock, and time on the processors."""
    started, busy = time.perf_counter(), time.process_time()
    action(*arguments, **options)
    return (time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000


def _spread(times: list[tuple[float, float]]) -> dict[str, float]:
    by_clock = [clock for clock, _ in times]
    return {
        "p50": round(median(by_clock), 1),
        "p95": round(quantiles(by_clock, n=20)[-1], 1),
        "cpu_p50": round(median(busy for _, busy in times), 1),
    }


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--home", type=Path, help="keep the index here, and reuse it")
    parser.add_argument("--json", action="store_true", help="figures only")
    options = parser.parse_args()
    made = figures(options.chunks, options.queries, options.home)
    print(json.dumps(made, indent=2))
    verdict = _verdict(made)
    if not options.json:
        print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
