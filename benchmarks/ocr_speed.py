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
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ocr_accuracy import word_scores
from benchmarks.ocr_documents import CORPUS, Scan, receipts
from benchmarks.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from resources.ocr.paddle import PaddleOCREngine

# Ours in at most this share of the time: 1.1 times the pages a second.
BUDGET = 1 / 1.1


def bare_loop(images: Sequence[NDArray[np.uint8]]) -> tuple[float, list[str]]:
    """Seconds, and the text of each image, of RapidOCR with its defaults."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})
    engine(images[0][:, :, ::-1])  # load the models
    started = time.perf_counter()
    texts = ["\n".join(engine(image[:, :, ::-1]).txts or ()) for image in images]
    return time.perf_counter() - started, texts


def our_workers(images: Sequence[NDArray[np.uint8]], workers: int) -> tuple[float, list[str]]:
    """Seconds, and the text of each image, of our engine in `workers` processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=_warm_up) as pool:
        pool.map(_ready, range(workers * 4), chunksize=1)
        started = time.perf_counter()
        texts = pool.map(_read, images, chunksize=1)
        return time.perf_counter() - started, texts


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


def _read(image: NDArray[np.uint8]) -> str:
    return "\n".join(line.text for line in _engine().recognize(image).lines)


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
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(repeat):
        seconds, bare_texts = bare_loop(images)
        bare.append(seconds)
        seconds, our_texts = our_workers(images, workers)
        ours.append(seconds)
    truth = [scan.text for scan in scans]
    sides = {
        "bare": (statistics.median(bare), word_scores(zip(bare_texts, truth, strict=True))[2]),
        "ours": (statistics.median(ours), word_scores(zip(our_texts, truth, strict=True))[2]),
    }
    ratio = sides["bare"][0] / sides["ours"][0]
    if as_json:
        figures = {
            name: {"seconds": seconds, "pages_a_second": len(scans) / seconds, "word_f1": f1}
            for name, (seconds, f1) in sides.items()
        }
        print(json.dumps(figures | {"pages": len(scans), "workers": workers, "speedup": ratio}))
    else:
        for name, (seconds, f1) in sides.items():
            print(f"{name}: {len(scans) / seconds:.2f} pages a second, word F1 {f1:.4f}")
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
