"""The cache port: bytes by namespace and content hash, safe to lose at any time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol


class Cache(Protocol):
    """Many processes may read and write. A lost, corrupt or unreachable cache costs time only."""

    def get_many(self, namespace: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The entries that are there."""
        ...

    def put_many(self, namespace: str, entries: Mapping[str, bytes]) -> None:
        """Stores entries, replacing what was there."""
        ...

    def delete_many(self, namespace: str, keys: Iterable[str]) -> int:
        """Removes entries; returns how many there were."""
        ...

    def take(self, bucket: str, tokens: float, per_second: float, burst: float) -> float | None:
        """Takes tokens from a bucket that all who use this cache share.

        A bucket that nobody has taken from is full: `burst` tokens. It fills by `per_second`.

        Args:
            tokens: At most `burst`.

        Returns:
            0.0 when they were taken; else the seconds until there are enough, with none taken. None
            when the cache can't be asked now.
        """
        ...

    def use(self, namespace: str, users: Mapping[str, Collection[str]]) -> None:
        """Notes which documents use which entries: doc_id -> keys. Called before they are put.

        An entry that no one was noted for is kept until someone deletes it.
        """
        ...

    def forget(self, user: str) -> int:
        """Removes the entries that only this document used; returns how many there were.

        This and `used` raise a SparknetError where others would miss: they have to be right.
        """
        ...

    def used(self, user: str) -> int:
        """Number of entries that are noted as used by this document."""
        ...

    def scrub(self) -> bool:
        """Makes sure that what was removed is in no file any more; False when it may yet be."""
        ...
