"""Worker processes with a time and a memory limit: a bad document takes down only its own task."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.processes import this_host
from resources.storage import InvalidKeyError

if TYPE_CHECKING:
    from types import TracebackType

    from pebble import ProcessExpired, ProcessPool

T = TypeVar("T")
logger = logging.getLogger(__name__)

WATCH_SECONDS = 0.1
STOPPED_SECONDS = 0.5
MOST_BROKEN_POOLS = 3
_FOLDERS = "sparknet-workers-"


class PoolClosedError(Exception):
    """The batch was interrupted while this task was waiting or running. Says nothing about it."""


_deployment: Deployment | None = None


@dataclass(frozen=True)
class Finished(Generic[T]):
    """What a task returned and the seconds it took in its worker."""

    value: T
    seconds: float


@dataclass(frozen=True)
class Task(Generic[T]):
    """Work that was handed to a pool."""

    function: Callable[..., T]
    args: tuple[Any, ...]
    future: Future[Finished[T] | SparknetError]
    pool: ProcessPool


class WorkerPool:
    """Runs functions in worker processes, each with a `Deployment` of its own.

    Processes start with the first task. A worker that exceeds `task_timeout` or
    `worker_memory_mb` is killed and replaced; only the task it held fails.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._settings = deployment.settings
        self._ledger = deployment.ledger
        self._pool: Any = None
        _sweep_folders()
        self._pids = tempfile.TemporaryDirectory(prefix=f"{folder_prefix()}{os.getpid()}-")
        self._killed_for_memory: set[int] = set()
        self._closed = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, function: Callable[..., T], *args: Any) -> Task[T]:
        """Queues `function(*args, deployment)` for a worker; pass the task to `result`."""
        pool = self._started()
        try:
            future = pool.schedule(
                _run_task, args=[function, args], timeout=self._settings.task_timeout
            )
        except RuntimeError:  # closed between the two lines above
            raise PoolClosedError from None
        return Task(function, args, future, pool)

    def result(self, task: Task[T]) -> Finished[T]:
        """Waits for a task.

        Raises:
            SparknetError: What the function raised, or timed_out, out_of_memory, crashed, internal.
            PoolClosedError: The pool was closed meanwhile.
        """
        for _ in range(MOST_BROKEN_POOLS):
            try:
                return self._outcome(task)
            except BrokenProcessPool:
                if self._closed.is_set():
                    raise PoolClosedError from None
                self._discard(task.pool)
                task = self.submit(task.function, *task.args)
        raise SparknetError(FailureKind.CRASHED, "ended the worker processes again and again")

    def pause(self, seconds: float) -> None:
        """Waits, but not beyond the end of the batch.

        Raises:
            PoolClosedError: The pool was closed meanwhile.
        """
        if self._closed.wait(seconds):
            raise PoolClosedError

    def _outcome(self, task: Task[T]) -> Finished[T]:
        from pebble import ProcessExpired

        seconds = self._settings.task_timeout
        # A pool that was stopped or torn may leave futures that nobody will ever complete.
        while not wait([task.future], timeout=STOPPED_SECONDS).done:
            if self._closed.is_set():
                raise PoolClosedError
            if self._pool is not task.pool:
                raise BrokenProcessPool
        try:
            outcome = task.future.result()
        except CancelledError:
            raise PoolClosedError from None
        except TimeoutError:
            raise SparknetError(
                FailureKind.TIMED_OUT,
                f"took longer than {seconds:g} s and was stopped; "
                "raise SPARKNET_TASK_TIMEOUT if the document is worth it",
            ) from None
        except ProcessExpired as death:
            if self._closed.is_set():
                raise PoolClosedError from None
            raise self._death(death) from None
        if isinstance(outcome, SparknetError):  # `_run_task` returns errors, it never raises them
            raise outcome
        return outcome

    def _death(self, death: ProcessExpired) -> SparknetError:
        settings = self._settings
        if death.pid in self._killed_for_memory:
            return SparknetError(
                FailureKind.OUT_OF_MEMORY,
                f"needed more than {settings.worker_memory_mb} MiB and was stopped; "
                "raise SPARKNET_WORKER_MEMORY_MB if the document is worth it",
            )
        return SparknetError(
            FailureKind.CRASHED, f"ended its worker process ({_how_it_died(death.exitcode)})"
        )

    def _started(self) -> ProcessPool:
        with self._lock:
            if self._closed.is_set():
                raise PoolClosedError
            if self._pool is None:
                from pebble import ProcessPool

                # Spawned, not forked: the parent runs threads and native libraries.
                self._pool = ProcessPool(
                    max_workers=self._settings.workers,
                    context=multiprocessing.get_context("spawn"),
                    initializer=_start_worker,
                    initargs=[Deployment(self._settings, self._ledger), self._pids.name],
                )
                threading.Thread(target=self._watch_memory, args=[self._pool], daemon=True).start()
            return self._pool

    def _discard(self, pool: ProcessPool) -> None:
        """Replaces a pool whose pipe was torn by a worker that died while it wrote a result."""
        with self._lock:
            if pool is not self._pool:
                return
            self._pool = None
        pool.stop()

    def _watch_memory(self, pool: ProcessPool) -> None:
        """Kills workers whose resident memory exceeds the limit.

        It watches from the parent because native code that holds the interpreter lock would keep
        a watcher inside the worker from running.
        """
        limit = self._settings.worker_memory_mb * 2**20
        while self._pool is pool and not self._closed.wait(WATCH_SECONDS):
            with suppress(FileNotFoundError):  # closed meanwhile
                for entry in Path(self._pids.name).iterdir():
                    self._check_memory(entry, limit)

    def _check_memory(self, entry: Path, limit: int) -> None:
        import psutil

        try:
            worker = psutil.Process(int(entry.name))
            if worker.memory_info().rss > limit:
                self._killed_for_memory.add(worker.pid)
                worker.kill()
        except psutil.NoSuchProcess:
            entry.unlink(missing_ok=True)  # the system may give its number to another process

    def close(self) -> None:
        """Stops the workers; tasks still under way raise PoolClosedError."""
        self._closed.set()
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
        with suppress(OSError):
            self._pids.cleanup()


def folder_prefix() -> str:
    """How the names of this host's folders begin, before the pid of their owner.

    Containers that share a folder for temporary files have pids of their own.
    """
    return f"{_FOLDERS}{hashlib.sha256(this_host().encode()).hexdigest()[:12]}-"


def _sweep_folders() -> None:
    """Removes the folders of processes that were killed before they could do it themselves."""
    import psutil

    prefix = folder_prefix()
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _start_worker(deployment: Deployment, pids: str) -> None:
    global _deployment
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (Path(pids) / str(os.getpid())).touch()
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    _deployment = deployment


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _run_task(function: Callable[..., T], args: tuple[Any, ...]) -> Finished[T] | SparknetError:
    """Runs in the worker. Errors travel as values: not every exception survives pickling."""
    assert _deployment is not None
    started = time.perf_counter()
    try:
        return Finished(function(*args, _deployment), time.perf_counter() - started)
    except Exception as error:
        return as_sparknet_error(error)


def as_sparknet_error(error: Exception) -> SparknetError:
    """The typed error for any exception; one that is not typed yet is logged with its trace."""
    if isinstance(error, SparknetError):
        return SparknetError(error.kind, error.message, error.retryable)
    if isinstance(error, MemoryError):
        return SparknetError(FailureKind.OUT_OF_MEMORY, "ran out of memory")
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return SparknetError(FailureKind.UNAVAILABLE, f"{error.strerror}{where}")
    if isinstance(error, InvalidKeyError):  # such as a link in raw/ that leads out of the home
        return SparknetError(FailureKind.UNREADABLE, str(error))
    logger.error("unexpected error", exc_info=error)
    return SparknetError(
        FailureKind.INTERNAL, f"unexpected {type(error).__name__}: {str(error)[:500]}"
    )


def _how_it_died(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        with suppress(ValueError):
            return signal.Signals(-exitcode).name
    return f"exit code {exitcode}"
