"""verify finds each kind of disagreement, and nothing where all agree."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from resources.catalog import DocumentStatus, StageStatus
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.processes import this_host
from sparknet_assets.verification import Severity, checks_of, examine, verify
from sparknet_assets.verification.evaluation import evaluate
from sparknet_assets.verification.records import ORIGINALS
from tests.verification.conftest import DOCUMENTS, deployment_at
from tests.verification.damage import (
    DAMAGES,
    DOC,
    change,
    change_stage,
    drop_vectors,
    garble,
    new_document,
    path,
    raw_path,
)


def kinds(deployment: Deployment, **options: bool) -> set[tuple[str, str]]:
    return {(found.doc_id, found.kind) for found in verify(deployment, **options)}


def warnings(deployment: Deployment) -> set[tuple[str, str]]:
    return {
        (found.doc_id, found.kind)
        for check, found in examine(deployment).findings()
        if check.severity is Severity.WARNING
    }


def test_nothing_is_wrong_with_nothing(deployment: Deployment) -> None:
    assert kinds(deployment) == set()


def test_nothing_is_wrong_with_what_the_stages_made(whole: Deployment) -> None:
    assert list(examine(whole, deep=True).findings()) == []


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_where_it_was_done(whole: Deployment, name: str) -> None:
    damage = DAMAGES[name]
    damage.do(whole)
    seen = kinds(whole)
    found, expected = {kind for _, kind in seen}, damage.kinds
    assert found & expected if name.startswith("garbled") else found >= expected
    touched = {doc_id for doc_id, _ in seen}
    assert not touched & {"incident-00002-pdf"}
    assert len(touched - {""}) <= 1


def test_every_kind_is_of_a_check_and_every_check_can_fail() -> None:
    """Each check is failed by a damage above, or by a test below or of fields."""
    below = {"leftovers", "missing_receipt", "failed", "partial", "stale", "outdated"}
    below |= {"low_confidence", "fields_differ", "lost_corrections"}
    done = below.union(*(damage.kinds for damage in DAMAGES.values()))
    for check in checks_of():
        assert done & set(check.kinds), check.name
    assert done == {kind for check in checks_of() for kind in check.kinds}


@pytest.mark.parametrize(
    ("name", "kind"), [("pages/page_0.png", "unreadable_artifact"), ("embeddings.parquet", "")]
)
def test_bits_that_only_a_deep_look_finds(whole: Deployment, name: str, kind: str) -> None:
    garble(name)(whole)
    assert kinds(whole) == set()
    found = kinds(whole, deep=True)
    assert {doc_id for doc_id, _ in found} == {DOC}
    assert not kind or found == {(DOC, kind)}


def test_an_original_whose_bytes_changed_under_its_mark(whole: Deployment) -> None:
    change(raw_sha256="0" * 64)(whole)
    change_stage("documents", fingerprint="f", recipe="")(whole)
    raw = whole.storage.stat(f"raw/{DOC}/incident-00001.pdf")
    assert raw is not None
    change(raw_version=raw.version)(whole)
    assert kinds(whole) == set()
    assert kinds(whole, deep=True) == {(DOC, "changed_raw")}


def test_an_original_that_can_be_listed_but_not_read(
    whole: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(key: str) -> object:
        raise SparknetError(FailureKind.UNREADABLE, f"{key} can't be read: permission denied.")

    monkeypatch.setattr(whole.storage, "open", closed)
    found = examine(whole, checks=[ORIGINALS], deep=True).findings()
    assert {d.kind for _, d in found} == {"unreadable_raw"}


def test_an_original_that_became_a_link_out_of_the_home(whole: Deployment, tmp_path: Path) -> None:
    (outside := tmp_path / "outside.txt").write_text("elsewhere")
    original = raw_path(whole)
    original.unlink()
    original.symlink_to(outside)
    (found,) = (d for _, d in examine(whole, checks=[ORIGINALS]).findings())
    assert (found.doc_id, found.kind) == (DOC, "unreadable_raw")
    assert "put the file there itself" in found.detail


def test_an_original_that_was_only_touched(whole: Deployment) -> None:
    raw_path(whole).touch()
    assert kinds(whole) == set()


def test_files_of_the_system_beside_an_original(whole: Deployment) -> None:
    whole.storage.put(f"raw/{DOC}/.DS_Store", b"x")
    whole.storage.put("raw/new/.DS_Store", b"x")
    assert kinds(whole) == set()


def test_pages_that_failed_are_counted_and_listed(whole: Deployment) -> None:
    missing = Failure(kind=FailureKind.CORRUPT, message="torn", retryable=False)
    change(status=DocumentStatus.PARTIAL, failure=missing)(whole)
    change_stage("ocr_text", status=StageStatus.PARTIAL, failed_pages=[1], failure=missing)(whole)
    assert kinds(whole) == set()
    assert warnings(whole) == {(DOC, "partial")}


def test_a_document_refused_before_it_was_copied(whole: Deployment) -> None:
    failure = Failure(kind=FailureKind.TOO_LARGE, message="too large", retryable=False)
    refused = new_document("big", "raw/big/a.pdf")
    state = {"status": DocumentStatus.FAILED, "failure": failure}
    whole.catalog.put([refused.model_copy(update=state)])
    assert kinds(whole) == set()
    assert warnings(whole) == {("big", "failed")}


def test_a_failed_version_leaves_the_old_one_in_peace(whole: Deployment) -> None:
    """The artifacts of later stages, and the vectors, are of the version that answers."""
    failure = Failure(kind=FailureKind.CORRUPT, message="torn", retryable=False)
    change_stage("documents", data_version="1" * 64, fingerprint="2" * 64)(whole)
    path(whole, "pages/index.json").unlink()
    change_stage("page_images", status=StageStatus.FAILED, fingerprint="", failure=failure)(whole)
    state = {"status": DocumentStatus.FAILED, "failure": failure, "stale": "page_images failed"}
    change(**state)(whole)
    assert kinds(whole) - {(DOC, "altered_artifact")} == set()
    assert warnings(whole) == {(DOC, "failed"), (DOC, "stale")}


def test_a_stage_that_was_interrupted_before_another_failed(whole: Deployment) -> None:
    """It can't be finished before what it is made from."""
    failure = Failure(kind=FailureKind.CORRUPT, message="torn", retryable=False)
    change_stage("chunks", fingerprint="")(whole)
    change_stage("documents", status=StageStatus.FAILED, fingerprint="", failure=failure)(whole)
    change(status=DocumentStatus.FAILED, failure=failure, stale="documents failed")(whole)
    assert kinds(whole) == set()
    assert warnings(whole) == {(DOC, "failed"), (DOC, "stale")}
    change_stage("embeddings", status=StageStatus.FAILED, fingerprint="", failure=failure)(whole)
    change_stage("documents", status=StageStatus.DONE, fingerprint="f", recipe="")(whole)
    assert kinds(whole) == {(DOC, "interrupted")}


def test_a_failed_version_whose_chunks_came_further_than_its_index(whole: Deployment) -> None:
    """What answers is of an older version; only what that has lost is a disagreement."""
    failure = Failure(kind=FailureKind.CORRUPT, message="torn", retryable=False)
    change_stage("documents", status=StageStatus.FAILED, fingerprint="", failure=failure)(whole)
    change(status=DocumentStatus.FAILED, failure=failure, stale="documents failed")(whole)
    drop_vectors(whole)
    assert (DOC, "missing_vectors") in kinds(whole)
    change_stage("embeddings", data_version="1" * 64)(whole)
    assert "missing_vectors" not in {kind for _, kind in kinds(whole)}


def test_a_removed_document_that_left_something(whole: Deployment) -> None:
    receipt = f"receipts/{DOC}/now.json"
    record = whole.catalog.get(DOC)
    assert record is not None
    state = {"status": DocumentStatus.DELETED, "receipt": receipt}
    whole.catalog.bury([record.model_copy(update=state)])
    assert kinds(whole) >= {(DOC, "leftovers"), (DOC, "missing_receipt")}
    whole.storage.put(receipt, b"{}")
    found = {item.kind: item.detail for item in verify(whole) if item.doc_id == DOC}
    assert "vectors" in found["leftovers"] and "processed/" in found["leftovers"]
    for info in list(whole.storage.list(f"processed/{DOC}/")):
        whole.storage.delete(info.key)
    whole.vector_store.delete(whole.vector_store.chunk_ids([DOC])[DOC])
    whole.cache.forget(DOC)
    whole.storage.delete(record.raw_key)
    assert kinds(whole) == set()
    whole.catalog.drop_holdings(whole.vector_store.generation, [DOC])
    whole.storage.put(record.raw_key, b"put back")
    assert kinds(whole) == {(DOC, "unregistered_raw")}


def test_ocr_that_was_not_sure(whole: Deployment) -> None:
    facts = {"engines": {"ppocr": 1}, "confidence": 0.41}
    change_stage("ocr_text", metadata=facts)(whole)
    assert warnings(whole) == {(DOC, "low_confidence")}
    change_stage("ocr_text", metadata={**facts, "ocr_confidence": 0.5})(whole)
    assert warnings(whole) == set()
    change_stage("ocr_text", metadata={"engines": {"text-layer": 1}, "confidence": 0.1})(whole)
    assert warnings(whole) == set()


def test_what_was_made_by_other_settings(whole: Deployment) -> None:
    other = deployment_at(whole.home, chunk_tokens=32)
    assert kinds(other) == set()
    assert warnings(other) == {(doc_id, "outdated") for doc_id in DOCUMENTS}
    details = {f.detail for _, f in examine(other).findings()}
    assert details == {"chunks was made before: chunk_tokens 64 -> 32"}


def test_some_documents_only(whole: Deployment) -> None:
    change(status=DocumentStatus.PENDING)(whole)
    walk = examine(whole, doc_ids=["incident-00002-pdf"])
    assert list(walk.findings()) == []
    assert walk.corpus.examined == 1
    assert [f.disagreement.kind for f in examine(whole, doc_ids=[DOC]).findings()] == ["pending"]


def test_folders_that_sort_before_the_names_they_begin(whole: Deployment) -> None:
    """`a-b/` comes before `a/`, though `a` comes before `a-b`."""
    for doc_id in ("a", "a-b", "a.b"):
        key = f"raw/{doc_id}/x.txt"
        whole.storage.put(key, b"x")
        digest = hashlib.sha256(b"x").hexdigest()
        state = {"raw_version": "1", "raw_sha256": digest}
        whole.catalog.put([new_document(doc_id, key).model_copy(update=state)])
    assert kinds(whole) == {(doc_id, "pending") for doc_id in ("a", "a-b", "a.b")}


def test_more_documents_than_are_read_at_once(whole: Deployment) -> None:
    whole.catalog.put([new_document(f"d{n}", f"raw/d{n}/a.pdf") for n in range(501)])
    found = [item for item in verify(whole) if item.doc_id not in DOCUMENTS]
    assert len(found) == 2 * 501
    assert {item.kind for item in found} == {"missing_raw", "pending"}


def test_what_others_work_on_is_not_judged(whole: Deployment) -> None:
    change_stage("chunks", fingerprint="")(whole)
    owner = f"{this_host()}:{os.getpid()}:other"
    whole.catalog.claim([DOC], owner, 60)
    report = evaluate(examine(whole))
    assert (report.problems, report.busy) == ([], [DOC])
    whole.catalog.release([DOC], owner)
    report = evaluate(examine(whole))
    assert ([item.kind for item in report.problems], report.busy) == (["interrupted"], [])
