"""Objects as files under one folder, written so that neither a kill nor a power cut tears one."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat as stat_modes
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, ClassVar

from resources.failure import FailureKind, SparknetError
from resources.storage import InvalidKeyError, ObjectInfo, ObjectNotFoundError
from resources.storage.keys import TEMPORARY_PREFIX, check_key, check_prefix
from resources.storage.local_listing import walk

log = logging.getLogger(__name__)

_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def open_at_once(path: str, flags: int) -> int:
    """Opener for `open`: of a pipe to which nobody writes, the usual one waits for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


class _Pending:
    """A write under way; `info` is there once it is committed."""

    info: ObjectInfo

    def __init__(self, file: BinaryIO) -> None:
        self.file = file


class LocalStorageAdapter:
    """StorageAdapter over a folder; any number of processes may use it at once.

    A write goes to a hidden temporary file in the same folder, is synced and renamed. The folder
    itself is synced only below `irreplaceable` (0.01 s a file on an SSD against 0.003 s): a power
    cut may take back the last writes elsewhere, newest first and each as a whole, so an artifact
    written last still says that those before it are whole.

    Symbolic links are followed while they stay inside the folder; links to folders are not listed.

    Args:
        base_path: The folder; made at the first write.
        irreplaceable: Prefixes of keys that nothing can make again: these survive any power cut
            once the write has returned.
    """

    page_keys: ClassVar[int] = 1

    def __init__(
        self,
        base_path: str | Path,
        *,
        irreplaceable: tuple[str, ...] = (
            "raw/",
            "corrections/",
            "schemas/",
            "receipts/",
            "evaluation/",
        ),
    ) -> None:
        self._base = Path(base_path).expanduser().absolute()
        self._irreplaceable = irreplaceable

    def __repr__(self) -> str:
        return f"LocalStorageAdapter({str(self._base)!r})"

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Writes `data` under `key`, replacing what was there.

        Raises:
            InvalidKeyError: The key would leave the folder, or a file stands where it needs a
                folder (or the reverse).
            SparknetError: The disk is full.
        """
        with self._write(key) as pending:
            pending.file.write(data)
        return pending.info

    def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Copies the file at `path` to `key`; raises as `put` does."""
        with self._write(key) as pending, path.open("rb") as source:
            shutil.copyfileobj(source, pending.file, 2**20)
        return pending.info

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        """A file to write: `key` on a clean exit, gone on an exception; raises as `put` does."""
        with self._write(key) as pending:
            yield pending.file

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises ObjectNotFoundError."""
        with self.open(key) as file:
            return file.read()

    def get_range(self, key: str, start: int, size: int) -> bytes:
        """`size` bytes from `start` on, fewer where it ends. Raises ObjectNotFoundError."""
        with self.open(key) as file:
            file.seek(start)
            return file.read(size)

    def open(self, key: str) -> BinaryIO:
        """The object as a stream; a later write doesn't change what it reads."""
        try:
            file = open(self._path(key), "rb", opener=open_at_once)  # noqa: SIM115
        except _ABSENT:
            raise ObjectNotFoundError(key) from None
        except PermissionError:
            raise SparknetError(
                FailureKind.UNREADABLE, f"{key} can't be read: permission denied.", retryable=True
            ) from None
        if not stat_modes.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise ObjectNotFoundError(key)
        return file

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """The stored file itself: read it, never write to it. Raises ObjectNotFoundError."""
        path = self._path(key)
        if not path.is_file():
            raise ObjectNotFoundError(key)
        yield path

    def stat(self, key: str) -> ObjectInfo | None:
        """What is stored under `key`, or None."""
        try:
            status = self._path(key).stat()
        except _ABSENT:
            return None
        return _info(key, status) if stat_modes.S_ISREG(status.st_mode) else None

    def label(self, key: str, name: str) -> str:
        """Files carry no labels. Raises ObjectNotFoundError."""
        if self.stat(key) is None:
            raise ObjectNotFoundError(key)
        return ""

    def list(
        self, prefix: str = "", *, start_after: str = "", limit: int | None = None
    ) -> Iterator[ObjectInfo]:
        """Objects in the byte order of their keys, as S3 gives them.

        Reads a folder when it gets there, so a limited listing costs what it yields. Files that
        go away meanwhile are left out; temporary files a day old are removed.

        Raises:
            SparknetError: The folder of the prefix can't be read. Folders below it that can't be
                read are left out with a warning.
        """
        check_prefix(prefix)
        left = -1 if limit is None else max(limit, 0)
        folder, slash, _ = prefix.rpartition("/")
        start = str(self._path(folder) if folder else self._base)
        for key, entry in walk(start, folder + slash, prefix, start_after) if left else ():
            if info := self._listed(key, entry):
                yield info
                left -= 1
                if left == 0:
                    return

    def has_folder(self, prefix: str) -> bool:
        """False when the folder is not there: never made, removed, or its disk not mounted."""
        return (self._base / prefix).is_dir()

    def delete(self, key: str) -> bool:
        """Removes the object and the folders that this leaves empty; True if there was one."""
        path = self._path(key)
        try:
            path.unlink()
        except (*_ABSENT, PermissionError):
            # POSIX lets unlink() of a folder fail with EPERM.
            if path.is_file():
                raise
            return False
        self._prune(path.parent)
        return True

    def delete_many(self, keys: Iterable[str]) -> int:
        """Removes objects one after another; returns how many of them there were."""
        return sum(map(self.delete, keys))

    def sweep(self, folder: str) -> int:
        """Removes the temporary files below `folder`, of any age, and folders left empty."""
        start = self._path(folder.rstrip("/"))
        left = [path for path in start.rglob(f"{TEMPORARY_PREFIX}*") if path.is_file()]
        for path in left:
            path.unlink(missing_ok=True)
            self._prune(path.parent)
        return len(left)

    @cached_property
    def _root(self) -> str:
        return os.path.realpath(self._base)

    def _path(self, key: str) -> Path:
        check_key(key)
        path = self._base / key
        if len(os.fsencode(path)) >= 4096:
            raise InvalidKeyError(f"The path of {key[:80]!r}... is too long: shorten the key.")
        real = os.path.realpath(path)
        if os.path.commonpath((self._root, real)) != self._root:
            raise InvalidKeyError(
                f"{key!r} leads outside {self._base} through a symbolic link: put the file there"
                " itself."
            )
        return path

    @contextmanager
    def _write(self, key: str) -> Iterator[_Pending]:
        path = self._path(key)
        temporary: Path | None = None
        try:
            file, temporary = self._temporary(path, key)
            with file:
                pending = _Pending(file)
                yield pending
                file.flush()
                os.fsync(file.fileno())
                pending.info = _info(key, os.fstat(file.fileno()))
            self._rename(temporary, path, key)
            temporary = None
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"No space left to write {key}: free some under {self._base} and try again.",
                ) from error
            raise
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _temporary(self, path: Path, key: str) -> tuple[BinaryIO, Path]:
        temporary = path.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
        for _ in range(100):
            try:
                self._make_folder(path.parent, key)
                return temporary.open("xb"), temporary
            except FileNotFoundError:
                continue  # Another process pruned the folder between the two calls.
            except (FileExistsError, NotADirectoryError):
                raise InvalidKeyError(
                    f"{key!r} can't be stored: a part of its path is an object already."
                ) from None
        raise SparknetError(
            FailureKind.UNAVAILABLE, f"The folder of {key} keeps disappearing: try again."
        )

    def _make_folder(self, folder: Path, key: str) -> None:
        if folder.is_dir():
            return
        if folder != folder.parent:
            self._make_folder(folder.parent, key)
        folder.mkdir(exist_ok=True)
        if key.startswith(self._irreplaceable):
            _sync_folder(folder.parent)

    def _rename(self, temporary: Path, path: Path, key: str) -> None:
        try:
            temporary.replace(path)
        except IsADirectoryError:
            raise InvalidKeyError(
                f"{key!r} can't be stored: other objects stand below it."
            ) from None
        if key.startswith(self._irreplaceable):
            _sync_folder(path.parent)

    def _listed(self, key: str, entry: os.DirEntry[str]) -> ObjectInfo | None:
        try:
            check_key(key)
            if entry.is_symlink():
                return self.stat(key)
            status = entry.stat()
        except _ABSENT:
            return None
        except (InvalidKeyError, OSError) as error:
            log.warning("Left out of the listing: %s", error)
            return None
        return _info(key, status) if stat_modes.S_ISREG(status.st_mode) else None

    def _prune(self, folder: Path) -> None:
        # raw/ stays even when it is empty: without it, its disk would seem to be missing.
        lasting = {self._base, *(self._base / prefix for prefix in self._irreplaceable)}
        while folder not in lasting:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=status.st_size,
        version=f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}",
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
