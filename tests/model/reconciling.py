"""Reconciles a deployment as the nightly job does, but without Dagster around the batch."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

from schedules.reconciliation import reconcile as reconcile_all
from sparknet_assets.batch.running import run_batch
from sparknet_assets.removal.receipts import Receipt
from sparknet_assets.removal.removing import remove
from sparknet_assets.runs.execution import RunSummary
from sparknet_assets.stages.contract import AnyStage
from tests.model.world import SmallDeployment


def reconcile(deployment: SmallDeployment, graph: Sequence[AnyStage]) -> None:
    """Brings all documents up to date with raw/, the settings and the code."""

    def execute(_: SmallDeployment, doc_ids: Sequence[str], **options: object) -> RunSummary:
        summary = RunSummary(documents=len(doc_ids))
        for result in run_batch(doc_ids, deployment, graph=graph):
            summary.add(result)
        return summary

    def execute_removal(
        _: SmallDeployment, doc_ids: Sequence[str], *, reason: str, requested_by: str, **__: object
    ) -> list[Receipt]:
        return remove(deployment, doc_ids, reason=reason, requested_by=requested_by)

    with (
        mock.patch("sparknet_assets.runs.execution.execute", execute),
        mock.patch("sparknet_assets.removal.job.execute_removal", execute_removal),
    ):
        reconcile_all(deployment, allow_removals=True, graph=graph)
