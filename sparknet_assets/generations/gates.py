"""What a generation must show before it answers: nothing missing, counts that agree, recall."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.generations import Generation
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.generations.holdings import TEXT_STAGE, behind
from sparknet_assets.reports import in_pages

SAMPLES = 50
TOP_K = 10
ALLOWED_LOSS = 0.05
_QUERY_WORDS = 12
_FEWEST_WORDS = 6
# Text streams from its first page: a sample from deep inside a long document would cost seconds.
_FIRST_PAGES = 20
_NAMED = 3


class GateResult(NamedTuple):
    """What a gate found.

    Attributes:
        detail: One or two sentences for people: what was found and, if it did not pass, what to do.
        figures: What was counted, JSON values.
    """

    name: str
    passed: bool
    detail: str
    figures: dict[str, int | float]


class Sample(NamedTuple):
    """Words that stand on a page (1-based), to be found there."""

    doc_id: str
    page: int
    query: str


def check_switch(deployment: Deployment, generation: Generation) -> list[GateResult]:
    """All gates between the live generation and the one that is to take its place."""
    texts = current_texts(deployment)
    missing = behind(deployment, generation, texts)
    return [
        check_complete(deployment, generation, texts, sorted(missing)),
        check_counts(deployment, generation),
        check_recall(deployment, generation, sorted(texts.keys() - missing.keys())),
    ]


def current_texts(deployment: Deployment) -> dict[str, str]:
    """doc_id -> data version of its text, for every document that searches are to find.

    Of one whose newest version failed early, the text of the version before.
    """
    live, catalog = deployment.live, deployment.catalog
    answering = catalog.holdings(live.name) if live else {}
    found: dict[str, str] = {}
    for documents in in_pages(catalog.documents()):
        known = [d.doc_id for d in documents if d.status is not DocumentStatus.DELETED]
        for doc_id, records in catalog.stages(known, stage=TEXT_STAGE).items():
            text = _whole_text(records)
            if text is None and doc_id in answering:
                text = answering[doc_id].text_version
            if text is not None:
                found[doc_id] = text
    return found


def check_complete(
    deployment: Deployment, generation: Generation, texts: Mapping[str, str], missing: Sequence[str]
) -> GateResult:
    """Every document that searches are to find is held with its current text."""
    there, wanted = len(texts) - len(missing), len(texts)
    failed = [d for d in _records(deployment, missing) if d.status is DocumentStatus.FAILED]
    detail = f"{there:,} of {wanted:,} documents are in it"
    if missing:
        detail += f"; {_how_to_build(deployment, generation)}"
    if failed:
        names = ", ".join(document.doc_id for document in failed[:_NAMED])
        more = f" and {len(failed) - _NAMED:,} more" if len(failed) > _NAMED else ""
        detail += (
            f". {len(failed):,} failed and would be found no more: {names}{more}; see"
            " `sparknet status`, or delete them"
        )
    figures = {"documents": there, "of_documents": wanted, "failed": len(failed)}
    return GateResult("complete", not missing, f"{detail}.", {**figures})


def check_counts(deployment: Deployment, generation: Generation) -> GateResult:
    """Vectors, keyword rows and what the documents have are the same number."""
    held = deployment.catalog.holdings(generation.name)
    chunks = sum(holding.chunks for holding in held.values())
    vectors, rows = deployment.store_of(generation).count()
    passed = vectors == rows == chunks
    detail = f"{vectors:,} vectors and {rows:,} keyword rows for {chunks:,} chunks"
    if not passed:
        detail += "; run `sparknet materialize`, and `sparknet verify` if they still disagree"
    figures = {"chunks": chunks, "vectors": vectors, "keyword_rows": rows}
    return GateResult("counts", passed, f"{detail}.", {**figures})


def check_recall(
    deployment: Deployment, generation: Generation, doc_ids: Sequence[str]
) -> GateResult:
    """Words off a page find that page about as often as they do in the live generation.

    By meaning only: the words themselves both find alike.

    Args:
        doc_ids: Documents that the generation holds as they are now.
    """
    live = deployment.answering
    held = deployment.catalog.holdings(live.name, doc_ids)
    chosen = list(samples(deployment, [doc_id for doc_id in doc_ids if doc_id in held]))
    if not chosen:
        return GateResult("recall", True, "There is no text to compare by.", {"samples": 0})
    try:
        before = recall(deployment, live, chosen)
    except SparknetError as error:
        detail = f"The index that answers can't be asked: {error.message} --force switches."
        return GateResult("recall", False, detail, {"samples": len(chosen)})
    after = recall(deployment, generation, chosen)
    passed = after >= before - ALLOWED_LOSS
    detail = (
        f"Of {len(chosen)} pages, {after:.0%} are among the {TOP_K} best for words of theirs;"
        f" {before:.0%} in the index that answers."
    )
    if not passed:
        detail += " Compare answers of your own before you --force it, or choose another model."
    figures = {"samples": len(chosen), "recall": round(after, 4), "live_recall": round(before, 4)}
    return GateResult("recall", passed, detail, figures)


def samples(deployment: Deployment, doc_ids: Sequence[str]) -> Iterator[Sample]:
    """At most `SAMPLES` pages of these documents, always the same ones, and words of each."""
    order = sorted(doc_ids, key=_number)[:SAMPLES]
    each = max(1, SAMPLES // max(1, len(order)))
    for doc_id in order:
        try:
            pages = islice(read_text(deployment.storage, DocumentRef(doc_id, "")), _FIRST_PAGES)
            words = {page.page: page.text.split() for page in pages}
        except (ObjectNotFoundError, ValueError):
            continue
        full = [number for number, found in words.items() if len(found) >= _FEWEST_WORDS]
        for page in sorted(full, key=lambda number: _number(f"{doc_id}:{number}"))[:each]:
            start = _number(f"{doc_id}:{page}:") % max(1, len(words[page]) - _QUERY_WORDS + 1)
            query = " ".join(words[page][start : start + _QUERY_WORDS])
            yield Sample(doc_id, page, query)


def recall(deployment: Deployment, generation: Generation, chosen: Sequence[Sample]) -> float:
    """Share of the samples whose page, or the same words elsewhere, is among the best."""
    store = deployment.store_of(generation)
    vectors = deployment.embedder_of(generation).embed([sample.query for sample in chosen])
    found = 0
    for sample, vector in zip(chosen, vectors, strict=True):
        found += any(
            (hit.chunk.doc_id == sample.doc_id and sample.page in hit.chunk.pages)
            or sample.query in " ".join(hit.chunk.text.split())
            for hit in store.search(vector, TOP_K)
        )
    return found / len(chosen)


def _whole_text(records: Mapping[str, StageRecord]) -> str | None:
    record = records.get(TEXT_STAGE)
    if record and record.fingerprint and record.status is not StageStatus.FAILED:
        return record.data_version
    return None


def _records(deployment: Deployment, doc_ids: Sequence[str]) -> Iterator[DocumentRecord]:
    for some in in_pages(doc_ids):
        yield from deployment.catalog.get_many(some).values()


def _how_to_build(deployment: Deployment, generation: Generation) -> str:
    wanted = generation.differences(deployment.settings)
    if not wanted:
        return "run `sparknet materialize` to add the rest"
    settings = ", ".join(
        f"SPARKNET_{name.upper()}={value}" if value else f"no SPARKNET_{name.upper()}"
        for name, value in wanted.items()
    )
    return f"the settings name another index: with {settings}, `sparknet materialize` adds the rest"


def _number(text: str) -> int:
    """A number that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
