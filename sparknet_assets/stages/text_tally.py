"""What `ocr_text` says about a document, counted as its pages pass by."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resources.failure import Failure, FailureKind, SparknetError
from resources.ocr import PageText
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.source.text.page_text import TEXT_LAYER
from sparknet_assets.stages.contract import PageResult
from sparknet_assets.stages.picture_text import pictures_read
from sparknet_assets.text_index import PageFacts, record_of
from sparknet_assets.unclimbed import UNCLIMBED, awaits_budget

PREVIEW = 300
PICTURES = "pictures_read"


def page_result(text: PageText, cost_usd: float = 0.0) -> PageResult:
    """A page on its way to text.json: a line of facts for `Tally`, then its JSON.

    Args:
        cost_usd: Paid for it now; what it cost before is in the record of then.
    """
    facts = {
        "engine": text.engine,
        "reason": text.reason.partition(";")[0],
        "climbed": int(bool(text.tier)),
        PICTURES: pictures_read(text.reason),
        UNCLIMBED: int(awaits_budget(text.reason)),
        "language": text.language,
        "confidence": text.confidence,
        "words": sum(len(line.words) for line in text.lines),
        "tables": len(text.tables),
        "hidden_characters": text.hidden_characters,
        "cost_usd": cost_usd,
        "preview": " ".join(line.text for line in text.lines[:PREVIEW])[:PREVIEW],
    }
    record = json.dumps(facts).encode() + b"\n" + text.model_dump_json().encode()
    return PageResult(text.page, record)


class Tally:
    """Counts pages as they pass by on their way into text.json."""

    def __init__(self) -> None:
        self.failures: dict[int, Failure] = {}
        self.cost_usd = 0.0
        self._engines: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._confidence = 0.0
        self._ocr_confidence = 0.0
        self._ocr_words = 0
        self._preview = ""
        self._pages = 0

    def records(
        self, ref: DocumentRef, results: Iterable[PageResult]
    ) -> Iterator[tuple[PageFacts, bytes]]:
        """The pages' facts and JSON. Raises SparknetError at the end when every page failed."""
        for result in results:
            self._pages += 1
            if result.failure is not None:
                self.failures[result.page] = result.failure
                yield _failed(result.page, result.failure)
                continue
            line, record = result.record.split(b"\n", 1)
            facts = json.loads(line)
            self._add(facts)
            shown = {name: facts[name] for name in ("engine", "confidence", "words", "tables")}
            yield PageFacts(page=result.page, **shown), record
        if self._pages and len(self.failures) == self._pages:
            raise _nothing_read(ref, self.failures)

    def _add(self, facts: dict[str, Any]) -> None:
        self.cost_usd += facts["cost_usd"]
        self._engines[facts["engine"]] += 1
        self._reasons[facts["reason"]] += 1
        if facts["language"]:
            self._languages[facts["language"]] += 1
        for name in ("words", "tables", "hidden_characters", "climbed", PICTURES, UNCLIMBED):
            self._sums[name] += facts[name]
        self._confidence += facts["words"] * (facts["confidence"] or 0.0)
        if facts["engine"] != TEXT_LAYER:
            self._ocr_words += facts["words"]
            self._ocr_confidence += facts["words"] * (facts["confidence"] or 0.0)
        if len(self._preview) < PREVIEW:
            self._preview = f"{self._preview} {facts['preview']}".strip()[:PREVIEW]

    def metadata(self) -> dict[str, Any]:
        words, read = self._sums["words"], self._ocr_words
        some = ("climbed", UNCLIMBED, PICTURES)
        counted = {name: n for name in some if (n := self._sums[name])}
        return {
            **counted,
            "engines": dict(sorted(self._engines.items())),
            "reasons": dict(sorted(self._reasons.items())),
            "confidence": round(self._confidence / words, 4) if words else None,
            "ocr_confidence": round(self._ocr_confidence / read, 4) if read else None,
            "words": words,
            "tables": self._sums["tables"],
            "hidden_characters": self._sums["hidden_characters"],
            "languages": dict(self._languages.most_common()),
            "preview": self._preview,
            "failed_pages": sorted(self.failures),
        }


def _failed(page: int, failure: Failure) -> tuple[PageFacts, bytes]:
    # Attempts and dates belong to the catalog: equal input gives an equal artifact.
    lasting = failure.model_copy(update={"attempts": 1, "next_retry_at": None})
    record = PageText(page=page, width=0, height=0, engine="none", reason="failed", failure=lasting)
    return record_of(record)


def _nothing_read(ref: DocumentRef, failures: Mapping[int, Failure]) -> SparknetError:
    kinds = {failure.kind for failure in failures.values()}
    kind = kinds.pop() if len(kinds) == 1 else FailureKind.UNREADABLE
    first = next(iter(failures.values()))
    return SparknetError(
        kind,
        f"No page of {ref.filename} could be read. {first.message}",
        any(failure.retryable for failure in failures.values()),
    )
