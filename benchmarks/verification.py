"""What `sparknet verify` takes a document, and what `--deep` adds to that.

    python -m benchmarks.verification [--documents 500]

Processor time: a busy machine changes it less than the time by the clock.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.subject import ingest
from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.settings import Settings

DOCUMENTS = 500
BUDGET_MS = 5.0


def figures(documents: int = DOCUMENTS) -> dict[str, Any]:
    """Ingests generated documents of one page, then looks at them in both depths."""
    from examples.many import write_many

    with tempfile.TemporaryDirectory(prefix="sparknet-verification-") as name:
        home = Path(name) / "home"
        write_many(Path(name) / "in", documents)
        ingest([Path(name) / "in"], home, door="batch")
        made: dict[str, Any] = {"documents": documents}
        for what, deep in (("", False), ("deep_", True)):
            cpu, clock, found = _look(home, deep)
            made[f"{what}cpu_ms"] = round(1000 * cpu / documents, 2)
            made[f"{what}clock_ms"] = round(1000 * clock / documents, 2)
            made[f"{what}found"] = found
    return made


def _look(home: Path, deep: bool) -> tuple[float, float, int]:
    from sparknet_assets.verification import examine

    deployment = Deployment(Settings(home=home))
    deployment.vector_store.count()  # the libraries are imported before
    cpu, clock = time.process_time(), time.perf_counter()
    found = sum(1 for _ in examine(deployment, deep=deep).findings())
    return time.process_time() - cpu, time.perf_counter() - clock, found


def measure(documents: int = DOCUMENTS) -> Verdict:
    """Prints all figures.

    Returns:
        Milliseconds of processor time a document, without `--deep`.
    """
    made = figures(documents)
    print(json.dumps(made, indent=2))
    return Verdict("verifying a document", made["cpu_ms"], BUDGET_MS, "ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    verdict = measure(parser.parse_args().documents)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
