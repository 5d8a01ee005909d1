"""Locks between processes on one machine, given up by the system when a holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_ATTEMPTS = 100


@contextmanager
def file_lock(
    path: Path, *, shared: bool = False, timeout: float | None = None, parents: bool = True
) -> Iterator[None]:
    """Holds a lock on `path`, made when absent: one holder, or any number of shared ones.

    Not reentrant: each call locks anew, so it keeps threads of one process apart as well. The file
    may be deleted by its holder: who waited for it then takes the lock on a new one.

    Args:
        parents: Make its folder when that is absent.

    Raises:
        TimeoutError: Another holder did not give way within `timeout` seconds.
        FileNotFoundError: Its folder is not there, and not to be made.
    """
    while True:
        descriptor = _opened(path) if parents else os.open(path, _FLAGS, 0o666)
        try:
            _acquire(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, timeout, path)
            try:
                if _is_at(descriptor, path):
                    yield
                    return
            finally:
                # Closing alone would leave the lock to a child that was forked meanwhile.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


def _opened(path: Path) -> int:
    """Opens the file, made when absent, though others may delete its folder at any moment."""
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError, FileExistsError):  # how mkdir and open see that
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, _FLAGS, 0o666)
    return os.open(path, _FLAGS, 0o666)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _acquire(descriptor: int, mode: int, timeout: float | None, path: Path) -> None:
    if timeout is None:
        fcntl.flock(descriptor, mode)
        return
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is locked by another process.") from None
            time.sleep(0.02)


class Locks(Protocol):
    """Named locks between all processes of a deployment, on however many machines it runs."""

    def hold(
        self, name: str, *, shared: bool = False, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Holds the lock `name`: one holder, or any number of shared ones. Not reentrant.

        Raises:
            TimeoutError: Another holder did not give way within `timeout` seconds.
        """
        ...


class FileLocks:
    """Locks as files in a folder, for a deployment on one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(
        self, name: str, *, shared: bool = False, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        return file_lock(self._folder / f"{name}.lock", shared=shared, timeout=timeout)
