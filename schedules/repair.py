"""`sparknet verify --repair`: mends what was found, looks again, and says what remains."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from schedules.planning import SETTLE, Change, FoundDocument, compare
from schedules.registration import register
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.claims import Claims
from sparknet_assets.instance import open_instance
from sparknet_assets.raw_names import RAW
from sparknet_assets.stages import STAGES
from sparknet_assets.verification import examine
from sparknet_assets.verification.contract import Disagreement
from sparknet_assets.verification.evaluation import Report, evaluate
from sparknet_assets.verification.remedies import Repairs, repairs_for

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from sparknet_assets.batch.document_run import StageResult

REQUESTED_BY = "sparknet verify --repair"
# One repair may bring to light what another has hidden, a mended index what it lacks.
_ROUNDS = 3


@dataclass
class Mended:
    """What a repair came to.

    Attributes:
        report: Of the last look.
        repaired: Problems that were there and are not any more.
        failed: Document -> why it could not be repaired.
    """

    report: Report
    repaired: list[Disagreement] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not (self.report.problems or self.report.busy or self.failed)


def mend(
    deployment: Deployment,
    *,
    deep: bool = False,
    instance: DagsterInstance | None = None,
    found: Callable[[Report], None] = lambda report: None,
    progress: Callable[[StageResult], None] | None = None,
) -> Mended:
    """Looks, repairs and looks again, until nothing is left that can be repaired.

    Other processes may be at work: documents that they have are waited for, then looked at again.

    Args:
        instance: The shared Dagster instance by default.
        found: Called with what the first look found, before anything is done.
        progress: Called with each result of a stage.
    """
    first = evaluate(examine(deployment, deep=deep))
    found(first)
    mended = Mended(first)
    repairs = repairs_for(first.problems, first.busy)
    if repairs:
        opened = nullcontext(instance) if instance else open_instance(deployment.settings)
        with opened as shared:
            for _ in range(_ROUNDS):
                mended.failed = _Repair(deployment, shared, progress).run(repairs)
                mended.report = evaluate(examine(deployment, deep=deep))
                repairs = repairs_for(mended.report.problems, mended.report.busy)
                if not repairs or mended.failed:
                    break
    left = set(mended.report.problems)
    mended.repaired = [problem for problem in first.problems if problem not in left]
    return mended


class _Repair:
    """One round of repairs.

    Attributes:
        failed: Document -> why it could not be repaired.
    """

    def __init__(
        self,
        deployment: Deployment,
        instance: DagsterInstance,
        progress: Callable[[StageResult], None] | None,
    ) -> None:
        self._deployment = deployment
        self._instance = instance
        self._progress = progress
        self.failed: dict[str, str] = {}

    def run(self, repairs: Repairs) -> dict[str, str]:
        """Does all of it, removals first."""
        records = self._deployment.catalog.get_many([*repairs.finish, *repairs.remove])
        # Looked at again: what became a document meanwhile is none of ours.
        gone = {d for d, record in records.items() if record.status is DocumentStatus.DELETED}
        begun = [d for d in repairs.finish if d in gone and not records[d].receipt]
        self._remove(begun, "its removal was broken off", keep_raw=False)
        # What is in raw/ under the name of a removed document was added since.
        left = [d for d in repairs.remove if d in gone or d not in records]
        self._remove(left, "belongs to no document", keep_raw=True)
        if repairs.mend:
            for store in self._deployment.stores():
                store.repair()
        registered = self._register(repairs.register)
        self._withdraw(repairs)
        due = [*registered, *repairs.redo]
        if due:
            from sparknet_assets.runs.execution import execute

            summary = execute(
                self._deployment, due, instance=self._instance, progress=self._progress
            )
            self.failed |= {doc_id: why.message for doc_id, why in summary.failed.items()}
        return self.failed

    def _remove(self, doc_ids: Sequence[str], reason: str, *, keep_raw: bool) -> None:
        if not doc_ids:
            return
        from sparknet_assets.removal.job import execute_removal
        from sparknet_assets.removal.receipts import RemovalError

        try:
            execute_removal(
                self._deployment,
                doc_ids,
                reason=reason,
                requested_by=REQUESTED_BY,
                instance=self._instance,
                keep_raw=keep_raw,
            )
        except RemovalError as error:
            self.failed |= {doc_id: why.message for doc_id, why in error.failures.items()}

    def _register(self, doc_ids: Sequence[str]) -> list[str]:
        """Gives rows to what was put into raw/ by hand, once nobody writes to it any more."""
        if not doc_ids:
            return []
        # Files that an intake is copying have no rows until it ends.
        with self._deployment.locks.hold("intake", shared=True):
            found = self._look(doc_ids)
            if any(document.change is Change.UNSETTLED for document in found):
                time.sleep(SETTLE.total_seconds())
                found = self._look(doc_ids)
            new = [document for document in found if document.change is Change.NEW]
            register(self._deployment, new, datetime.now(UTC))
        return [document.doc_id for document in new]

    def _look(self, doc_ids: Sequence[str]) -> list[FoundDocument]:
        records = self._deployment.catalog.get_many(doc_ids)
        found: list[FoundDocument] = []
        for doc_id in doc_ids:
            objects = self._deployment.storage.list(f"{RAW}{doc_id}/")
            known = {doc_id: records[doc_id]} if doc_id in records else {}
            found += compare(objects, known, datetime.now(UTC)).documents
        return found

    def _withdraw(self, repairs: Repairs) -> None:
        """Takes away outputs that are not to be trusted: a run makes them again.

        The artifacts first, of which a run may take over single pages; then the fingerprints. Cut
        off anywhere, the documents lack something, and any run finishes them. Those that others
        work on at the moment are left as they are.
        """
        catalog = self._deployment.catalog
        with Claims(self._deployment) as claims:
            mine = claims.take(list(repairs.redo))
            known, documents = catalog.stages(mine), catalog.get_many(mine)
            for doc_id in mine:
                ref = DocumentRef(doc_id, documents[doc_id].raw_key)
                for stage in STAGES:
                    if stage.artifact and stage.name in repairs.redo[doc_id]:
                        self._deployment.storage.delete(ref.key(stage.artifact))
            distrusted = [
                record.model_copy(update={"fingerprint": ""})
                for doc_id in mine
                for name, record in known[doc_id].items()
                if name in repairs.redo[doc_id] and record.fingerprint
            ]
            if distrusted:
                catalog.put_stages(distrusted)
            rewrite = [doc_id for doc_id in repairs.rewrite if doc_id in mine]
            for store in self._deployment.stores() if rewrite else ():
                catalog.drop_holdings(store.generation, rewrite)
