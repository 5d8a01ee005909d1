"""Ten thousand documents: what each costs as the corpus grows, and what it costs when none changed.

    python -m benchmarks.bulk [--sizes 100 1000 10000] [--home FOLDER] [--profile]

Real stages, real embedder, Dagster on SQLite, in one home that grows from size to size. Afterwards
everything is reconciled with nothing changed, then with one document edited.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.verdict import Verdict
from examples.many import write_many
from resources.deployment import Deployment
from resources.settings import Settings
from schedules.reconciliation import Outcome, reconcile
from sparknet_assets.instance import open_instance
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.runs.execution import execute

if TYPE_CHECKING:
    import numpy as np
    from dagster import DagsterInstance
    from numpy.typing import NDArray

    from resources.embeddings import Embedder

SIZES = (100, 1000, 10_000)
WARM_UP = 10
RENDER_DPI = 50
RATIO_BUDGET = 1.2
UNCHANGED_BUDGET_MS = 10.0
_PROFILED = 40


class CountingEmbedder:
    """An embedder that counts the texts it is given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.texts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        return self._embedder.embed(texts)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step took.

    Attributes:
        seconds: By the clock.
        processor: Seconds of processor time, worker processes included.
        texts: Embedded.
    """

    seconds: float
    processor: float
    texts: int


class Subject:
    """A home, its deployment and its Dagster instance."""

    def __init__(self, home: Path, instance: DagsterInstance, *, profile: bool = False) -> None:
        # Small page images: rendering is measured elsewhere, and would hide the rest.
        self.deployment = Deployment(Settings(home=home, render_dpi=RENDER_DPI))
        self.embedder = CountingEmbedder(self.deployment.embedder)
        self.deployment.embedder = self.embedder
        self._instance = instance
        self._profile = profile

    def add(self, paths: Sequence[Path]) -> Cost:
        """Copies files to raw/ and takes them through all stages.

        Raises:
            RuntimeError: A document was not indexed.
        """

        def work() -> None:
            doc_ids = take_in(self.deployment, paths).doc_ids
            summary = execute(self.deployment, doc_ids, instance=self._instance)
            if summary.failed or len(doc_ids) != len(paths):
                raise RuntimeError(f"not indexed: {summary.failed}")

        return self.cost(work)

    def reconcile(self) -> tuple[Cost, Outcome]:
        """Brings everything up to date."""
        outcomes: list[Outcome] = []
        cost = self.cost(
            lambda: outcomes.append(reconcile(self.deployment, instance=self._instance))
        )
        return cost, outcomes[0]

    def cost(self, work: Callable[[], object]) -> Cost:
        """What `work` takes."""
        texts, processor, started = self.embedder.texts, _processor(), time.perf_counter()
        with _profiled() if self._profile else _plain():
            work()
        seconds = time.perf_counter() - started
        return Cost(seconds, _processor() - processor, self.embedder.texts - texts)


def measure(
    sizes: Sequence[int] = SIZES, home: Path | None = None, *, profile: bool = False
) -> list[Verdict]:
    """Grows a corpus, reconciles it unchanged and with one edit, and prints what that took.

    Args:
        home: Folder to leave the corpus in; a temporary one by default.

    Returns:
        Time a document among the last ones over that among the first ones, and milliseconds a
        document when nothing has changed.
    """
    with tempfile.TemporaryDirectory(prefix="sparknet-bulk-") as folder:
        paths = write_many(Path(folder, "in"), WARM_UP + sizes[-1])
        home = home or Path(folder, "home")
        with open_instance(Settings(home=home)) as instance:
            subject = Subject(home, instance, profile=profile)
            subject.add(paths[:WARM_UP])  # exports and loads the model, imports the libraries
            costs = _grow(subject, paths[WARM_UP:], sizes)
            unchanged = _reconcile_unchanged(subject, sizes[-1])
            _reconcile_edited(subject, paths[-1])
    ratio = costs[-1] / costs[0]
    return [
        Verdict("bulk", ratio, RATIO_BUDGET, f"times, a document of {sizes[-1]:,} over {sizes[0]}"),
        Verdict("bulk, unchanged", unchanged, UNCHANGED_BUDGET_MS, "ms a document"),
    ]


def _grow(subject: Subject, paths: Sequence[Path], sizes: Sequence[int]) -> list[float]:
    """Adds documents up to each size; milliseconds a document of each addition."""
    print(f"{'documents':>16}{'ms each':>10}{'processor':>11}{'texts':>8}")
    found = []
    for before, size in itertools.pairwise((0, *sizes)):
        cost = subject.add(paths[before:size])
        count = size - before
        each = 1000 * cost.seconds / count
        found.append(each)
        label = f"{before + 1:,} to {size:,}"
        print(f"{label:>16}{each:10.1f}{1000 * cost.processor / count:11.1f}{cost.texts:8}")
    return found


def _reconcile_unchanged(subject: Subject, documents: int) -> float:
    cost, outcome = subject.reconcile()
    each = 1000 * cost.seconds / documents
    done = len(outcome.plan.documents)
    print(
        f"nothing changed: {cost.seconds:.1f} s, {each:.2f} ms a document "
        f"({1000 * cost.processor / documents:.2f} of a processor), "
        f"{done} planned, {cost.texts} texts embedded"
    )
    if done:
        raise RuntimeError(f"{done} documents were planned though none had changed")
    return each


def _reconcile_edited(subject: Subject, path: Path) -> None:
    """A page more for one document; the time without waiting for the file to settle."""
    storage = subject.deployment.storage
    key = next(info.key for info in storage.list("raw/") if info.key.endswith(path.name))
    folder = Path(path.parent, "edited")
    storage.put(key, write_many(folder, 1, seed=99)[0].read_bytes())
    time.sleep(2.5)
    cost, outcome = subject.reconcile()
    done = len(outcome.plan.documents)
    print(f"one edited: {cost.seconds:.1f} s, {done} planned, {cost.texts} texts embedded")


def _processor() -> float:
    """Processor seconds of this process and of all its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def _plain() -> Iterator[None]:
    yield


@contextmanager
def _profiled() -> Iterator[None]:
    profile = cProfile.Profile()
    with profile:
        yield
    pstats.Stats(profile).sort_stats("cumulative").print_stats(_PROFILED)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--home", type=Path)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    verdicts = measure(options.sizes, options.home, profile=options.profile)
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.kept for verdict in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
