"""Two deployments of the same documents held against each other, stage by stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from resources.catalog import DocumentRecord, StageRecord
from resources.deployment import Deployment
from sparknet_assets.fields.noted import corrections_noted
from sparknet_assets.fingerprint import RECIPES, difference_of_texts
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import (
    FIELD_CORRECTIONS,
    RAW_DOCUMENTS,
    AnyStage,
    BatchStage,
)

_PAGE = 500
Verdict = Literal["equal", "explained", "unexplained"]


class Difference(NamedTuple):
    """Something that is not the same in both deployments.

    Attributes:
        stage: Empty where the document as a whole is meant.
        explained: Whether it follows from settings or earlier stages that differ; if not, one of
            the two deployments is wrong.
    """

    doc_id: str
    stage: str
    explained: bool
    detail: str


@dataclass
class Parity:
    """What a comparison found.

    Attributes:
        stages: (stage, verdict) -> number of documents; the empty stage counts whole documents.
    """

    documents: int = 0
    stages: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every difference is explained."""
        return all(difference.explained for difference in self.differences)

    def as_json(self) -> dict[str, Any]:
        """JSON values, as `compare --json` gives them out."""
        totals: dict[str, dict[str, int]] = {}
        for (stage, verdict), count in self.stages.items():
            totals.setdefault(stage or "documents in both", {})[verdict] = count
        return {
            "ok": self.ok,
            "documents": self.documents,
            "stages": totals,
            "differences": [difference._asdict() for difference in self.differences],
        }


def compare(here: Deployment, there: Deployment) -> Parity:
    """Compares all documents: rows, stage records, and the chunks that the indexes hold.

    A stage of a document has to give the same where its settings and its inputs are the same.
    Where these differ, its outputs may, and the difference is explained by them.
    """
    parity = Parity()
    recipes = (here.catalog.facts(RECIPES), there.catalog.facts(RECIPES))
    corrections = (corrections_noted(here.catalog), corrections_noted(there.catalog))
    for pairs in _paged(_pairs(here, there)):
        ids = [doc_id for doc_id, _, _ in pairs]
        stages = (here.catalog.stages(ids), there.catalog.stages(ids))
        chunks = (here.live_store.chunk_ids(ids), there.live_store.chunk_ids(ids))
        for doc_id, ours, theirs in pairs:
            one = _Side(ours, stages[0][doc_id], chunks[0][doc_id], recipes[0], corrections[0])
            other = _Side(theirs, stages[1][doc_id], chunks[1][doc_id], recipes[1], corrections[1])
            _compare_document(parity, doc_id, one, other)
    return parity


class _Side(NamedTuple):
    document: DocumentRecord | None
    stages: Mapping[str, StageRecord]
    chunks: set[str]
    recipes: Mapping[str, str]
    corrections: Mapping[str, str]

    def recipe(self, stage: str) -> str:
        record = self.stages.get(stage)
        return self.recipes.get(RECIPES + record.recipe, "") if record else ""

    def version(self, name: str) -> str:
        if name == RAW_DOCUMENTS:
            return self.document.raw_sha256 if self.document else ""
        if name == FIELD_CORRECTIONS:
            return self.corrections.get(self.document.doc_id, "") if self.document else ""
        record = self.stages.get(name)
        return record.data_version if record else ""


def _compare_document(parity: Parity, doc_id: str, one: _Side, other: _Side) -> None:
    parity.documents += 1
    if one.document is None or other.document is None:
        where = "the other deployment" if one.document is None else "this deployment"
        _note(parity, Difference(doc_id, "", False, f"only {where} has it"))
        return
    same = True
    for stage in STAGES:
        same &= _compare_stage(parity, doc_id, stage, one, other)
    ours, theirs = _state(one.document), _state(other.document)
    if ours != theirs:
        _note(parity, Difference(doc_id, "", not same, f"{ours} here, {theirs} there"))
    else:
        parity.stages["", "equal"] += 1


def _compare_stage(parity: Parity, doc_id: str, stage: AnyStage, one: _Side, other: _Side) -> bool:
    """Notes how the outputs of a stage compare; True if they are the same."""
    if stage.artifact is None and isinstance(stage, BatchStage):
        differs = "" if one.chunks == other.chunks else _chunk_words(one, other)
    else:
        ours, theirs = one.stages.get(stage.name), other.stages.get(stage.name)
        same = one.version(stage.name) == other.version(stage.name)
        differs = "" if same and _status(ours) == _status(theirs) else _words(ours, theirs)
    if not differs:
        parity.stages[stage.name, "equal"] += 1
        return True
    changed = [name for name in stage.inputs if one.version(name) != other.version(name)]
    settings = difference_of_texts(one.recipe(stage.name), other.recipe(stage.name))
    causes = [*([f"its input {', '.join(changed)}"] if changed else []), *filter(None, [settings])]
    why = f" ({'; '.join(causes)})" if causes else ""
    _note(parity, Difference(doc_id, stage.name, bool(causes), differs + why))
    return False


def _note(parity: Parity, difference: Difference) -> None:
    parity.differences.append(difference)
    verdict: Verdict = "explained" if difference.explained else "unexplained"
    parity.stages[difference.stage, verdict] += 1


def _state(document: DocumentRecord) -> str:
    kind = f" ({document.failure.kind.value})" if document.failure else ""
    return f"{document.status.value}{kind}"


def _status(record: StageRecord | None) -> str:
    if record is None:
        return "not reached"
    kind = f" ({record.failure.kind.value})" if record.failure else ""
    return f"{record.status.value}{kind}"


def _words(ours: StageRecord | None, theirs: StageRecord | None) -> str:
    if _status(ours) != _status(theirs):
        return f"{_status(ours)} here, {_status(theirs)} there"
    return "its outputs differ"


def _chunk_words(one: _Side, other: _Side) -> str:
    return (
        f"{len(one.chunks - other.chunks)} chunks are in the index here only,"
        f" {len(other.chunks - one.chunks)} there only"
    )


Pair = tuple[str, DocumentRecord | None, DocumentRecord | None]


def _pairs(here: Deployment, there: Deployment) -> Iterator[Pair]:
    """The documents of both, joined by their doc_id, in its order."""
    ours, theirs = here.catalog.documents(), there.catalog.documents()
    one, other = next(ours, None), next(theirs, None)
    while one or other:
        if other is None or (one is not None and one.doc_id < other.doc_id):
            assert one is not None
            yield one.doc_id, one, None
            one = next(ours, None)
        elif one is None or other.doc_id < one.doc_id:
            yield other.doc_id, None, other
            other = next(theirs, None)
        else:
            yield one.doc_id, one, other
            one, other = next(ours, None), next(theirs, None)


def _paged(pairs: Iterator[Pair]) -> Iterator[Sequence[Pair]]:
    page: list[Pair] = []
    for pair in pairs:
        page.append(pair)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page
