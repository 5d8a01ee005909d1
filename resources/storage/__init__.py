"""The storage port: objects under keys, written atomically."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One stored object.

    Attributes:
        size: Bytes.
        version: An opaque change mark (ETag, VersionId, or size, mtime and inode of a file): equal
            marks mean equal bytes; different marks mean that the bytes may have changed.
        modified: Time of the last write, UTC.
    """

    key: str
    size: int
    version: str
    modified: datetime


class ObjectNotFoundError(KeyError):
    """No object is stored under the key."""


class InvalidKeyError(ValueError):
    """The key is empty, absolute, or would leave the storage root."""


class StorageAdapter(Protocol):
    """Objects under `/`-separated keys. A reader sees the old bytes or the new, never a mixture.

    Attributes:
        page_keys: Keys that a listing reads ahead: so many may be of objects deleted meanwhile.
    """

    page_keys: ClassVar[int]

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Writes `data` under `key`, replacing what was there; durable when it returns."""
        ...

    def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Writes the file at `path` under `key` without loading it into memory."""
        ...

    def writer(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A file to write; committed atomically on a clean exit, discarded on an exception."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises ObjectNotFoundError."""
        ...

    def get_range(self, key: str, start: int, size: int) -> bytes:
        """`size` bytes from `start` on, fewer where the object ends. Raises ObjectNotFoundError."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The object as a readable stream, for the caller to close. Raises ObjectNotFoundError."""
        ...

    def as_file(self, key: str) -> AbstractContextManager[Path]:
        """The object as a local, read-only path for the time of the context."""
        ...

    def stat(self, key: str) -> ObjectInfo | None:
        """What is stored under `key`, or None."""
        ...

    def label(self, key: str, name: str) -> str:
        """A word that whoever wrote the object attached to it, as metadata or tag; "" for none.

        Raises ObjectNotFoundError. Files have none.
        """
        ...

    def list(
        self, prefix: str = "", *, start_after: str = "", limit: int | None = None
    ) -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix` and sorts after `start_after`, in key order.

        Fewer than `limit` means that there are no more. What can't be listed raises; it is never
        given out as empty.
        """
        ...

    def has_folder(self, prefix: str) -> bool:
        """Whether what holds the keys under `prefix`, which ends in a slash, is there at all.

        False for a folder that is missing, as when its disk is not mounted. A storage without
        folders says True of any prefix.
        """
        ...

    def delete(self, key: str) -> bool:
        """Removes the object; True if there was one."""
        ...

    def delete_many(self, keys: Iterable[str]) -> int:
        """Removes objects as `delete` does, in no order; returns how many of them there were.

        An error leaves some of them in place; the same call again goes on.
        """
        ...

    def sweep(self, folder: str) -> int:
        """Removes what unfinished writes left below `folder`; returns how many there were.

        For callers who know that nobody writes there now.
        """
        ...
