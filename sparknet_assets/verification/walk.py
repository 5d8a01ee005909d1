"""One walk past everything: originals, artifacts and records side by side, in the same order."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.storage import ObjectInfo, StorageAdapter
from sparknet_assets.raw_names import RAW
from sparknet_assets.stages.contract import Stage
from sparknet_assets.verification.contract import Check, Finding, Severity
from sparknet_assets.verification.corpus import Corpus
from sparknet_assets.verification.subject import Folder, Subject

PROCESSED = "processed/"
# The ids of a page's chunks are held at once: so many documents of ten chunks, fewer large ones.
_DOCUMENTS = 200
_CHUNKS = 20_000


class Entry(NamedTuple):
    """What is under one name: in the catalog, in storage, or both."""

    document: DocumentRecord | None
    folder: Folder


class Walk:
    """Everything there is, or some documents, past all checks; made for one pass."""

    def __init__(
        self,
        deployment: Deployment,
        checks: Collection[Check],
        graph: Sequence[Stage],
        *,
        deep: bool = False,
        doc_ids: Collection[str] | None = None,
    ) -> None:
        self.corpus = Corpus(deployment, graph, deep)
        self.checks = checks
        self._doc_ids = doc_ids

    def findings(self) -> Iterator[Finding]:
        """What does not agree, document by document, then across documents.

        Memory grows with the number of documents by their ids only; artifacts are read one at a
        time. Of a document that another process works on at the moment, nothing is said.
        """
        catalog, storage = self.corpus.deployment.catalog, self.corpus.deployment.storage
        if self._doc_ids is None:
            entries = _everything(catalog.documents_between(), storage)
        else:
            entries = _named(catalog.get_many(self._doc_ids).values(), storage)
        for page in _in_pages(entries):
            yield from self._page(page)
        if self._doc_ids is None:
            for check in self.checks:
                if check.of_corpus:
                    yield from (Finding(check, found) for found in check.of_corpus(self.corpus))

    def _page(self, page: Sequence[Entry]) -> Iterator[Finding]:
        corpus = self.corpus
        ids = [entry.document.doc_id for entry in page if entry.document]
        stages = corpus.deployment.catalog.stages(ids)
        vectors = {name: store.chunk_ids(ids) for name, store in corpus.stores.items()}
        holdings = {name: corpus.deployment.catalog.holdings(name, ids) for name in corpus.stores}
        strangers = [entry.folder for entry in page if entry.document is None]
        new = corpus.deployment.catalog.get_many([folder.doc_id for folder in strangers])
        for folder in strangers:
            if folder.doc_id not in new:
                yield from self._folder(folder)
        for document, folder in page:
            if document is None:
                continue
            doc_id = document.doc_id
            subject = Subject(
                document,
                folder,
                stages[doc_id],
                {name: found.get(doc_id, set()) for name, found in vectors.items()},
                {name: held[doc_id] for name, held in holdings.items() if doc_id in held},
                corpus,
            )
            yield from self._document(subject)

    def _document(self, subject: Subject) -> Iterator[Finding]:
        corpus = self.corpus
        gone = subject.document.status is DocumentStatus.DELETED
        (corpus.deleted if gone else corpus.known).add(subject.document.doc_id)
        corpus.examined += not gone
        found = [
            Finding(check, disagreement)
            for check in self.checks
            if check.of_document and check.of_removed == gone
            for disagreement in check.of_document(subject)
        ]
        if any(finding.check.severity is Severity.PROBLEM for finding in found) and corpus.in_work(
            subject.document
        ):
            corpus.busy.add(subject.document.doc_id)
            return
        yield from found
        if gone and _is_new(subject):
            yield from self._folder(subject.folder._replace(processed={}))

    def _folder(self, folder: Folder) -> Iterator[Finding]:
        for check in self.checks:
            if check.of_folder:
                yield from (Finding(check, found) for found in check.of_folder(folder))


def _is_new(subject: Subject) -> bool:
    """A removed document whose original was put back, or replaced by another, since."""
    return any(info.version != subject.document.raw_version for info in subject.folder.raw.values())


def _everything(documents: Iterator[DocumentRecord], storage: StorageAdapter) -> Iterator[Entry]:
    """Merges three lists that are in the order of the folders' names."""
    known = (Entry(document, Folder(document.doc_id, {}, {})) for document in documents)
    raw = (Entry(None, Folder(name, found, {})) for name, found in _folders(storage, RAW))
    made = (Entry(None, Folder(name, {}, found)) for name, found in _folders(storage, PROCESSED))
    for doc_id, group in groupby(heapq.merge(known, raw, made, key=_order), key=_doc_id):
        whole = Entry(None, Folder(doc_id, {}, {}))
        for document, (_, originals, artifacts) in group:
            folder = Folder(
                doc_id, originals or whole.folder.raw, artifacts or whole.folder.processed
            )
            whole = Entry(document or whole.document, folder)
        yield whole


def _doc_id(entry: Entry) -> str:
    return entry.folder.doc_id


def _order(entry: Entry) -> str:
    return f"{entry.folder.doc_id}/"


def _named(documents: Collection[DocumentRecord], storage: StorageAdapter) -> Iterator[Entry]:
    for document in documents:
        raw, made = (
            {info.key: info for info in storage.list(f"{prefix}{document.doc_id}/")}
            for prefix in (RAW, PROCESSED)
        )
        yield Entry(document, Folder(document.doc_id, raw, made))


def _folders(storage: StorageAdapter, prefix: str) -> Iterator[tuple[str, dict[str, ObjectInfo]]]:
    """The folders below `prefix` in key order, with their objects; files beside them left out."""

    def folder(info: ObjectInfo) -> str:
        name, slash, _ = info.key.removeprefix(prefix).partition("/")
        return name if slash else ""

    for name, group in groupby(storage.list(prefix), key=folder):
        if name:
            yield name, {info.key: info for info in group}


def _in_pages(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    page: list[Entry] = []
    chunks = 0
    for entry in entries:
        page.append(entry)
        chunks += entry.document.chunks if entry.document else 0
        if len(page) >= _DOCUMENTS or chunks >= _CHUNKS:
            yield page
            page, chunks = [], 0
    if page:
        yield page
