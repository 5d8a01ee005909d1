"""How long each route takes in a home of 10,000 documents, and what the server's memory does."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from benchmarks.api_home import LONG, build, path_of
from benchmarks.verdict import Verdict

DOCUMENTS, CHUNKS = 10_000, 100_000
CLIENTS = 16
REQUESTS = 200
MANY = 5_000
LISTENERS = 50
UPLOAD_MB = 1024
V1 = "/api/v1"
_BLOCK = 2**20
_SLOWEST_MS, _GROWTH_MB, _UPLOAD_MB = 250.0, 30.0, 60.0
# Of these the catalog's size is the work: they are judged by themselves.
WHOLE = ("plan", "costs")

Call = tuple[str, str, dict[str, Any] | None]


def calls(doc_ids: Sequence[str]) -> dict[str, list[Call]]:
    """Route -> requests, which take turns."""
    asked = ["notice period", "the harbour", "which banun gelo was late", "of the and in"]
    some = [path_of(doc_id) for doc_id in doc_ids[:: max(1, len(doc_ids) // 50)]]
    pages = [1, 1500, 2999]

    def get(*paths: str) -> list[Call]:
        return [("GET", path, None) for path in paths]

    return {
        "page": get("/"),
        "health": get("/health"),
        "metrics": get("/metrics"),
        "me": get(f"{V1}/me"),
        "documents": get(f"{V1}/documents"),
        "documents, the last": get(f"{V1}/documents?after={doc_ids[-60]}"),
        "documents, by name": get(f"{V1}/documents?q=document-19"),
        "document": get(*(f"{V1}/documents/{doc}" for doc in some)),
        "original": get(f"{V1}/documents/{LONG}/original"),
        "pages of 3,000": get(f"{V1}/documents/{LONG}/pages"),
        "text of a page": get(*(f"{V1}/documents/{LONG}/pages/{n}/text" for n in pages)),
        "image of a page": get(*(f"{V1}/documents/{LONG}/pages/{n}/image" for n in pages)),
        "smaller image": get(*(f"{V1}/documents/{LONG}/pages/{n}/image?width=100" for n in pages)),
        "passages, the last": get(f"{V1}/documents/{LONG}/chunks?after=5900"),
        "search": [("POST", f"{V1}/search", {"query": text}) for text in asked],
        "ask": [("POST", f"{V1}/ask", {"question": f"{text}?"}) for text in asked],
        "schemas": get(f"{V1}/schemas"),
        "runs": get(f"{V1}/runs"),
        "costs": get(f"{V1}/costs"),
        "plan": get(f"{V1}/plan"),
    }


@contextmanager
def served(home: Path) -> Iterator[tuple[int, str]]:
    """`sparknet serve` over a home: its process and its URL."""
    settings = {"SPARKNET_API_BURST": "1000000", "SPARKNET_MAX_BYTES": str(4 * 2**30)}
    command = [sys.executable, "-m", "sparknet_assets.cli", "--home", str(home), "serve"]
    process = subprocess.Popen(
        [*command, "--json", "--no-processing", "--port", "0"],
        env={**os.environ, **settings, "SPARKNET_API_PER_SECOND": "1000000"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["url"].rstrip("/")
    finally:
        process.terminate()
        process.wait(30)


def timed(url: str, given: Sequence[Call], count: int, clients: int) -> dict[str, float]:
    """Milliseconds of so many requests by so many clients: p50, p99, and requests a second."""
    order = list(islice(cycle(given), count))
    times: list[float] = []
    lock = threading.Lock()

    def work() -> None:
        with httpx.Client(base_url=url, timeout=120) as client:
            while True:
                with lock:
                    if not order:
                        return
                    method, path, body = order.pop()
                started = time.perf_counter()
                answer = client.request(method, path, json=body)
                took = (time.perf_counter() - started) * 1000
                answer.raise_for_status()
                with lock:
                    times.append(took)

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(work) for _ in range(clients)]:
            done.result()
    return {
        "p50": round(median(times), 1),
        "p99": round(quantiles(times, n=100)[-1], 1),
        "a_second": round(count / (time.perf_counter() - began), 1),
    }


def resident_mb(process: int) -> float:
    """Resident memory of a process now."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def peak_mb(process: int, action: Callable[[], None]) -> float:
    """Most resident memory while something goes on, over that at the beginning."""
    before = most = resident_mb(process)
    worker = threading.Thread(target=action)
    worker.start()
    while worker.is_alive():
        most = max(most, resident_mb(process))
        time.sleep(0.05)
    return most - before


def growth(process: int, url: str, given: Sequence[Call], count: int) -> dict[str, float]:
    """Megabytes before and after many requests of many kinds.

    As many are made before: each thread gets its connections and caches, and it takes thousands of
    requests until all of the threads have had each kind.
    """
    timed(url, given, count, CLIENTS)
    before = resident_mb(process)
    timed(url, given, count, CLIENTS)
    after = resident_mb(process)
    return {"before": round(before), "after": round(after), "growth": round(after - before, 1)}


def told(url: str, listeners: int) -> dict[str, float]:
    """Seconds until all who follow the events know of an upload."""
    heard: list[float] = []
    began = threading.Barrier(listeners + 1)

    def follow(client: httpx.Client) -> None:
        with client.stream("GET", f"{V1}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            began.wait(60)
            next(line for line in lines if "told-txt" in line)
            heard.append(time.perf_counter())

    with ExitStack() as stack, ThreadPoolExecutor(listeners) as pool:
        clients = [
            stack.enter_context(httpx.Client(base_url=url, timeout=120)) for _ in range(listeners)
        ]
        waiting = [pool.submit(follow, client) for client in clients]
        began.wait(60)
        time.sleep(2)  # the first look at the catalog is no change
        started = time.perf_counter()
        text = f"Told at {time.time()}.".encode()
        httpx.post(
            f"{url}{V1}/documents", params={"filename": "told.txt"}, content=text, timeout=60
        )
        for done in waiting:
            done.result()
    return {"listeners": listeners, "seconds": round(max(heard) - started, 2)}


def upload(process: int, url: str, megabytes: int) -> dict[str, float]:
    """Memory and seconds that an upload of so many megabytes takes the server."""
    block = os.urandom(_BLOCK)

    def send() -> None:
        answer = httpx.post(
            f"{url}{V1}/documents",
            params={"filename": "large.bin"},
            content=(block for _ in range(megabytes)),
            timeout=600,
        )
        answer.raise_for_status()

    started = time.perf_counter()
    grown = peak_mb(process, send)
    seconds = time.perf_counter() - started
    return {"mb": megabytes, "memory_mb": round(grown, 1), "seconds": round(seconds, 1)}


def figures(
    documents: int = DOCUMENTS,
    chunks: int = CHUNKS,
    requests: int = REQUESTS,
    many: int = MANY,
    upload_mb: int = UPLOAD_MB,
    home: Path | None = None,
) -> dict[str, Any]:
    """Builds a home, or takes one of an earlier run, and measures the server over it."""
    with tempfile.TemporaryDirectory(prefix="sparknet-api-") as name:
        home = home or Path(name)
        doc_ids = build(home, documents, chunks)
        found: dict[str, Any] = {"documents": documents, "chunks": chunks, "routes": {}}
        with served(home) as (process, url):
            asked = calls(doc_ids)
            for route, given in asked.items():
                count = max(4, requests // 20) if route in WHOLE else requests
                timed(url, given, len(given) + 1, 1)
                found["routes"][route] = {
                    str(clients): timed(url, given, count, clients) for clients in (1, CLIENTS)
                }
                print(f"{route}: {found['routes'][route]}", file=sys.stderr, flush=True)
            mixed = [call for route, given in asked.items() if route not in WHOLE for call in given]
            found["memory_mb"] = growth(process, url, mixed, many)
            found["events"] = told(url, LISTENERS)
            found["upload"] = upload(process, url, upload_mb)
        return found


def measure() -> list[Verdict]:
    """Prints all figures; judges the slowest route, the memory, and an upload."""
    made = figures()
    print(json.dumps(made, indent=2))
    return verdicts(made)


def verdicts(made: dict[str, Any]) -> list[Verdict]:
    """Figures beside their budgets."""
    quick = {name: each["1"]["p50"] for name, each in made["routes"].items() if name not in WHOLE}
    slowest = max(quick, key=lambda name: quick[name])
    grown, taken = made["memory_mb"]["growth"], made["upload"]["memory_mb"]
    return [
        Verdict(f"slowest route ({slowest}), p50", quick[slowest], _SLOWEST_MS, "ms"),
        Verdict("memory of the server over many requests", grown, _GROWTH_MB, "MB more"),
        Verdict("memory of the server during an upload", taken, _UPLOAD_MB, "MB more"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--upload-mb", type=int, default=UPLOAD_MB)
    parser.add_argument("--home", type=Path, help="keep the home here, and reuse it")
    options = parser.parse_args()
    made = figures(**vars(options))
    print(json.dumps(made, indent=2))
    judged = verdicts(made)
    for verdict in judged:
        print(verdict)
    return 0 if all(verdict.kept for verdict in judged) else 1


if __name__ == "__main__":
    raise SystemExit(main())
