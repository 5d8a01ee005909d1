"""Whether the outputs of a document are what the graph, as it is set now, would make. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.tiers import STANDARD, TIERS
from schedules.planning import Change
from sparknet_assets.fingerprint import Recipe, difference
from sparknet_assets.stages.contract import FIELD_CORRECTIONS, RAW_DOCUMENTS, Stage
from sparknet_assets.unclimbed import unclimbed_pages


class Recipes(Protocol):
    """What `sparknet_assets.fingerprint.Recipes` offers."""

    def of(self, stage: Stage) -> Recipe: ...

    def fingerprint(self, stage: Stage, inputs: Mapping[str, str]) -> str: ...

    def of_tier(self, tier: str) -> Recipes: ...


@dataclass(frozen=True)
class Assessment:
    """What the stages of a document that is unchanged need.

    Attributes:
        some_pages: So many of its pages are to be worked on; None: all, as far as is known.
        page_usd: What each of these costs at the first of the stages.
    """

    change: Change
    stages: tuple[str, ...] = ()
    reason: str = ""
    some_pages: int | None = None
    page_usd: float = 0.0


@dataclass(frozen=True)
class Assessor:
    """Judges documents by the graph as it is now.

    Attributes:
        texts: Recipe id -> its text, for the recipes that outputs were made by.
        behind: Documents of which the live index holds an older version than the text.
        absent: Documents that are not in the index that the settings name, though they were once.
        corrections: doc_id -> data version of what people set right, where there is something.
        tier: Whose recipes these are.
        climbing: Tier -> price of reading a doubtful page again, where a run's budget allows it.
    """

    graph: Sequence[Stage]
    recipes: Recipes
    texts: Mapping[str, str]
    now: datetime
    behind: Collection[str] = ()
    absent: Collection[str] = ()
    corrections: Mapping[str, str] = field(default_factory=dict)
    tier: str = STANDARD
    climbing: Mapping[str, float] = field(default_factory=dict)

    def assess(self, document: DocumentRecord, records: Mapping[str, StageRecord]) -> Assessment:
        """What the stages of a document need, given that its original is as it was last read."""
        recipes = self.recipes.of_tier(document.tier)
        if recipes is not self.recipes:
            own = replace(self, recipes=recipes, tier=document.tier)
            return own.assess(document, records)
        versions = {
            RAW_DOCUMENTS: f"{document.raw_sha256}:{document.filename}",
            FIELD_CORRECTIONS: self.corrections.get(document.doc_id, ""),
        }
        redo: dict[str, str] = {}
        tried: list[tuple[Stage, StageRecord]] = []
        blocked: set[str] = set()
        for stage in self.graph:
            record = records.get(stage.name)
            if blocked.intersection(stage.inputs):
                blocked.add(stage.name)
            elif redo.keys() & set(stage.inputs):
                redo[stage.name] = ""
            elif record is not None and self._fails_again(stage, record, versions):
                tried.append((stage, record))
                if record.status is StageStatus.FAILED:
                    blocked.add(stage.name)
                versions[stage.name] = record.data_version
            elif reason := self._outdated(stage, record, versions):
                redo[stage.name] = reason
            elif record is not None:
                versions[stage.name] = record.data_version
        found = self._conclude(document, redo, tried)
        waiting = [self._waiting(records.get(name)) for name in redo]
        if sum(map(bool, redo.values())) == 1 and any(waiting):
            price = self.climbing[self.tier]
            return replace(found, some_pages=sum(waiting), page_usd=price)
        return found

    def _waiting(self, record: StageRecord | None) -> int:
        """Pages that would be read again now that there is money for it."""
        return unclimbed_pages(record) if self.tier in self.climbing else 0

    def _conclude(
        self,
        document: DocumentRecord,
        redo: Mapping[str, str],
        tried: Sequence[tuple[Stage, StageRecord]],
    ) -> Assessment:
        reasons = [f"{name}: {reason}" for name, reason in redo.items() if reason]
        if redo:
            return Assessment(Change.OUTDATED, tuple(redo), "; ".join(reasons))
        for stage, record in tried:
            failure = record.failure
            if failure and failure.next_retry_at:
                due = failure.next_retry_at <= self.now
                reason = f"{stage.name}: {failure.kind.value}, attempt {record.attempts + 1}"
                change = Change.DUE if due else Change.WAITING
                return Assessment(change, tuple(self._after(stage)), reason)
        last = [stage.name for stage in self.graph if not stage.aside][-1]
        if document.doc_id in self.absent and document.status is not DocumentStatus.FAILED:
            reason = f"{last}: it is not in the index that the settings name"
            return Assessment(Change.OUTDATED, (last,), reason)
        if document.doc_id in self.behind:
            reason = f"{last}: the live index holds an older version"
            return Assessment(Change.OUTDATED, (last,), reason)
        if document.stale and document.status is not DocumentStatus.FAILED:
            reason = "a run was killed before it noted that the index is up to date"
            return Assessment(Change.OUTDATED, (last,), reason)
        return Assessment(Change.UNCHANGED)

    def _fails_again(self, stage: Stage, record: StageRecord, versions: Mapping[str, str]) -> bool:
        """It failed, wholly or at some pages, at just what it would be given now."""
        if record.failure is None:
            return False
        mark = record.tried if record.status is StageStatus.FAILED else record.fingerprint
        # An attempt that could not find out what it was at is one of the present.
        return not mark or mark == self.recipes.fingerprint(stage, versions)

    def _after(self, stage: Stage) -> list[str]:
        """The stage and all that depend on it, in order."""
        found = [stage.name]
        for later in self.graph:
            if later.name not in found and any(name in found for name in later.inputs):
                found.append(later.name)
        return found

    def _outdated(
        self,
        stage: Stage,
        record: StageRecord | None,
        versions: Mapping[str, str],
    ) -> str:
        """Why the stage would be redone; empty when it would not."""
        if record is None:
            return "was never made"
        if record.fingerprint == self.recipes.fingerprint(stage, versions):
            if waiting := self._waiting(record):
                pages = "1 page waits" if waiting == 1 else f"{waiting} pages wait"
                return f"{pages} for a budget to be read again"
            return ""
        if record.status is not StageStatus.FAILED and not record.fingerprint:
            return "was interrupted"
        recipe = self.recipes.of(stage)
        if record.status is StageStatus.FAILED:
            return "failed before, and its settings, code or input have changed since"
        if record.recipe != recipe.id:
            what = difference(self.texts.get(record.recipe, ""), recipe)
            before = self._tier_of(stage, record)
            return f"tier {before} -> {self.tier} ({what})" if before else what
        return f"its input {' or '.join(stage.inputs)} has changed"

    def _tier_of(self, stage: Stage, record: StageRecord) -> str:
        """The other tier that an output was made for, as the settings are now."""
        for tier in TIERS:
            if tier != self.tier and self.recipes.of_tier(tier).of(stage).id == record.recipe:
                return tier
        return ""
