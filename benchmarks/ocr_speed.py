"""Pages a second, ours against a bare loop over the same models: `python -m benchmarks.ocr_speed`.

One side is RapidOCR as its manual calls it: one process, default settings, which put all cores on
each page. The other is this project's engine, one process for each core with one thread. Both read
the same images, in turn, `--repeat` times; medians count. Loading images and models is not counted.
The same run prints the word F1 of both sides, so that speed is not bought with accuracy.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ocr_documents import CORPUS, Scan, receipts
from benchmarks.verdict import Verdict
from sparknet_assets.evaluation.text_metrics import word_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from resources.ocr.paddle import PaddleOCREngine

# Ours in at most this share of the time: 1.1 times the pages a second.
BUDGET = 1 / 1.1


@dataclass(frozen=True, slots=True)
class Side:
    """One side: wall and processor seconds for all images, and the text of each."""

    seconds: float
    cpu_seconds: float
    texts: list[str]


def bare_loop(images: Sequence[NDArray[np.uint8]]) -> Side:
    """RapidOCR with its defaults."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})
    engine(images[0][:, :, ::-1])  # load the models
    started, busy = time.perf_counter(), time.process_time()
    texts = ["\n".join(engine(image[:, :, ::-1]).txts or ()) for image in images]
    return Side(time.perf_counter() - started, time.process_time() - busy, texts)


def our_workers(images: Sequence[NDArray[np.uint8]], workers: int) -> Side:
    """Our engine in `workers` processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=_warm_up) as pool:
        pool.map(_ready, range(workers * 4), chunksize=1)
        started = time.perf_counter()
        results = pool.map(_read, images, chunksize=1)
        seconds = time.perf_counter() - started
    return Side(seconds, sum(busy for _, busy in results), [text for text, _ in results])


@cache
def _engine() -> PaddleOCREngine:
    from resources.ocr.paddle import PaddleOCREngine

    return PaddleOCREngine()


def _warm_up() -> None:
    import numpy as np

    page = np.full((200, 400), 255, np.uint8)
    page[60:120, 60:340:12] = 0
    _engine().recognize(page)


def _ready(_: int) -> None:
    time.sleep(0.05)


def _read(image: NDArray[np.uint8]) -> tuple[str, float]:
    busy = time.process_time()
    text = "\n".join(line.text for line in _engine().recognize(image).lines)
    return text, time.process_time() - busy


def measure(
    corpus: Path = CORPUS,
    limit: int | None = 10,
    repeat: int = 1,
    workers: int | None = None,
    as_json: bool = False,
) -> Verdict:
    """Prints both sides and their ratio.

    Returns:
        Our time by the time of the bare loop.

    Raises:
        FileNotFoundError: The corpus is missing.
    """
    scans: list[Scan] = list(islice(receipts(corpus), limit))
    images = [scan.pixels() for scan in scans]
    workers = workers or os.cpu_count() or 1
    bare = [bare_loop(images)]
    ours = [our_workers(images, workers)]
    for _ in range(repeat - 1):
        bare.append(bare_loop(images))
        ours.append(our_workers(images, workers))
    truth = [scan.text for scan in scans]
    figures = {}
    for name, runs in (("bare", bare), ("ours", ours)):
        seconds = statistics.median(run.seconds for run in runs)
        figures[name] = {
            "pages_a_second": len(scans) / seconds,
            "cpu_seconds_a_page": statistics.median(r.cpu_seconds for r in runs) / len(scans),
            "word_f1": word_scores(zip(runs[0].texts, truth, strict=True))[2],
        }
    ratio = figures["ours"]["pages_a_second"] / figures["bare"]["pages_a_second"]
    if as_json:
        print(json.dumps(figures | {"pages": len(scans), "workers": workers, "speedup": ratio}))
    else:
        for name, side in figures.items():
            print(
                f"{name}: {side['pages_a_second']:.2f} pages a second, "
                f"{side['cpu_seconds_a_page']:.2f} s of processor a page, "
                f"word F1 {side['word_f1']:.4f}"
            )
        print(f"{len(scans)} receipts, {workers} workers: {ratio:.2f} times as fast")
    return Verdict("OCR, time by that of a bare RapidOCR loop", 1 / ratio, BUDGET, "times")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR")
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="receipts (10)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (one per core)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    verdict = measure(
        arguments.corpus, arguments.limit, arguments.repeat, arguments.workers, arguments.json
    )
    if not arguments.json:
        print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
