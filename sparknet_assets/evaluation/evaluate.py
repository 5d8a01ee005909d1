"""An evaluation: what a set has truth for, measured in this deployment as it is now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sparknet_assets import __version__
from sparknet_assets.evaluation import (
    answer_quality,
    field_quality,
    history,
    ocr_quality,
    retrieval_quality,
)
from sparknet_assets.evaluation.comparison import Change, compare
from sparknet_assets.evaluation.measured import (
    KINDS,
    Accepted,
    Entry,
    Kind,
    Measured,
    Sample,
    in_order,
)
from sparknet_assets.evaluation.sets import EvaluationSet, read_set
from sparknet_assets.stages import STAGES

if TYPE_CHECKING:
    from resources.deployment import Deployment

# They say where things are, and how fast and at whose cost, not what comes out.
_SHAPELESS = {
    "home", "dagster_home", "workers", "task_timeout", "worker_memory_mb", "batch_size",
    "pdf_passwords", "redis_url",
}  # fmt: skip


class Outcome(BaseModel):
    """What was measured of one kind, beside what is accepted."""

    entry: Entry
    measured: Measured
    changes: list[Change]

    @property
    def regressions(self) -> list[Change]:
        return [change for change in self.changes if change.regressed]

    @property
    def ok(self) -> bool:
        """Whether nothing got worse, and every truth was held against something."""
        return not self.regressions and not self.measured.problems

    def as_json(self) -> dict[str, Any]:
        """JSON values, as the command gives them out."""
        return {
            **self.entry.model_dump(mode="json"),
            "problems": self.measured.problems,
            "scores": self.measured.scores,
            "changes": [change.model_dump() for change in self.changes],
            "ok": self.ok,
        }


def evaluate(
    deployment: Deployment,
    where: str = "",
    *,
    only: Sequence[str] = KINDS,
    sample: Sample = Sample(),  # noqa: B008 # immutable
    accept: bool = False,
    begun: Callable[[Kind], None] | None = None,
) -> list[Outcome]:
    """Measures, compares with the accepted figures, and keeps all in the history.

    Args:
        where: The set; see `read_set`.
        only: Kinds; what the set has no truth for is left out.
        sample: Of the items of each kind.
        accept: These become the accepted figures.
        begun: Called with each kind before it is measured.

    Returns:
        An outcome for each kind that the set has truth for.

    Raises:
        SparknetError: The set can't be read, or a service does not answer. Nothing is kept then.
    """
    given = read_set(deployment, where)
    outcomes = []
    for kind in in_order(only):
        if not has_truth(kind, given, deployment):
            continue
        if begun:
            begun(kind)
        outcomes.append(_outcome(deployment, given, kind, sample, accept))
    if outcomes:
        history.append(deployment.storage, [outcome.entry for outcome in outcomes])
    if accept:
        for outcome in outcomes:
            history.accept(
                deployment.storage,
                Accepted(entry=outcome.entry, scores=outcome.measured.scores),
            )
    return outcomes


def has_truth(kind: Kind, given: EvaluationSet, deployment: Deployment) -> bool:
    """Whether there is anything of this kind to be measured."""
    match kind:
        case "ocr":
            return bool(given.texts)
        case "retrieval":
            return any(question.doc_id or question.quote for question in given.questions)
        case "answers":
            return bool(given.questions)
        case "fields":
            return field_quality.has_truth(deployment, given.fields)


def _outcome(
    deployment: Deployment, given: EvaluationSet, kind: Kind, sample: Sample, accept: bool
) -> Outcome:
    measured = _measure(deployment, given, kind, sample)
    before = history.accepted(deployment.storage, given.name, kind)
    live = deployment.live
    entry = Entry(
        when=datetime.now(UTC),
        kind=kind,
        set_name=given.name,
        set_sha256=given.sha256,
        sample=sample.size,
        seed=sample.seed,
        deployment=deployment.settings.deployment,
        generation=live.name if live else "",
        settings_sha256=settings_sha256(deployment),
        code_version=code_version(),
        items=measured.items,
        figures=measured.figures,
        problems=len(measured.problems),
        accepted=accept,
    )
    return Outcome(entry=entry, measured=measured, changes=compare(measured, before))


def _measure(deployment: Deployment, given: EvaluationSet, kind: Kind, sample: Sample) -> Measured:
    match kind:
        case "ocr":
            return ocr_quality.measure(deployment, given.texts, sample)
        case "retrieval":
            return retrieval_quality.measure(deployment, given.questions, sample)
        case "answers":
            return answer_quality.measure(deployment, given.questions, sample)
        case "fields":
            return field_quality.measure(deployment, given.fields, sample)


def settings_sha256(deployment: Deployment) -> str:
    """Digest of the settings that may shape figures; secrets are not among them."""
    values = deployment.settings.model_dump(mode="json", exclude=_SHAPELESS)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def code_version() -> str:
    """Of the package and of each stage, for instance `0.1.0 documents 1, chunks 1`."""
    return f"{__version__} " + ", ".join(f"{s.name} {s.code_version}" for s in STAGES)
