"""Documents side by side: a thread each, which waits for the workers and writes the records."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

from resources.deployment import Deployment
from sparknet_assets.batch.buried import BuriedError
from sparknet_assets.batch.document_run import DocumentRun, StageResult, run_document_stages
from sparknet_assets.batch.workers import WorkerPool
from sparknet_assets.stages.contract import DocumentStage, PagedStage


class _Ended:
    """A thread is through with its documents, or can't go on with them."""


class DocumentThreads:
    """Takes documents through stages that work on each alone.

    Leaving the context by an error, or by the caller's closing, cancels what has not begun and
    stops the workers: what is under way records nothing.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        stages: Sequence[DocumentStage | PagedStage],
        pool: WorkerPool,
        deployment: Deployment,
    ) -> None:
        self._stages = stages
        self._pool = pool
        self._deployment = deployment
        self._threads = ThreadPoolExecutor(threads, name)
        self._futures: list[Future[None]] = []
        self._items: queue.SimpleQueue[StageResult | DocumentRun | _Ended] = queue.SimpleQueue()
        self._under_way = 0

    def __enter__(self) -> DocumentThreads:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            for future in self._futures:
                future.cancel()
            self._pool.close()
        self._threads.shutdown()

    def add(self, runs: Sequence[DocumentRun]) -> None:
        """Hands documents to one thread, which takes them one after the other."""
        self._under_way += 1
        self._futures.append(self._threads.submit(self._each, runs))

    def finished(self, *, wait: bool) -> Iterator[StageResult | DocumentRun]:
        """Each result, and each document once it is through, failed or not.

        Args:
            wait: Until all are through; else only what there is by now.

        Raises:
            Exception: What kept a thread from going on, such as a catalog that takes no records.
        """
        while self._under_way:
            try:
                item = self._items.get(block=wait)
            except queue.Empty:
                return
            if isinstance(item, _Ended):
                self._under_way -= 1
            else:
                yield item
        for future in self._futures:
            future.result()
        self._futures.clear()

    def _each(self, runs: Sequence[DocumentRun]) -> None:
        try:
            for run in runs:
                with suppress(BuriedError):
                    run_document_stages(
                        run, self._stages, self._pool, self._deployment, self._items.put
                    )
                self._items.put(run)
        finally:  # after an error too
            self._items.put(_Ended())
