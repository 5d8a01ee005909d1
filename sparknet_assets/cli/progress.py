"""A progress bar on stderr, when that is a terminal: documents done, stage, failures, pages."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from resources.catalog import StageStatus

if TYPE_CHECKING:
    from rich.progress import Progress

    from sparknet_assets.batch.document_run import StageResult


class Counter:
    """Counts what stage results mean for the documents of a run.

    Args:
        stages: The stages that each document goes through, in order.

    Attributes:
        done: Documents with a failure, or through the last stage that was asked for.
        failed: Documents with a failure.
        pages: Pages of the documents that were opened.
        stage: The stage that reported last.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self._stages = stages
        self._steps: dict[str, int] = {}
        self._pages: dict[str, int] = {}
        self.done: set[str] = set()
        self.failed: set[str] = set()
        self.stage = ""

    def add(self, result: StageResult) -> None:
        """Takes one result."""
        doc_id = result.ref.doc_id
        self.stage = result.stage
        self._pages[doc_id] = max(self._pages.get(doc_id, 0), result.record.pages)
        self._steps[doc_id] = self._stages.index(result.stage) + 1
        if result.record.status is StageStatus.FAILED:
            self.failed.add(doc_id)
            self._steps[doc_id] = len(self._stages)
        if self._steps[doc_id] == len(self._stages):
            self.done.add(doc_id)

    @property
    def pages(self) -> int:
        return sum(self._pages.values())

    @property
    def progress(self) -> float:
        """Documents, those under way by the share of their stages that are behind them.

        They reach the last stages together, so the number that are done stands still for long.
        """
        return sum(self._steps.values()) / len(self._stages)


class View:
    """Shows a counter; silent where there is no terminal."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None, count="", detail="") if bar else None
        self._total: int | None = None

    def start(self, what: str, total: int | None) -> None:
        """Begins a phase of `total` documents; None when their number is not known yet."""
        self._total = total
        if self._bar and self._task is not None:
            self._bar.reset(self._task, description=what, total=total, count="", detail="")

    def tick(self, detail: str) -> None:
        """One document further."""
        if self._bar and self._task is not None:
            taken = int(self._bar.tasks[0].completed) + 1
            self._bar.update(self._task, advance=1, count=f"{taken:,}", detail=detail)

    def show(self, counter: Counter) -> None:
        """Shows where the run stands."""
        if self._bar and self._task is not None:
            failed = f", {len(counter.failed)} failed" if counter.failed else ""
            self._bar.update(
                self._task,
                completed=counter.progress,
                description=counter.stage,
                count=f"{len(counter.done):,}/{self._total:,}",
                detail=f"{counter.pages:,} pages{failed}",
            )


@contextmanager
def progress_view() -> Iterator[View]:
    """A bar for the time of the context."""
    if not sys.stderr.isatty():
        yield View(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description:<14}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        yield View(bar)


def chosen_stages(chosen: Collection[str] | None, order: Sequence[str]) -> list[str]:
    """The chosen stages in the order of the graph; all of them when none is chosen."""
    return [name for name in order if not chosen or name in chosen]
