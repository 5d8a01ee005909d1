"""Removing documents: nothing left anywhere, nothing of others touched, a receipt for each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.failure import FailureKind
from resources.vector_store import Compaction
from sparknet_assets.claims import Claims
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.removal.intents import drop_intents, intents, unfinished
from sparknet_assets.removal.receipts import Receipt, RemovalError, read_receipt
from sparknet_assets.removal.removing import remove
from sparknet_assets.retrieval import search
from sparknet_assets.scratch import scratch
from sparknet_assets.verification import verify
from tests.removal.homes import SECRET, add, files_with, found, index, run_small, state_of

ASKED = {"reason": "a test", "requested_by": "pytest"}


def test_nothing_is_left_but_tombstone_and_receipt(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc=f"All about the {SECRET}.", other="Something else.")
    before = state_of(deployment, "other")
    assert files_with(deployment.home, SECRET)
    (receipt,) = remove(deployment, ["doc"], **ASKED)
    assert files_with(deployment.home, SECRET, "quokka", "zanzibar") == []
    assert found(deployment, SECRET) <= {"other"}
    assert state_of(deployment, "other") == before
    record = deployment.catalog.get("doc")
    assert record is not None
    assert record.status is DocumentStatus.DELETED
    assert record.receipt == receipt.key
    assert (record.raw_version, record.raw_sha256, record.pages, record.chunks) == ("", "", 0, 0)
    assert unfinished(deployment.catalog) == []
    assert read_receipt(deployment.storage, receipt.key) == receipt
    assert intents(deployment.catalog) == {}


def test_what_was_searched_for_is_not_found_again(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc=f"All about the {SECRET}.", other="A manifesto as well.")
    titled = deployment.catalog.get("doc")
    assert titled is not None
    deployment.catalog.put([titled.model_copy(update={"title": f"The {SECRET}"})])
    for _ in range(2):
        hits = search(deployment, SECRET, context=1, explain=True).hits
        assert {hit.doc_id for hit in hits} == {"doc", "other"}
    remove(deployment, ["doc"], **ASKED)
    assert files_with(deployment.home, SECRET, "quokka", "zanzibar") == []
    hits = search(deployment, SECRET, context=1, explain=True).hits
    assert {hit.doc_id for hit in hits} == {"other"}


def test_the_receipt_says_what_went_from_where(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="One page of words.")
    record = deployment.catalog.get("doc")
    assert record is not None
    (receipt,) = remove(deployment, ["doc"], **ASKED)
    stored = json.loads(deployment.storage.get(receipt.key))
    assert receipt.key.startswith("receipts/doc/20")
    assert stored["schema_version"] == 1
    assert (stored["reason"], stored["requested_by"]) == ("a test", "pytest")
    assert (stored["filename"], stored["sha256"]) == ("doc.txt", record.raw_sha256)
    assert stored["remaining"] == dict.fromkeys(stored["remaining"], 0)
    assert stored["removed"].keys() == stored["remaining"].keys()
    assert stored["removed"]["raw"] == {"count": 1, "bytes": len("One page of words.")}
    for store in ("vectors", "keyword_rows", "cache"):
        assert stored["removed"][store]["count"] == 1
    assert stored["removed"]["processed"]["bytes"] > 0
    assert stored["removed"]["stages"]["count"] == 5
    assert receipt.started <= receipt.finished <= datetime.now(UTC)
    assert [each.complete for each in receipt.compaction] == [True]


def test_equal_documents_do_not_go_with_each_other(deployment: Deployment, tmp_path: Path) -> None:
    text = f"The same words about the {SECRET} in both."
    add(deployment, tmp_path / "in", a=text, a_b=text)
    before = state_of(deployment, "a-b")
    (receipt,) = remove(deployment, ["a"], **ASKED)
    assert receipt.removed["cache"].count == 0
    assert state_of(deployment, "a-b") == before
    assert found(deployment, SECRET) == {"a-b"}
    deployment.embedder.calls.clear()  # type: ignore[attr-defined]
    run_small(deployment, "a-b", force=True)
    assert deployment.embedder.calls == []  # type: ignore[attr-defined]
    (receipt,) = remove(deployment, ["a-b"], **ASKED)
    assert receipt.removed["cache"].count == 1
    assert files_with(deployment.home, SECRET) == []


def test_many_documents_are_compacted_once(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc_ids = add(deployment, tmp_path / "in", a="one", b="two", c="three")
    store, calls = deployment.vector_store, []
    compact = store.compact
    monkeypatch.setattr(store, "compact", lambda: (calls.append(1), compact())[1])
    seen: list[str] = []
    receipts = remove(deployment, [*doc_ids, "a"], **ASKED, progress=seen.append)
    assert calls == [1]
    assert seen == doc_ids
    assert [receipt.doc_id for receipt in receipts] == ["a", "b", "c", "a"]


def test_a_second_removal_gives_the_first_receipt(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="words")
    first = remove(deployment, ["doc"], **ASKED)
    assert remove(deployment, ["doc"], reason="again", requested_by="x") == first
    deployment.storage.delete(first[0].key)
    (second,) = remove(deployment, ["doc"], reason="again", requested_by="x")
    assert second.key != first[0].key
    assert deployment.storage.stat(second.key)


@pytest.mark.parametrize("doc_id", ["nobody", "", ".", "..", "doc/part", "../doc", "do"])
def test_unknown_documents_are_refused(deployment: Deployment, tmp_path: Path, doc_id: str) -> None:
    add(deployment, tmp_path / "in", doc="words")
    deployment.storage.put("raw/doc/part/more.txt", b"more")
    with pytest.raises(RemovalError, match="There is no document") as raised:
        remove(deployment, [doc_id, "doc"], **ASKED)
    assert raised.value.failures[doc_id].kind is FailureKind.REFUSED
    assert [receipt.doc_id for receipt in raised.value.receipts] == ["doc"]
    assert list(deployment.storage.list("raw/")) == []


def test_what_the_catalog_does_not_know_goes_as_well(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.storage.put("raw/dropped/file.txt", SECRET.encode())
    (receipt,) = remove(deployment, ["dropped"], **ASKED)
    assert (receipt.filename, receipt.removed["raw"].count) == ("file.txt", 1)
    assert len(receipt.sha256) == 64
    add(deployment, tmp_path / "in", orphan=f"Of {SECRET}")
    deployment.catalog.delete("orphan")
    deployment.storage.delete("raw/orphan/orphan.txt")
    (receipt,) = remove(deployment, ["orphan"], **ASKED)
    assert receipt.removed["vectors"].count == 1
    assert files_with(deployment.home, SECRET) == []
    record = deployment.catalog.get("orphan")
    assert record is not None
    assert record.status is DocumentStatus.DELETED


def test_an_original_that_is_gone_already(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc=f"All about the {SECRET}.")
    deployment.storage.delete("raw/doc/doc.txt")
    (receipt,) = remove(deployment, ["doc"], **ASKED, keep_raw=True)
    assert len(receipt.sha256) == 64
    assert receipt.removed["raw"].count == 0
    assert files_with(deployment.home, SECRET) == []


def test_originals_that_are_kept_are_named(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="words")
    (receipt,) = remove(deployment, ["doc"], **ASKED, keep_raw=True)
    assert receipt.kept == ["raw/doc/doc.txt"]
    assert deployment.storage.get("raw/doc/doc.txt") == b"words"


def test_what_unfinished_writes_left_goes_too(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="words")
    for folder in ("raw/doc", "processed/doc", "processed/doc/pages"):
        (deployment.home / folder).mkdir(exist_ok=True)
        (deployment.home / folder / ".~sparknet-123").write_text(SECRET)
    remove(deployment, ["doc"], **ASKED)
    assert files_with(deployment.home, SECRET) == []
    assert not (deployment.home / "processed" / "doc").exists()


def test_a_document_in_work_is_refused_with_who_works_on_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    add(deployment, tmp_path / "in", a="one", b="two")
    before = state_of(deployment, "a")
    with Claims(deployment) as others:
        others.take(["a"])
        with pytest.raises(RemovalError, match=r"a is being worked on by process \d+: ") as raised:
            remove(deployment, ["a", "b"], **ASKED, wait_seconds=0.3)
    assert raised.value.failures["a"].retryable
    assert [receipt.doc_id for receipt in raised.value.receipts] == ["b"]
    assert state_of(deployment, "a") == before


def test_a_re_added_document_starts_afresh(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="Old words.")
    old = deployment.catalog.get("doc")
    remove(deployment, ["doc"], **ASKED)
    add(deployment, tmp_path / "in", doc="New words.")
    new = deployment.catalog.get("doc")
    assert old is not None
    assert new is not None
    assert new.created_at > old.created_at
    assert (new.status, new.receipt) == (DocumentStatus.INDEXED, "")
    assert found(deployment, "new words") == {"doc"}
    receipts = remove(deployment, ["doc"], **ASKED)
    assert len(list(deployment.storage.list("receipts/doc/"))) == 2
    assert receipts[0].removed["vectors"].count == 1


def test_what_is_put_back_by_hand_starts_afresh(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="Old words.")
    remove(deployment, ["doc"], **ASKED)
    deployment.storage.put("raw/doc/again.txt", b"Words again.")
    index(deployment, "doc")
    assert found(deployment, "again") == {"doc"}


def test_a_deleted_document_is_not_run(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="words")
    remove(deployment, ["doc"], **ASKED)
    before = deployment.catalog.get("doc")
    assert run_small(deployment, "doc") == []
    assert deployment.catalog.get("doc") == before


def test_what_came_between_stays(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put under the old id while the removal was broken off: a new document."""
    add(deployment, tmp_path / "in", doc=f"The {SECRET}")
    monkeypatch.setattr(deployment.cache, "forget", _broken)
    with pytest.raises(RemovalError, match="doc: unexpected"):
        remove(deployment, ["doc"], **ASKED)
    monkeypatch.undo()
    assert unfinished(deployment.catalog) == ["doc"]
    deployment.storage.put("raw/doc/doc.txt", b"New words.")
    (receipt,) = remove(deployment, ["doc"], reason="other", requested_by="other")
    assert (receipt.reason, receipt.requested_by) == ("a test", "pytest")
    assert receipt.kept == ["raw/doc/doc.txt"]
    assert receipt.removed["vectors"].count == 1
    assert files_with(deployment.home, SECRET) == []
    index(deployment, "doc")
    assert found(deployment, "new words") == {"doc"}


def test_what_nobody_has_read_stays_when_nobody_knows_what_was_to_go(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removal broken off by a version that did not note what it meant to remove."""
    add(deployment, tmp_path / "in", doc=f"The {SECRET}", old=f"Another {SECRET}")
    monkeypatch.setattr(deployment.cache, "forget", _broken)
    monkeypatch.setattr(deployment.storage, "delete", _broken)
    with pytest.raises(RemovalError):
        remove(deployment, ["doc", "old"], **ASKED)
    monkeypatch.undo()
    drop_intents(deployment.catalog, ["doc", "old"])
    deployment.storage.put("raw/doc/doc.txt", b"New words.")
    receipts = remove(deployment, ["doc", "old"], **ASKED)
    assert [receipt.kept for receipt in receipts] == [["raw/doc/doc.txt"], []]
    assert files_with(deployment.home, SECRET) == []


def test_the_receipt_counts_what_went_from_the_cache_before_it_was_broken_off(
    deployment: Deployment, tmp_path: Path
) -> None:
    add(deployment, tmp_path / "in", a="the same words", b="the same words")
    with pytest.raises(RemovalError):
        remove(deployment, ["a"], progress=_broken, **ASKED)
    (receipt,) = remove(deployment, ["a"], **ASKED)
    assert receipt.removed["cache"].count == 0


def test_a_removal_of_leftovers_that_is_broken_off_is_unfinished(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt of the first removal must not pass for that of the second."""
    add(deployment, tmp_path / "in", doc="words")
    (first,) = remove(deployment, ["doc"], **ASKED)
    deployment.storage.put("processed/doc/text.json", SECRET.encode())
    monkeypatch.setattr(deployment.storage, "delete_many", _broken)
    with pytest.raises(RemovalError):
        remove(deployment, ["doc"], **ASKED)
    monkeypatch.undo()
    assert unfinished(deployment.catalog) == ["doc"]
    assert [found.kind for found in verify(deployment)] == ["unfinished_removal"]
    (second,) = remove(deployment, ["doc"], **ASKED)
    assert (first.key != second.key, second.removed["processed"].count) == (True, 1)
    assert list(verify(deployment)) == []


def test_an_intake_finishes_what_was_broken_off(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(deployment, tmp_path / "in", doc=f"The {SECRET}")
    monkeypatch.setattr(deployment.cache, "forget", _broken)
    with pytest.raises(RemovalError):
        remove(deployment, ["doc"], **ASKED)
    file = tmp_path / "in" / "doc.txt"
    file.write_text("New words.")
    intake = take_in(deployment, [file], doc_id="doc")
    assert [problem.kind for problem in intake.problems] == [FailureKind.UNAVAILABLE]
    assert not intake.doc_ids
    monkeypatch.undo()
    add(deployment, tmp_path / "in", doc="New words.")
    assert len(list(deployment.storage.list("receipts/doc/"))) == 1
    assert files_with(deployment.home, SECRET) == []


def test_no_receipt_while_something_is_left(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(deployment, tmp_path / "in", a="one", b="two")
    monkeypatch.setattr(
        deployment.storage,
        "delete_many",
        lambda keys, delete_many=deployment.storage.delete_many: delete_many(
            key for key in keys if "processed/a" not in key
        ),
    )
    with pytest.raises(
        RemovalError, match=r"a is not wholly removed: processed \d+ left"
    ) as raised:
        remove(deployment, ["a", "b"], **ASKED)
    assert [receipt.doc_id for receipt in raised.value.receipts] == ["b"]
    assert list(deployment.storage.list("receipts/a/")) == []
    record = deployment.catalog.get("a")
    assert record is not None
    assert (record.status, record.receipt) == (DocumentStatus.DELETED, "")
    monkeypatch.undo()
    assert remove(deployment, ["a"], **ASKED)[0].removed["processed"].count > 0


def test_an_index_that_cannot_rewrite_its_files_is_said_so(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(deployment, tmp_path / "in", doc="words")
    (store,) = deployment.stores()
    monkeypatch.setattr(store, "compact", lambda: Compaction(10, 10, False, 0.5), raising=False)
    (receipt,) = remove(deployment, ["doc"], **ASKED)
    assert not receipt.complete
    assert any(note.startswith(f"{store.generation}: files") for note in receipt.notes)
    assert set(receipt.remaining.values()) == {0}


def test_a_document_that_failed_rewrites_no_index(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", other="words")
    deployment.storage.put("raw/doc/doc.txt", b"a corrupt file")
    run_small(deployment, "doc")
    files = sorted(path.name for path in deployment.home.rglob("chroma-*"))
    (receipt,) = remove(deployment, ["doc"], **ASKED)
    assert sorted(path.name for path in deployment.home.rglob("chroma-*")) == files
    assert [each.bytes_before - each.bytes_after for each in receipt.compaction] == [0]
    assert receipt.removed["raw"].count == 1


def test_what_a_killed_worker_was_writing_goes_too(deployment: Deployment, tmp_path: Path) -> None:
    add(deployment, tmp_path / "in", doc="words", other="words")
    for doc_id in ("doc", "other"):
        opened = scratch(deployment, doc_id)
        (opened.__enter__() / "draft.pdf").write_text(f"{SECRET} of {doc_id}")
    remove(deployment, ["doc"], **ASKED)
    assert files_with(deployment.home, SECRET) == ["state/scratch/other/draft.pdf"]
    with scratch(deployment, "other") as folder:
        assert list(folder.iterdir()) == []
    assert not folder.exists()


def test_a_version_with_words_goes_although_the_last_one_had_none(
    deployment: Deployment, tmp_path: Path
) -> None:
    add(deployment, tmp_path / "in", doc=f"All about the {SECRET}.", other="Words of another.")
    add(deployment, tmp_path / "in", doc="")
    assert deployment.vector_store.chunk_ids(["doc"]) == {"doc": set()}
    (receipt,) = remove(deployment, ["doc"], **ASKED)
    assert [each.complete for each in receipt.compaction] == [True]
    assert files_with(deployment.home, SECRET, "quokka") == []


def test_it_waits_for_an_intake(deployment: Deployment, tmp_path: Path) -> None:
    import threading

    add(deployment, tmp_path / "in", doc="words")
    done: list[Receipt] = []
    thread = threading.Thread(target=lambda: done.extend(remove(deployment, ["doc"], **ASKED)))
    with deployment.locks.hold("intake"):
        thread.start()
        thread.join(0.5)
        assert deployment.storage.stat("raw/doc/doc.txt")
    thread.join(100)
    assert done


def _broken(*_: object) -> Any:
    raise RuntimeError("pulled the plug")
