"""Checks of the index, in every generation: its vectors are those of the documents' chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from resources.vector_store import VectorStore
from sparknet_assets.reports import in_pages
from sparknet_assets.verification.contract import Check, Disagreement
from sparknet_assets.verification.corpus import Corpus
from sparknet_assets.verification.reading import ChunksContents
from sparknet_assets.verification.subject import Subject

_NAMED = 3
_TOGETHER = 100
STAGE = "vector_index"


def _vectors(subject: Subject) -> Iterator[Disagreement]:
    chunks = subject.contents("chunks", ChunksContents)
    if chunks is None or not subject.whole("embeddings", STAGE):
        return
    # Chunks are those of the generation that was written last; others may be cut differently.
    written = subject.stages[STAGE].metadata.get("generation", subject.corpus.target)
    if written not in subject.vectors:
        return
    if subject.outrun(STAGE):
        return
    ids, stored = set(chunks.chunk_ids), set(subject.vectors[written])
    if missing := sorted(ids - stored):
        yield subject.problem("missing_vectors", f"no vector for {_some(missing)}", STAGE)
    if extra := sorted(stored - ids):
        detail = f"vectors of chunks that are no more: {_some(extra)}"
        yield subject.problem("extra_vectors", detail, STAGE)


def _holdings(subject: Subject) -> Iterator[Disagreement]:
    if not subject.settled or not subject.whole(STAGE):
        return
    written = subject.stages[STAGE].metadata.get("generation")
    answering = (written, subject.corpus.live)
    text = subject.versions(["ocr_text"])
    for generation, ids in subject.vectors.items():
        holding = subject.holdings.get(generation)
        if holding is None:
            # Elsewhere it may be on its way; a generation that is not registered notes nothing.
            lost = bool(ids) and generation in answering and generation in subject.corpus.registered
            if lost:
                detail = f"{generation} has {len(ids)} chunks that the catalog does not know of"
                yield subject.problem("holding", detail, STAGE)
        elif holding.chunks != len(ids):
            detail = f"the catalog says {holding.chunks} chunks, {generation} has {len(ids)}"
            yield subject.problem("holding", detail, STAGE)
        elif text and generation in answering and holding.text_version != text["ocr_text"]:
            detail = f"{generation} has chunks of another version of its text"
            yield subject.problem("holding", detail, STAGE)


def _orphans(corpus: Corpus) -> Iterator[Disagreement]:
    for generation, store in corpus.stores.items():
        for doc_id in corpus.strangers(store.document_ids()):
            detail = f"has vectors in {generation}, but is no document"
            yield Disagreement(doc_id, "orphan_vectors", detail, STAGE)


def _orphan_holdings(corpus: Corpus) -> Iterator[Disagreement]:
    for generation in corpus.stores:
        for doc_id in corpus.strangers(set(corpus.deployment.catalog.holdings(generation))):
            detail = f"the catalog says that {generation} holds it, but it is no document"
            yield Disagreement(doc_id, "orphan_holding", detail, STAGE)


def _totals(corpus: Corpus) -> Iterator[Disagreement]:
    for generation, store in corpus.stores.items():
        vectors, rows = store.count()
        if vectors != rows:
            detail = f"{vectors} vectors, but {rows} rows in the keyword index of {generation}"
            yield Disagreement("", "keyword_rows", detail, STAGE)
        elif (paired := _paired(store)) != vectors and store.count() == (vectors, rows):
            detail = f"{vectors} vectors in {generation}, but {paired} of them have keyword rows"
            yield Disagreement("", "keyword_rows", detail, STAGE)


def _paired(store: VectorStore) -> int:
    """Chunks that have both a vector and a keyword row."""
    return sum(
        len(ids)
        for documents in in_pages(sorted(store.document_ids()), _TOGETHER)
        for ids in store.chunk_ids(documents).values()
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


VECTORS = Check(
    name="chunks_are_vectors",
    asset=STAGE,
    description="Each chunk of each document has its vector, and there are no others.",
    kinds=("missing_vectors", "extra_vectors"),
    blocking=True,
    of_document=_vectors,
)
HOLDINGS = Check(
    name="holdings_agree",
    asset=STAGE,
    description="Each generation of the index holds of each document what the catalog says.",
    kinds=("holding", "orphan_holding"),
    of_document=_holdings,
    of_corpus=_orphan_holdings,
)
ORPHANS = Check(
    name="no_vectors_without_document",
    asset=STAGE,
    description="All vectors belong to documents that the catalog knows.",
    kinds=("orphan_vectors",),
    of_corpus=_orphans,
)
TOTALS = Check(
    name="vectors_have_keyword_rows",
    asset=STAGE,
    description="Each vector has its row in the keyword index, and the other way round.",
    kinds=("keyword_rows",),
    blocking=True,
    of_corpus=_totals,
)
