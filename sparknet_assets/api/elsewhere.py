"""Runs that other doors began, as far as the catalog's rows tell of them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from resources.catalog import DocumentRecord, DocumentStatus
from sparknet_assets.api.runs import RunView

if TYPE_CHECKING:
    from resources.deployment import Deployment

_SHOWN = 50
_SHARE = 10.0
_DOC_IDS = 100


class RunsElsewhere:
    """The newest runs of other doors. The catalog is read anew at most a tenth of the time."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
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
                self._found = _read(self._deployment)
                ended = time.monotonic()
                self._until = ended + _SHARE * (ended - started)
            found = self._found
        return [run for run in found if run.id not in own]


def _read(deployment: Deployment) -> list[RunView]:
    """A run is known by the rows it wrote last: what a later run did again is counted there.

    Documents that a process holds, and that no run has written yet, are a run under way.
    """
    by_run: dict[str, list[DocumentRecord]] = defaultdict(list)
    waiting: list[str] = []
    for record in deployment.catalog.documents():
        if record.status is DocumentStatus.PENDING:
            waiting.append(record.doc_id)
        if record.run_id:
            by_run[record.run_id].append(record)
    newest = sorted(by_run.items(), key=lambda item: max(r.updated_at for r in item[1]))
    found = [_ended(run_id, records) for run_id, records in newest[: -_SHOWN - 1 : -1]]
    return [*_under_way(deployment, waiting), *found]


def _ended(run_id: str, records: list[DocumentRecord]) -> RunView:
    failed = sum(record.status is DocumentStatus.FAILED for record in records)
    return RunView(
        id=run_id,
        what="elsewhere",
        state="failed" if failed else "done",
        documents=len(records),
        finished=len(records),
        failed=failed,
        doc_ids=[record.doc_id for record in records[:_DOC_IDS]],
        started_at=None,
        ended_at=max(record.updated_at for record in records),
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
