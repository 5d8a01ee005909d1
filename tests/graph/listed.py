"""A storage that only lists, kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from resources.storage import ObjectInfo

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class ListedStorage:
    """Keys and change marks, listed as a storage lists them; the bytes don't matter.

    Attributes:
        marks: Key -> change mark.
        requests: (prefix, start_after, limit) of each listing.
    """

    def __init__(self, *keys: str) -> None:
        self.marks = {key: "1" for key in keys}
        self.requests: list[tuple[str, str, int | None]] = []

    def list(
        self, prefix: str = "", *, start_after: str = "", limit: int | None = None
    ) -> Iterator[ObjectInfo]:
        self.requests.append((prefix, start_after, limit))
        keys = sorted(k for k in self.marks if k.startswith(prefix) and k > start_after)
        for key in keys[:limit]:
            yield ObjectInfo(key, 1, self.marks[key], LONG_AGO)

    def stat(self, key: str) -> ObjectInfo | None:
        mark = self.marks.get(key)
        return ObjectInfo(key, 1, mark, LONG_AGO) if mark else None

    def has_folder(self, prefix: str) -> bool:
        return any(key.startswith(prefix) for key in self.marks)
