"""The pages of one document at one stage: spans on all workers, results in page order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from resources.failure import FailureKind, SparknetError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.stages.contract import PagedStage, PageResult
from sparknet_assets.workers import Task, WorkerPool

# A document whose pages keep killing workers is given up: each kill costs a whole time limit.
MOST_KILLED_PAGES = 5
KILLED = frozenset({FailureKind.TIMED_OUT, FailureKind.OUT_OF_MEMORY, FailureKind.CRASHED})


class PageSpans:
    """The pages of one document at one stage, in spans that run on all workers."""

    def __init__(self, stage: PagedStage, ref: DocumentRef, pool: WorkerPool, ahead: int) -> None:
        self._stage = stage
        self._ref = ref
        self._pool = pool
        self._ahead = ahead
        self._killed = 0
        self.seconds = 0.0

    def results(self, page_count: int) -> Iterator[PageResult]:
        """Results in page order; a bounded number of spans is under way or waiting to be taken."""
        span = self._stage.span
        starts = iter(range(1, page_count + 1, span))
        under_way: deque[tuple[list[int], Task[list[PageResult]]]] = deque()
        try:
            while True:
                while len(under_way) < self._ahead:
                    start = next(starts, None)
                    if start is None:
                        break
                    numbers = list(range(start, min(start + span, page_count + 1)))
                    under_way.append((numbers, self._submit(numbers)))
                if not under_way:
                    return
                yield from self._take(*under_way.popleft())
        finally:
            for _, task in under_way:
                task.future.cancel()

    def _submit(self, numbers: list[int]) -> Task[list[PageResult]]:
        return self._pool.submit(self._stage.run_pages, self._ref, numbers)

    def _take(self, numbers: list[int], task: Task[list[PageResult]]) -> list[PageResult]:
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
