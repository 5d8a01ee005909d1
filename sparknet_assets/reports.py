"""What the catalog says about documents, in the shape that every door shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from resources.catalog import Catalog, DocumentRecord, DocumentStatus, StageRecord
from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.tiers import source_of
from sparknet_assets.unclimbed import UNCLIMBED, unclimbed_pages

T = TypeVar("T")
_PAGE = 500
_PLACES = {name: place for place, name in enumerate(STAGE_NAMES)}


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """A document and its stages, in the order of the graph."""

    document: DocumentRecord
    stages: dict[str, StageRecord]

    @property
    def failed_pages(self) -> list[int]:
        """1-based numbers of pages that any stage could not read."""
        return sorted({page for stage in self.stages.values() for page in stage.failed_pages})

    @property
    def seconds(self) -> float:
        """Work that the last run spent on this document."""
        return sum(stage.seconds for stage in self.stages.values() if not stage.reused)

    @property
    def cost_usd(self) -> float:
        """What the last run paid for this document."""
        return sum(stage.cost_usd for stage in self.stages.values() if not stage.reused)

    def as_json(self) -> dict[str, Any]:
        """The document as an element of `status --json`'s `documents`."""
        failure = self.document.failure
        due = failure and failure.next_retry_at
        return {
            "doc_id": self.document.doc_id,
            "status": self.document.status.value,
            "pages": self.document.pages,
            "chunks": self.document.chunks,
            "tier": self.document.tier,
            "tier_source": source_of(self.document),
            "stale": self.document.stale or None,
            "receipt": self.document.receipt or None,
            "failure": failure and failure.model_dump(include={"kind", "message", "retryable"}),
            "next_retry_at": due and due.isoformat(),
            "stages": {
                name: {
                    "status": stage.status.value,
                    "seconds": round(stage.seconds, 3),
                    "cost_usd": stage.cost_usd,
                    "reused": stage.reused,
                    **_partly_reused(stage),
                    **_unclimbed(stage),
                }
                for name, stage in self.stages.items()
            },
        }


def taken_over(stage: StageRecord) -> tuple[int, int] | None:
    """How many pages or texts of an output needed no work, and of how many; None when all did."""
    facts = stage.metadata
    for part, whole in (("pages_reused", stage.pages), ("cached", facts.get("chunks", 0))):
        if whole and facts.get(part):
            return min(facts[part], whole), whole
    return None


def _partly_reused(stage: StageRecord) -> dict[str, list[int]]:
    taken = None if stage.reused else taken_over(stage)
    return {"taken_over": list(taken)} if taken else {}


def _unclimbed(stage: StageRecord) -> dict[str, int]:
    pages = unclimbed_pages(stage)
    return {UNCLIMBED: pages} if pages else {}


def report(catalog: Catalog, doc_ids: Sequence[str]) -> Iterator[DocumentReport]:
    """Reports on these documents, in the order given; unknown ones are left out."""
    for some in in_pages(dict.fromkeys(doc_ids)):
        known = catalog.get_many(some)
        yield from _with_stages(catalog, [known[doc_id] for doc_id in some if doc_id in known])


def report_all(catalog: Catalog) -> Iterator[DocumentReport]:
    """Reports on every document, in `doc_id` order."""
    for some in in_pages(catalog.documents()):
        yield from _with_stages(catalog, some)


def in_pages(items: Iterable[T], size: int = _PAGE) -> Iterator[list[T]]:
    """The items in lists of at most `size`, so that a corpus of any length is read in bulk."""
    iterator = iter(items)
    while page := list(islice(iterator, size)):
        yield page


def totals(reports: Iterable[DocumentReport]) -> dict[str, int]:
    """Status -> number of documents."""
    return dict(Counter(item.document.status.value for item in reports))


def troubled(reports: Iterable[DocumentReport]) -> list[DocumentReport]:
    """Those that failed, or that miss pages."""
    bad = (DocumentStatus.FAILED, DocumentStatus.PARTIAL)
    return [item for item in reports if item.document.status in bad]


def _with_stages(catalog: Catalog, documents: Sequence[DocumentRecord]) -> Iterator[DocumentReport]:
    stages = catalog.stages([document.doc_id for document in documents])
    for document in documents:
        records = stages.get(document.doc_id, {})
        names = sorted(records, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))
        yield DocumentReport(document, {name: records[name] for name in names})
