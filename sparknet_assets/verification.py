"""Whether raw objects, artifacts, catalog and index agree. Reads only, in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.storage import ObjectNotFoundError, StorageAdapter
from sparknet_assets import artifacts
from sparknet_assets.artifacts import ChunkList, DocumentMetadata, DocumentRef, PageIndex
from sparknet_assets.digests import stored_sha256
from sparknet_assets.raw_names import RAW, is_temporary
from sparknet_assets.records import settle
from sparknet_assets.reports import in_pages
from sparknet_assets.stages.contract import Stage

M = TypeVar("M", bound=BaseModel)
_NAMED = 3
_REDO = "`sparknet materialize` redoes it"


class Disagreement(NamedTuple):
    """One thing that is not as it should be."""

    doc_id: str
    kind: str
    detail: str


def verify(deployment: Deployment, graph: Sequence[Stage] | None = None) -> Iterator[Disagreement]:
    """Everything that does not agree, document by document, then across documents.

    Memory grows with the number of documents by their ids only; artifacts are read one at a time.
    A document that another process works on at the moment may be reported.
    """
    if graph is None:
        from sparknet_assets.stages import STAGES

        graph = STAGES
    raw = _raw_objects(deployment.storage)
    store = deployment.vector_store
    known: set[str] = set()
    for documents in in_pages(deployment.catalog.documents()):
        ids = [document.doc_id for document in documents]
        known.update(document.doc_id for document in documents if not _deleted(document))
        stages = deployment.catalog.stages(ids)
        vectors = store.chunk_ids(ids)
        for document in documents:
            checked = Checked(
                document, stages[document.doc_id], vectors.get(document.doc_id, set())
            )
            yield from _check_document(checked, raw.get(document.doc_id, {}), deployment, graph)
    for doc_id in sorted(raw.keys() - known):
        for key in [key for key in raw[doc_id] if not is_temporary(key)][:1]:
            yield Disagreement(
                doc_id, "unregistered_raw", f"{key} is in no record; ingest it, or remove it"
            )
    yield from _check_index(deployment, known)


class Checked(NamedTuple):
    """A document with what the catalog and the index hold of it."""

    document: DocumentRecord
    stages: Mapping[str, StageRecord]
    vectors: Collection[str]

    @property
    def refused(self) -> bool:
        """It was refused before it was copied; what there may be is of an older version."""
        return not self.document.raw_version and self.document.status is DocumentStatus.FAILED

    def whole(self, *stages: str) -> bool:
        """All of these stages have an output that nothing has begun to replace."""
        records = [self.stages.get(stage) for stage in stages]
        return all(r and r.fingerprint and r.status is not StageStatus.FAILED for r in records)

    def problem(self, kind: str, detail: str) -> Disagreement:
        return Disagreement(self.document.doc_id, kind, detail)


def _check_document(
    checked: Checked, raw: Mapping[str, str], deployment: Deployment, graph: Sequence[Stage]
) -> Iterator[Disagreement]:
    if _deleted(checked.document):
        return
    yield from check_status(checked)
    ref = DocumentRef(checked.document.doc_id, checked.document.raw_key)
    try:
        yield from check_raw(checked, raw, deployment.storage)
        missing = list(check_artifacts(checked, ref, deployment.storage, graph))
        yield from missing
        if not missing:
            yield from check_pages(checked, ref, deployment.storage)
            yield from check_chunks(checked, ref, deployment.storage)
    except ObjectNotFoundError as error:
        yield checked.problem("missing_artifact", f"{error.args[0]} is gone; {_REDO}")
    except (ValidationError, ValueError) as error:
        yield checked.problem("unreadable_artifact", str(error).splitlines()[0])


def check_raw(
    checked: Checked, raw: Mapping[str, str], storage: StorageAdapter
) -> Iterator[Disagreement]:
    """The original is there, under the recorded key, alone, and what was read.

    Args:
        raw: Key -> change mark of what is in the document's folder.
    """
    document = checked.document
    if checked.refused:
        return
    if document.raw_key not in raw:
        yield checked.problem("missing_raw", f"{document.raw_key} is not there; ingest it again")
    elif document.raw_version not in ("", raw[document.raw_key]):
        same = stored_sha256(storage, document.raw_key) == document.raw_sha256
        if not same and document.status is not DocumentStatus.PENDING:
            yield checked.problem(
                "changed_raw", f"{document.raw_key} changed after it was read; {_REDO}"
            )
    for key in raw:
        if key != document.raw_key and not is_temporary(key):
            yield checked.problem("extra_raw", f"{key} stands beside {document.raw_key}")


def check_status(checked: Checked) -> Iterator[Disagreement]:
    """The document's status follows from its stages, and nothing was left half done."""
    document, stages = checked.document, checked.stages
    if checked.refused:
        return
    interrupted = [
        name
        for name, r in stages.items()
        if not r.fingerprint and r.status is not StageStatus.FAILED
    ]
    if document.status is DocumentStatus.PENDING:
        yield checked.problem("pending", f"was never finished; {_REDO}")
    elif interrupted:
        yield checked.problem(
            "interrupted",
            f"{', '.join(interrupted)} was interrupted; {_REDO}",
        )
    elif (
        stages and (expected := settle(document, stages, document.run_id).status) != document.status
    ):
        yield checked.problem("status", f"is {document.status}, but its stages say {expected}")


def check_artifacts(
    checked: Checked, ref: DocumentRef, storage: StorageAdapter, graph: Sequence[Stage]
) -> Iterator[Disagreement]:
    """What a finished stage wrote is there."""
    for stage in graph:
        if stage.artifact and checked.whole(stage.name):
            key = ref.key(stage.artifact)
            if storage.stat(key) is None:
                yield checked.problem("missing_artifact", f"{key} is not there; {_REDO}")


def check_pages(
    checked: Checked, ref: DocumentRef, storage: StorageAdapter
) -> Iterator[Disagreement]:
    """Pages in are pages out, those that failed counted."""
    if not checked.whole("documents"):
        return
    expected = _load(DocumentMetadata, storage, ref.key(artifacts.METADATA)).page_count
    if checked.whole("page_images"):
        index = _load(PageIndex, storage, ref.key(artifacts.PAGES))
        yield from _unequal(checked, "page images", len(index.pages), expected)
        stored = {info.key for info in storage.list(ref.key("pages/"))}
        wanted = {ref.page_image_key(page.page) for page in index.pages if page.failure is None}
        if missing := sorted(wanted - stored):
            yield checked.problem("missing_artifact", f"{_some(missing)} not there")
    if checked.whole("ocr_text"):
        with storage.open(ref.key(artifacts.TEXT)) as file:
            pages = sum(line.startswith(b'{"page":') for line in file)
        yield from _unequal(checked, "pages of text", pages, expected)


def check_chunks(
    checked: Checked, ref: DocumentRef, storage: StorageAdapter
) -> Iterator[Disagreement]:
    """Every chunk has its embedding and its vector, and there are no others."""
    if not checked.whole("chunks"):
        return
    chunks = _load(ChunkList, storage, ref.key(artifacts.CHUNKS)).chunks
    ids = {chunk.chunk_id for chunk in chunks}
    if len(ids) != len(chunks):
        yield checked.problem("chunk_count", f"{len(chunks) - len(ids)} chunk ids appear twice")
    if checked.whole("embeddings"):
        rows = _parquet_rows(storage, ref.key(artifacts.EMBEDDINGS))
        if rows != len(chunks):
            yield checked.problem("chunk_count", f"{rows} embeddings for {len(chunks)} chunks")
    if checked.whole("embeddings", "vector_index"):
        stored = set(checked.vectors)
        if missing := sorted(ids - stored):
            yield checked.problem("missing_vectors", f"no vector for {_some(missing)}")
        if extra := sorted(stored - ids):
            yield checked.problem("extra_vectors", f"stale vectors {_some(extra)}")


def _check_index(deployment: Deployment, known: set[str]) -> Iterator[Disagreement]:
    for doc_id in sorted(deployment.vector_store.document_ids() - known):
        yield Disagreement(doc_id, "orphan_vectors", "has vectors, but is no document")
    vectors, keyword_rows = deployment.vector_store.count()
    if vectors != keyword_rows:
        yield Disagreement(
            "", "keyword_rows", f"{vectors} vectors, but {keyword_rows} rows in the keyword index"
        )


def _raw_objects(storage: StorageAdapter) -> dict[str, dict[str, str]]:
    """doc_id -> key -> change mark of its originals."""
    found: dict[str, dict[str, str]] = {}
    for info in storage.list(RAW):
        doc_id, slash, _ = info.key.removeprefix(RAW).partition("/")
        if slash:
            found.setdefault(doc_id, {})[info.key] = info.version
    return found


def _deleted(document: DocumentRecord) -> bool:
    return document.status is DocumentStatus.DELETED


def _unequal(checked: Checked, what: str, found: int, expected: int) -> Iterator[Disagreement]:
    if found != expected:
        yield checked.problem("page_count", f"{found} {what}, but the document has {expected}")


def _load(model: type[M], storage: StorageAdapter, key: str) -> M:
    try:
        return model.model_validate_json(storage.get(key))
    except ValidationError as error:
        raise ValueError(f"{key} can't be read: {error.errors()[0]['msg']}") from None


def _parquet_rows(storage: StorageAdapter, key: str) -> int:
    import pyarrow.parquet as parquet

    with storage.open(key) as file:
        return int(parquet.ParquetFile(file).metadata.num_rows)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
