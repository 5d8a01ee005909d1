"""Peak memory of an ingestion against its number of pages: `python -m benchmarks.memory`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.subject import DOORS, ingest
from benchmarks.verdict import Verdict
from examples.large import write_large_pdf, write_scan_pdf

BUDGET_MB = 1500.0
PAGES = (300, 1000, 3000)


def measure(pages: Sequence[int] = PAGES, door: str = "command", scan: bool = False) -> Verdict:
    """Ingests a generated PDF of each length and prints the peaks.

    Returns:
        The highest peak of all, in MB (10^6 bytes).
    """
    write = write_scan_pdf if scan else write_large_pdf
    peaks = []
    print(f"{'pages':>6} {'chunks':>7} {'seconds':>8} {'peak MB':>8} {'largest process MB':>19}")
    with tempfile.TemporaryDirectory(prefix="sparknet-memory-") as name:
        folder = Path(name)
        for count in pages:
            path = folder / f"log-book-{count}.pdf"
            write(path, count, 0)
            run = ingest([path], folder / f"home-{count}", door)
            if run.pages != count:
                raise RuntimeError(f"{run.pages} pages were indexed, not {count}")
            peak, largest = run.peak / 1e6, run.largest / 1e6
            print(
                f"{count:>6} {run.chunks:>7} {run.seconds:>8.1f} {peak:>8.0f} {largest:>19.0f}",
                flush=True,
            )
            peaks.append(peak)
    return Verdict(f"memory, {max(pages)} pages", max(peaks), BUDGET_MB, "MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, nargs="+", default=list(PAGES))
    parser.add_argument("--door", choices=sorted(DOORS), default="command")
    parser.add_argument("--scan", action="store_true", help="images, to be read by OCR")
    options = parser.parse_args()
    verdict = measure(options.pages, options.door, options.scan)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
