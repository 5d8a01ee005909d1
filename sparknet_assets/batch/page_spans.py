"""The pages of one document at one stage: spans on all workers, results in page order."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from itertools import repeat
from typing import NamedTuple

from resources.failure import FailureKind, SparknetError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.workers import Task, WorkerPool
from sparknet_assets.stages.contract import PagedStage, PageResult

# A document whose pages keep killing workers is given up: each kill costs a whole time limit.
MOST_KILLED_PAGES = 5
# Known pages and spans that wait behind a slow one: bounds memory, keeps all workers busy.
MOST_WAITING = 64
KILLED = frozenset({FailureKind.TIMED_OUT, FailureKind.OUT_OF_MEMORY, FailureKind.CRASHED})


class _Span(NamedTuple):
    """Pages that a worker has, or will have."""

    numbers: list[int]
    task: Task[list[PageResult]]


class PageSpans:
    """The pages of one document at one stage: what is known is passed on, the rest runs in spans.

    Attributes:
        seconds: Spent by workers so far.
        reused: Pages so far that needed no work.
    """

    def __init__(self, stage: PagedStage, ref: DocumentRef, pool: WorkerPool, ahead: int) -> None:
        self._stage = stage
        self._ref = ref
        self._pool = pool
        self._ahead = ahead
        self._killed = 0
        self.seconds = 0.0
        self.reused = 0

    def results(
        self, page_count: int, known: Iterator[PageResult | None] | None = None
    ) -> Iterator[PageResult]:
        """Results in page order; a bounded number of spans is under way or waiting to be taken.

        Args:
            known: For each page its ready result, or None where it takes a worker. Asked a few
                pages ahead of what is taken, and for a page before a worker gets it.
        """
        pieces = self._pieces(page_count, known or repeat(None))
        under_way: deque[_Span | PageResult] = deque()
        try:
            while True:
                while sum(isinstance(piece, _Span) for piece in under_way) < self._ahead:
                    piece = next(pieces, None) if len(under_way) < MOST_WAITING else None
                    if piece is None:
                        break
                    under_way.append(piece if isinstance(piece, PageResult) else self._start(piece))
                if not under_way:
                    return
                first = under_way.popleft()
                if isinstance(first, PageResult):
                    self.reused += 1
                    yield first
                else:
                    yield from self._take(first)
        finally:
            for left in under_way:
                if isinstance(left, _Span):
                    left.task.future.cancel()
            pieces.close()
            if isinstance(known, Generator):
                known.close()

    def _pieces(
        self, page_count: int, known: Iterator[PageResult | None]
    ) -> Generator[list[int] | PageResult, None, None]:
        """Ready results, and between them spans of the pages that need work."""
        span: list[int] = []
        for page in range(1, page_count + 1):
            ready = next(known, None)
            if span and (ready is not None or len(span) == self._stage.span):
                yield span
                span = []
            if ready is None:
                span.append(page)
            elif ready.page == page:
                yield ready
            else:
                raise SparknetError(
                    FailureKind.INTERNAL, f"{self._stage.name} knew {ready.page} for page {page}"
                )
        if span:
            yield span

    def _start(self, numbers: list[int]) -> _Span:
        return _Span(numbers, self._submit(numbers))

    def _submit(self, numbers: list[int]) -> Task[list[PageResult]]:
        return self._pool.submit(self._stage.run_pages, self._ref, numbers)

    def _take(self, span: _Span) -> list[PageResult]:
        numbers, task = span
        try:
            finished = self._pool.result(task)
        except SparknetError as error:
            if len(numbers) == 1:
                return [self._failed_page(numbers[0], error)]
            return [self._alone(number) for number in numbers]
        self.seconds += finished.seconds
        got = [result.page for result in finished.value]
        if got != numbers:
            raise SparknetError(
                FailureKind.INTERNAL, f"{self._stage.name} was given pages {numbers}, gave {got}"
            )
        return finished.value

    def _alone(self, number: int) -> PageResult:
        try:
            finished = self._pool.result(self._submit([number]))
        except SparknetError as error:
            return self._failed_page(number, error)
        self.seconds += finished.seconds
        return finished.value[0]

    def _failed_page(self, number: int, error: SparknetError) -> PageResult:
        if error.kind in KILLED:
            self._killed += 1
            if self._killed > MOST_KILLED_PAGES:
                raise SparknetError(
                    error.kind,
                    f"{self._ref.doc_id}: more than {MOST_KILLED_PAGES} pages of it "
                    f"{error.message}",
                )
        message = f"{self._ref.doc_id}, page {number}: {error.message}"
        failure = SparknetError(error.kind, message, error.retryable).to_failure()
        return PageResult(number, failure=failure)
