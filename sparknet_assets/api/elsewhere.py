"""Runs that other doors began, as far as the catalog's rows tell of them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from resources.catalog import DocumentStatus
from sparknet_assets.api.changes_seen import ChangesSeen
from sparknet_assets.api.runs import RunView

if TYPE_CHECKING:
    from resources.deployment import Deployment

_SHOWN = 50
_SHARE = 10.0
_DOC_IDS = 100


class _Row(NamedTuple):
    """What is kept of a document's row."""

    run_id: str
    status: DocumentStatus
    updated_at: datetime


class RunsElsewhere:
    """The newest runs of other doors. Looks for changes at most a tenth of the time."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._changes: ChangesSeen | None = None
        self._rows: dict[str, _Row] = {}
        self._found: list[RunView] = []
        self._until = 0.0

    def newest(self, own: Collection[str]) -> list[RunView]:
        """Runs under way, then those that ended, newest first.

        Args:
            own: Ids of runs in Dagster to leave out.
        """
        with self._lock:
            started = time.monotonic()
            if started >= self._until:
                self._look()
                self._found = self._read()
                ended = time.monotonic()
                self._until = ended + _SHARE * (ended - started)
            found = self._found
        return [run for run in found if run.id not in own]

    def _look(self) -> None:
        changes = self._changes or ChangesSeen(self._deployment.catalog)
        for record in changes.look():
            self._rows[record.doc_id] = _Row(record.run_id, record.status, record.updated_at)
        self._changes = changes

    def _read(self) -> list[RunView]:
        """A run is known by the rows it wrote last: what a later run did again is counted there.

        Documents that are not through are no part of a run that ended, whichever stages of them
        are done; those that a process holds are a run under way.
        """
        by_run: dict[str, list[str]] = defaultdict(list)
        for doc_id, row in self._rows.items():
            if row.run_id and row.status is not DocumentStatus.PENDING:
                by_run[row.run_id].append(doc_id)
        waiting = [d for d, row in self._rows.items() if row.status is DocumentStatus.PENDING]
        ended = {
            run_id: max(self._rows[doc_id].updated_at for doc_id in doc_ids)
            for run_id, doc_ids in by_run.items()
        }
        newest = sorted(ended, key=lambda run_id: ended[run_id])[: -_SHOWN - 1 : -1]
        found = [self._ended(run_id, by_run[run_id], ended[run_id]) for run_id in newest]
        return [*_under_way(self._deployment, waiting), *found]

    def _ended(self, run_id: str, doc_ids: list[str], at: datetime) -> RunView:
        failed = sum(self._rows[doc_id].status is DocumentStatus.FAILED for doc_id in doc_ids)
        return RunView(
            id=run_id,
            what="elsewhere",
            state="failed" if failed else "done",
            documents=len(doc_ids),
            finished=len(doc_ids),
            failed=failed,
            doc_ids=sorted(doc_ids)[:_DOC_IDS],
            started_at=None,
            ended_at=at,
        )


def _under_way(deployment: Deployment, waiting: list[str]) -> list[RunView]:
    by_owner: dict[str, list[str]] = defaultdict(list)
    for doc_id, owner in deployment.catalog.owners(waiting).items() if waiting else ():
        by_owner[owner].append(doc_id)
    return [
        RunView(
            id=owner.rsplit(":", 1)[-1],
            what="elsewhere",
            state="running",
            documents=len(doc_ids),
            doc_ids=sorted(doc_ids)[:_DOC_IDS],
        )
        for owner, doc_ids in sorted(by_owner.items())
    ]
