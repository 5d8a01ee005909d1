"""Whether originals, artifacts, catalog and index agree: named checks over one walk. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from resources.deployment import Deployment
from sparknet_assets.stages.contract import Stage
from sparknet_assets.verification.contract import Check, Disagreement, Finding, Severity
from sparknet_assets.verification.walk import Walk

__all__ = [
    "Check",
    "Disagreement",
    "Finding",
    "Severity",
    "checks_of",
    "examine",
    "verify",
]


def checks_of(graph: Sequence[Stage] | None = None) -> list[Check]:
    """All checks, in the order that they are made in."""
    from sparknet_assets.verification import artifacts, fields, index, records, removals

    stages = _graph(graph)
    return [
        records.ORIGINALS,
        records.REGISTERED,
        removals.REMOVALS,
        records.STATUSES,
        records.FAILED,
        removals.UNKNOWN_FILES,
        *(artifacts.artifact_check(stage) for stage in stages if stage.artifact),
        artifacts.IMAGES,
        artifacts.TEXTS,
        records.CONFIDENCE,
        artifacts.EMBEDDINGS,
        fields.ADD_UP,
        fields.CORRECTIONS,
        *(records.inputs_check(stage) for stage in stages),
        index.VECTORS,
        index.HOLDINGS,
        index.ORPHANS,
        index.TOTALS,
        records.CURRENT,
    ]


def examine(
    deployment: Deployment,
    graph: Sequence[Stage] | None = None,
    *,
    checks: Collection[Check] | None = None,
    deep: bool = False,
    doc_ids: Collection[str] | None = None,
) -> Walk:
    """A walk past everything; its `findings()` are problems and warnings.

    Args:
        checks: All by default.
        deep: Also hash originals and page images, and look at each vector.
        doc_ids: Only these documents, each by itself.
    """
    chosen = checks_of(graph) if checks is None else checks
    return Walk(deployment, chosen, _graph(graph), deep=deep, doc_ids=doc_ids)


def verify(
    deployment: Deployment, graph: Sequence[Stage] | None = None, *, deep: bool = False
) -> Iterator[Disagreement]:
    """Every problem, document by document, then across documents. Warnings are left out."""
    for check, disagreement in examine(deployment, graph, deep=deep).findings():
        if check.severity is Severity.PROBLEM:
            yield disagreement


def _graph(graph: Sequence[Stage] | None) -> Sequence[Stage]:
    if graph is not None:
        return graph
    from sparknet_assets.stages import STAGES

    return STAGES
