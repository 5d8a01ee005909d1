"""A walk summed up, check by check."""

from __future__ import annotations

from dataclasses import dataclass, field

from sparknet_assets.verification.contract import Check, Disagreement, Severity
from sparknet_assets.verification.walk import Walk


@dataclass
class Evaluation:
    """What a check found."""

    check: Check
    found: list[Disagreement] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.found

    @property
    def documents(self) -> int:
        """How many documents it found something about."""
        return len({item.doc_id for item in self.found if item.doc_id})


@dataclass
class Report:
    """What all checks of a walk found.

    Attributes:
        examined: Documents that were looked at.
        busy: Those of which nothing is said, because another process works on them.
    """

    evaluations: list[Evaluation]
    examined: int = 0
    busy: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[Disagreement]:
        return self._of(Severity.PROBLEM)

    @property
    def warnings(self) -> list[Disagreement]:
        return self._of(Severity.WARNING)

    def _of(self, severity: Severity) -> list[Disagreement]:
        return sorted(
            {
                item
                for evaluation in self.evaluations
                if evaluation.check.severity is severity
                for item in evaluation.found
            }
        )


def evaluate(walk: Walk) -> Report:
    """Makes the walk and sorts what it finds by check."""
    evaluations = {(check.asset, check.name): Evaluation(check) for check in walk.checks}
    for check, disagreement in walk.findings():
        evaluations[check.asset, check.name].found.append(disagreement)
    return Report(list(evaluations.values()), walk.corpus.examined, sorted(walk.corpus.busy))
