"""Documents with the same bytes: one is worked on, the others take over what was made of it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from resources.catalog import StageRecord, StageStatus
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.artifacts import METADATA, PAGE_SOURCES, RENDITION, DocumentRef
from sparknet_assets.batch.running import run_batch
from sparknet_assets.digests import stored_sha256
from sparknet_assets.records import new_document
from sparknet_assets.stages import STAGES, documents
from tests.batch.toy_stages import GRAPH, calls
from tests.stages.paged import artifacts, pdf

pytestmark = pytest.mark.usefixtures("inline")

PAGED = ("documents", "page_images", "ocr_text")
TYPED = pdf(*((number, False) for number in range(1, 6)))
NOTE = b"<h1>Ferry</h1><p>The ferry leaves at nine.</p><table><tr><td>a</td></tr></table>"


def put(deployment: Deployment, key: str, data: bytes) -> None:
    deployment.storage.put(f"raw/{key}", data)


def run(
    deployment: Deployment, *doc_ids: str, force: bool = False
) -> dict[tuple[str, str], StageRecord]:
    graph = [stage for stage in STAGES if stage.name in PAGED]
    results = run_batch(doc_ids, deployment, graph=graph, force=force)
    return {(result.ref.doc_id, result.stage): result.record for result in results}


def reused(records: dict[tuple[str, str], StageRecord], doc_id: str) -> list[int]:
    return [records[doc_id, name].metadata["pages_reused"] for name in PAGED[1:]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "data", workers=1)


def test_a_copy_takes_over_everything_unless_forced(deployment: Deployment) -> None:
    put(deployment, "one/report.pdf", TYPED)
    put(deployment, "two/copy.pdf", TYPED)
    assert reused(run(deployment, "one"), "one") == [0, 0]
    second = run(deployment, "two")
    assert reused(second, "two") == [5, 5]
    copied = artifacts(deployment, DocumentRef("two", "raw/two/copy.pdf"))
    forced = run(deployment, "two", force=True)
    assert reused(forced, "two") == [0, 0]
    assert artifacts(deployment, DocumentRef("two", "raw/two/copy.pdf")) == copied
    for name in PAGED:
        assert forced["two", name].data_version == second["two", name].data_version
        assert second["two", name].status is StageStatus.DONE


def test_an_edited_document_keeps_its_pages_while_workers_overwrite_their_places(
    deployment: Deployment, tmp_path: Path
) -> None:
    pages = [(number, False) for number in range(1, 25)]
    put(deployment, "one/report.pdf", pdf(*pages))
    run(deployment, "one")
    edited = pdf((98, False), (97, False), *pages[:9], (99, False), *pages[:8:-1])
    put(deployment, "one/report.pdf", edited)
    assert reused(run(deployment, "one"), "one") == [24, 24]
    fresh = Deployment(Settings(home=tmp_path / "fresh", workers=1))
    put(fresh, "one/report.pdf", edited)
    run(fresh, "one")
    ref = DocumentRef("one", "raw/one/report.pdf")
    assert artifacts(deployment, ref) == artifacts(fresh, ref)


def test_a_rendition_is_copied_with_its_tables(deployment: Deployment) -> None:
    put(deployment, "one/note.html", NOTE)
    put(deployment, "two/other.html", NOTE)
    put(deployment, "three/third.xhtml", NOTE)
    refs = {
        name: DocumentRef(name, f"raw/{name}/{file}")
        for name, file in (("one", "note.html"), ("two", "other.html"), ("three", "third.xhtml"))
    }
    made = documents.STAGE.run(refs["two"], deployment)
    expected = artifacts(deployment, refs["two"])
    assert RENDITION in expected
    for name in expected:
        deployment.storage.delete(refs["two"].key(name))
    documents.STAGE.run(refs["one"], deployment)
    assert documents.copy(refs["two"], refs["one"], deployment) == made
    assert artifacts(deployment, refs["two"]) == expected
    assert documents.copy(refs["three"], refs["one"], deployment) is None
    deployment.storage.delete(refs["one"].key(PAGE_SOURCES))
    assert documents.copy(refs["two"], refs["one"], deployment) is None


def test_a_twin_whose_output_is_of_other_bytes_gives_nothing(deployment: Deployment) -> None:
    """Its row already tells of the new bytes, its output is of the old ones."""
    put(deployment, "one/report.pdf", pdf((7, False)))
    run(deployment, "one")
    put(deployment, "one/report.pdf", TYPED)
    put(deployment, "two/copy.pdf", TYPED)
    row = deployment.catalog.get("one")
    assert row is not None
    digest = stored_sha256(deployment.storage, "raw/one/report.pdf")
    deployment.catalog.put([row.model_copy(update={"raw_sha256": digest})])
    assert [twin.doc_id for twin in deployment.catalog.with_content(digest)] == ["one"]
    assert reused(run(deployment, "two"), "two") == [0, 0]
    metadata = documents.read_metadata(DocumentRef("two", "raw/two/copy.pdf"), deployment)
    assert (metadata.sha256, metadata.page_count) == (digest, 5)


def test_twins_of_a_batch_come_one_after_the_other(deployment: Deployment) -> None:
    """Known to have the same bytes; side by side, both would be worked on."""
    for name in ("one", "two", "three"):
        put(deployment, f"{name}/report.pdf", TYPED)
        key = f"raw/{name}/report.pdf"
        info = deployment.storage.stat(key)
        assert info is not None
        marks = {"raw_version": info.version, "raw_sha256": stored_sha256(deployment.storage, key)}
        row = new_document(name, name, key).model_copy(update=marks)
        deployment.catalog.put([row])
    settings = deployment.settings.model_copy(update={"workers": 2})
    records = run(Deployment(settings), "one", "two", "three")
    assert sorted(reused(records, name)[0] for name in ("one", "two", "three")) == [0, 5, 5]


@pytest.mark.timeout(30)
def test_twins_whose_records_are_not_taken_end_the_batch(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        put(deployment, f"{name}/file.txt", b"fine\nsame\nlines")
        row = new_document(name, name, f"raw/{name}/file.txt")
        deployment.catalog.put([row.model_copy(update={"raw_sha256": "same"})])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(deployment.catalog, "put_stages", full)
    with pytest.raises(OSError, match="no space left"):
        list(run_batch(["one", "two"], deployment, graph=GRAPH))


def test_stages_without_copies_run_as_ever(deployment: Deployment) -> None:
    for name in ("one", "two"):
        put(deployment, f"{name}/file.txt", b"fine\nsame\nlines")
    list(run_batch(["one"], deployment, graph=GRAPH))
    list(run_batch(["two"], deployment, graph=GRAPH))
    assert calls(deployment, "documents", "two") == 1
    assert deployment.storage.get(f"processed/two/{METADATA}")
