"""Checks of what was removed: nothing of it is anywhere, and a receipt says so."""

from __future__ import annotations

from collections.abc import Iterator

from sparknet_assets.stages.contract import RAW_DOCUMENTS
from sparknet_assets.verification.contract import Check, Disagreement
from sparknet_assets.verification.subject import Folder, Subject


def _removals(subject: Subject) -> Iterator[Disagreement]:
    document, corpus = subject.document, subject.corpus
    if not document.receipt:
        yield subject.problem("unfinished_removal", "its removal was begun, but not finished")
        return
    if left := _leftovers(subject):
        yield subject.problem("leftovers", f"was removed, but still has {', '.join(left)}")
    if corpus.deployment.storage.stat(document.receipt) is None:
        yield subject.problem("missing_receipt", f"{document.receipt} is not there")


def _leftovers(subject: Subject) -> list[str]:
    document = subject.document
    raw = subject.folder.raw.get(document.raw_key)
    vectors = sum(map(len, subject.vectors.values()))
    cached = subject.corpus.deployment.cache.used(document.doc_id)
    counts = {
        # One that has another mark was added since: a document like any other that is new.
        "its original": int(raw is not None and raw.version == document.raw_version),
        "files under processed/": len(subject.folder.processed),
        "corrections": int(document.doc_id in subject.corpus.corrections),
        "vectors": vectors,
        "entries of the cache": cached,
        "records of stages": len(subject.stages),
        "holdings": len(subject.holdings),
    }
    return [f"{count} {what}" if count > 1 else what for what, count in counts.items() if count]


def _unknown_files(folder: Folder) -> Iterator[Disagreement]:
    count = len(folder.processed)
    if count:
        files = "a file" if count == 1 else f"{count} files"
        detail = f"{files} under processed/{folder.doc_id}/, but it is no document"
        yield Disagreement(folder.doc_id, "orphan_files", detail)


REMOVALS = Check(
    name="removals_are_complete",
    asset=RAW_DOCUMENTS,
    description="Nothing is left of removed documents in any store, and each has its receipt.",
    kinds=("unfinished_removal", "leftovers", "missing_receipt"),
    of_document=_removals,
    of_removed=True,
)
UNKNOWN_FILES = Check(
    name="no_files_without_document",
    asset="documents",
    description="All files under processed/ belong to documents that the catalog knows.",
    kinds=("orphan_files",),
    of_folder=_unknown_files,
)
