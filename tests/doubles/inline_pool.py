"""A worker pool without processes: each task runs at once, in the thread that asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any
from unittest import mock

from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.batch.workers import Finished, as_sparknet_error

_LOCK = threading.Lock()


class InlinePool:
    """Takes the place of `WorkerPool` where neither limits nor crashes are tested.

    One task at a time: PyMuPDF is not made for threads.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def __enter__(self) -> InlinePool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        future: Future[Any] = Future()
        with _LOCK:
            try:
                future.set_result(Finished(function(*args, self._deployment), 0.0))
            except Exception as error:
                future.set_exception(as_sparknet_error(error))
        return future

    def result(self, task: Any) -> Finished[Any]:
        finished: Finished[Any] | SparknetError = task.result()
        assert isinstance(finished, Finished)
        return finished


@contextmanager
def inline_workers() -> Iterator[None]:
    """Batches start no worker processes: each would cost most of a second."""
    with mock.patch("sparknet_assets.batch.running.WorkerPool", InlinePool):
        yield
