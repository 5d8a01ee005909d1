"""A real deployment in one thread, with switches for trouble and a fuse that kills it."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.generations import Generation
from resources.settings import Settings
from sparknet_assets.batch.workers import Finished, Task, as_sparknet_error
from tests.doubles.embedder import WordEmbedder
from tests.model.small_stages import POISON


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Trouble:
    """What is out of order outside.

    Attributes:
        reader: Documents that say so can't be read.
        pages: Pages that say so can't be read.
        embedder: The embedder's service doesn't answer.
    """

    reader: bool = False
    pages: bool = False
    embedder: bool = False


class Fuse:
    """Burns down with each write to an adapter; then the process is gone, for good.

    Attributes:
        left: Writes until then; None for never.
        full: Then the disk is full instead: for that write, or for all that follow as well.
    """

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self.blown = False
        self.full: Literal["", "once", "lasting"] = ""

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.full:
                if self.left == -1 or (self.left < 0 and self.full == "lasting"):
                    raise SparknetError(FailureKind.UNAVAILABLE, "no space left to write")
            else:
                self.blown = self.blown or self.left < 0
        if self.blown:
            raise Killed


_WRITES = {
    *("put", "put_file", "writer", "delete", "put_many", "delete_many", "use", "forget"),
    *("put_stages", "bury", "claim", "release", "put_holdings", "drop_holdings"),
    *("put_facts", "delete_facts", "add_chunks", "compact", "repair", "drop", "sweep", "scrub"),
}


class Fused:
    """An adapter whose writes burn a fuse."""

    def __init__(self, adapter: Any, fuse: Fuse) -> None:
        self._adapter = adapter
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._adapter, name)
        if name not in _WRITES:
            if self._fuse.blown:
                raise Killed
            return found

        def write(*args: Any, **options: Any) -> Any:
            self._fuse.burn()
            return found(*args, **options)

        return write


class CountingEmbedder(WordEmbedder):
    """Counts the texts that it really embedded, and has its own troubles."""

    def __init__(
        self, dimension: int, trouble: Trouble, embedded: Counter[tuple[str, str]]
    ) -> None:
        super().__init__(dimension, refuses=self._refuse)
        self._trouble = trouble
        self._embedded = embedded

    def _refuse(self, texts: Sequence[str]) -> None:
        if self._trouble.embedder:
            raise SparknetError(FailureKind.UNAVAILABLE, "the embedder is away")
        if any(POISON in text for text in texts):
            raise SparknetError(FailureKind.REFUSED, "the embedder refuses such a text")

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = super().embed(texts)
        self._embedded.update((self.identity, text) for text in texts)
        return vectors


class SmallDeployment(Deployment):
    """The local adapters on fuses, with an embedder of words.

    Attributes:
        calls: (doc_id, stage) -> how often its work was done.
        embedded: (embedder, text) -> how often it was embedded.
    """

    def __init__(self, settings: Settings, trouble: Trouble, fuse: Fuse) -> None:
        super().__init__(settings)
        self.trouble = trouble
        self.fuse = fuse
        self.calls: Counter[tuple[str, str]] = Counter()
        self.embedded: Counter[tuple[str, str]] = Counter()
        self._fused: dict[str, Fused] = {}

    @cached_property
    def storage(self) -> Any:
        return Fused(Deployment.storage.func(self), self.fuse)  # type: ignore[attr-defined]

    @cached_property
    def catalog(self) -> Any:
        return Fused(Deployment.catalog.func(self), self.fuse)  # type: ignore[attr-defined]

    @cached_property
    def cache(self) -> Any:
        return Fused(Deployment.cache.func(self), self.fuse)  # type: ignore[attr-defined]

    def store_of(self, generation: Generation) -> Any:
        if generation.name not in self._fused:
            self._fused[generation.name] = Fused(super().store_of(generation), self.fuse)
        return self._fused[generation.name]

    @cached_property
    def embedder(self) -> CountingEmbedder:
        return self._embedder(self.settings.ollama_embedding_model)

    def embedder_of(self, generation: Generation) -> CountingEmbedder:
        return self._embedder(generation.identity)

    def _embedder(self, identity: str) -> CountingEmbedder:
        dimension = int(identity.removeprefix("words-"))
        return CountingEmbedder(dimension, self.trouble, self.embedded)


@dataclass
class InlinePool:
    """Does at once what a worker process would do."""

    deployment: Deployment
    _closed: bool = field(default=False, init=False)

    def __enter__(self) -> InlinePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, function: Callable[..., Any], *args: Any) -> Task[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(Finished(function(*args, self.deployment), 0.0))
        except Exception as error:
            future.set_result(as_sparknet_error(error))
        return Task(function, args, future, None)

    def result(self, task: Task[Any]) -> Finished[Any]:
        outcome = task.future.result()
        if isinstance(outcome, SparknetError):
            raise outcome
        return outcome

    def pause(self, seconds: float) -> None:
        pass

    def close(self) -> None:
        self._closed = True


class InlineThreads:
    """Does at once what a thread would do."""

    def __init__(self, *_: object) -> None:
        pass

    def shutdown(self) -> None:
        pass

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args))
        except BaseException as error:
            future.set_exception(error)
        return future


@contextmanager
def one_thread() -> Iterator[None]:
    """Batches work in the calling thread: what happens depends on the calls alone."""
    with (
        mock.patch("sparknet_assets.batch.running.WorkerPool", InlinePool),
        mock.patch("sparknet_assets.batch.document_threads.ThreadPoolExecutor", InlineThreads),
    ):
        yield


def free_leases(deployment: Deployment) -> None:
    """Gives back what the killed one held: its process is this one, and that goes on."""
    with sqlite3.connect(deployment.state / "catalog.db") as connection:
        connection.execute("DELETE FROM leases")


def close_index(deployment: Deployment) -> None:
    """Forgets what this process has open of the index, as the end of a process would."""
    from resources.vector_store import chroma_client

    for generation in (deployment.state / "index").glob("*"):
        chroma_client.close_siblings(generation / "chroma")


def age(deployment: Deployment, key: str, moment: float) -> None:
    """Dates a file back: nobody is still writing to it."""
    os.utime(deployment.home / key, (moment, moment))
