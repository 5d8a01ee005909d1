"""How long an index takes to be compacted, and what searches of another process notice of that."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.generated_index import Vectors, Words, fill
from benchmarks.verdict import Verdict
from resources.vector_store.chroma import ChromaVectorStore

BUDGET = 1.2
CHUNKS = 10_000
DIMENSION = 384
_REST = 3.0
_PAUSE = 0.01


def figures(chunks: int = CHUNKS) -> dict[str, Any]:
    """Fills an index, deletes one document, compacts; searches go on all the time."""
    with tempfile.TemporaryDirectory(prefix="sparknet-compaction-") as name:
        context = multiprocessing.get_context("spawn")
        stop, times = context.Event(), context.Queue()
        searcher = context.Process(target=_search_on, args=(Path(name), stop, times))
        searcher.start()
        times.get()
        moments = [time.perf_counter()]
        store = _store(Path(name))
        fill(store, chunks, Words(seed=1), Vectors(seed=2, dimension=DIMENSION))
        moments.append(time.perf_counter())
        time.sleep(_REST)
        store.delete(store.chunk_ids(["document-0"])["document-0"])
        moments.append(time.perf_counter())
        done = store.compact()
        moments.append(time.perf_counter())
        stop.set()
        searches = times.get()
        searcher.join()
    phases = zip(("filling", "rest", "compacting"), moments, moments[1:], strict=False)
    return {
        "chunks": chunks,
        "fill_seconds": round(moments[1] - moments[0], 1),
        "compaction_seconds": round(done.seconds, 1),
        "megabytes": [round(done.bytes_before / 1e6), round(done.bytes_after / 1e6)],
        "complete": done.complete,
        "search_ms": {
            phase: _spread([took for at, took in searches if begin <= at < end])
            for phase, begin, end in phases
        },
    }


def _search_on(folder: Path, stop: Any, times: Any) -> None:
    """Puts the moment and the milliseconds of each search, once it is told to stop."""
    store = _store(folder)
    queries = Vectors(seed=2, dimension=DIMENSION).draw(50)
    store.search(queries[0], 10)
    times.put("ready")
    found: list[tuple[float, float]] = []
    while not stop.is_set():
        started = time.perf_counter()
        store.search(queries[len(found) % len(queries)], 10)
        found.append((started, (time.perf_counter() - started) * 1000))
        time.sleep(_PAUSE)
    times.put(found)


def _store(folder: Path) -> ChromaVectorStore:
    return ChromaVectorStore(folder, collection="bench", embedder="none", dimension=DIMENSION)


def _spread(times: list[float]) -> dict[str, float]:
    if len(times) < 2:
        return {"searches": len(times)}
    return {
        "searches": len(times),
        "p50": round(median(times), 1),
        "p95": round(quantiles(times, n=20)[-1], 1),
        "longest": round(max(times), 1),
    }


def measure(chunks: int = CHUNKS) -> Verdict:
    """Prints all figures.

    Returns:
        Time of the compaction over that of filling the index.
    """
    made = figures(chunks)
    print(json.dumps(made, indent=2))
    ratio = made["compaction_seconds"] / made["fill_seconds"]
    return Verdict(f"compacting {chunks:,} chunks / writing them", ratio, BUDGET, "times")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    verdict = measure(parser.parse_args().chunks)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
