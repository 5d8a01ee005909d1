"""Who may touch Chroma's files when."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from resources.failure import FailureKind, SparknetError
from resources.locks import file_lock
from resources.vector_store import chroma_files as files
from resources.vector_store.chroma_collection import ChromaCollection
from resources.vector_store.chroma_index import ChromaIndex


class NoIndexError(Exception):
    """There is no folder of the generation: never made, or dropped while this waited its turn."""


class ChromaAccess:
    """One generation's index, shared by processes.

    Writers take turns by a lock of their own. A second lock admits one who changes Chroma's files,
    or any number of readers. So a compaction can keep writers out while it builds new files, and
    readers for the moment only in which these take the place of the old ones.

    Args:
        folder: Of this generation.
    """

    def __init__(self, folder: Path, index: ChromaIndex) -> None:
        self._folder = folder
        self._writers = folder / "writers"
        self._lock = folder / "lock"
        self._index = index

    def __reduce__(self) -> tuple[Callable[..., ChromaAccess], tuple[object, ...]]:
        return ChromaAccess, (self._folder, self._index)

    @contextmanager
    def reading(self, patience: float | None = None) -> Iterator[ChromaCollection]:
        """The collection as the last write left it, while no one writes.

        Raises:
            TimeoutError: Someone still writes after `patience` seconds.
            SparknetError: The folder can't be written, which Chroma needs even to read.
            NoIndexError: It is not there, and Chroma is on no server.
        """
        make = not self._index.ours
        with _locked(self._lock, shared=True, timeout=patience, make=make):
            if self._index.is_open():
                with self._index.open() as collection:
                    yield collection
                return
        with _locked(self._lock, timeout=patience, make=make), self._index.open() as collection:
            self._clean_if_nobody_writes()
            yield collection

    @contextmanager
    def writing(self, *, make: bool = True) -> Iterator[ChromaCollection]:
        """The collection, for this process alone; change it through the index's `write`.

        Args:
            make: Begin a generation that is not there.

        Raises:
            NoIndexError: It is not there, not to be begun, and Chroma is on no server.
        """
        make = make or not self._index.ours
        with _locked(self._writers, make=make), _locked(self._lock, make=make):
            self._index.clean()
            with self._index.open() as collection:
                yield collection

    def compact(self) -> bool:
        """Rewrites the files without what was deleted, if anything was; reading goes on meanwhile.

        Returns:
            False when what was deleted may be on a server, or in the register's log.

        Raises:
            SparknetError: The disk has not enough room.
            NoIndexError: There is nothing to rewrite.
        """
        with _locked(self._writers, make=False):
            if not self._index.has_deleted():
                with _locked(self._lock):
                    self._index.clean()
                return self._index.ours
            files.require_space(self._folder)
            if self._index.ours:
                built = self._index.build()
                with _locked(self._lock):
                    self._index.switch(*built)
                    self._index.clean()
            return self._index.register.forget_deleted() and self._index.ours

    def repair(self) -> None:
        """Makes the keyword index fit the chunks of the register, and the vectors as well.

        Raises:
            NoIndexError: There is nothing to mend.
        """
        make = not self._index.ours
        with _locked(self._writers, make=make), _locked(self._lock, make=make):
            self._index.register.mend()
            with self._index.open() as collection:
                self._index.mend(collection)
            self._index.clean()

    def drop(self) -> None:
        """Removes the generation: collection, register, folder."""
        with _locked(self._writers), _locked(self._lock):
            self._index.drop()
            files.remove_generation(self._folder)

    def _clean_if_nobody_writes(self) -> None:
        """Removes what was left over, unless that is what a compaction is building."""
        try:
            with _locked(self._writers, timeout=0):
                self._index.clean()
        except TimeoutError:
            pass


@contextmanager
def _locked(
    path: Path, *, shared: bool = False, timeout: float | None = None, make: bool = True
) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            lock = file_lock(path, shared=shared, timeout=timeout, parents=make)
            stack.enter_context(lock)
        except FileNotFoundError as error:
            raise NoIndexError(path.parent) from error
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"The index in {path.parent} can't be opened ({error.strerror}): Chroma needs to"
                " write there even to read. Check the permissions of the folder; searches work"
                " without them.",
                retryable=False,
            ) from error
        yield
