"""The rows of the catalog that changed since one looked, so that no request reads all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resources.catalog import Catalog, DocumentRecord

# Clocks of machines differ, and a row is written a moment after it says when.
_OVERLAP = timedelta(seconds=60)


class ChangesSeen:
    """Looks at a catalog again and again; for one thread at a time.

    Args:
        from_now: What there is at the first look is no change.
    """

    def __init__(self, catalog: Catalog, *, from_now: bool = False) -> None:
        self._catalog = catalog
        self._since: datetime | None = None
        self._seen: dict[str, datetime] = {}
        if from_now:
            self._since = datetime.now(UTC)
            self.look()

    def look(self) -> list[DocumentRecord]:
        """Rows that are new or changed since the last look; at the first one, all."""
        if self._since is None:
            began = datetime.now(UTC)
            rows = list(self._catalog.documents())
            self._note(rows, began)
            return rows
        rows = self._catalog.changed_since(self._since - _OVERLAP)
        fresh = [row for row in rows if self._seen.get(row.doc_id) != row.updated_at]
        self._note(rows, self._since)
        return fresh

    def _note(self, rows: Iterable[DocumentRecord], since: datetime) -> None:
        now = datetime.now(UTC)
        # A clock that runs ahead must not hide what others write.
        self._since = max([since, *(min(row.updated_at, now) for row in rows)])
        oldest = self._since - _OVERLAP
        self._seen = {row.doc_id: row.updated_at for row in rows if row.updated_at > oldest}
