"""The cache port: bytes by namespace and content hash, safe to lose at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
