"""A batch: reuse, failures, records, claims. A toy graph, without worker processes."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.catalog import DocumentStatus, StageStatus
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from schedules.planning import Change, compare
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.running import run_batch
from sparknet_assets.claims import Claims
from sparknet_assets.fingerprint import RECIPES, Recipe, difference, recipe_of
from sparknet_assets.originals import find_raw
from sparknet_assets.records import succeeded
from sparknet_assets.stages.contract import PagedStage, PageResult, StageOutput
from tests.batch.runs import ALL_DONE, ALL_REUSED, GOOD, outcome, put, run
from tests.batch.toy_stages import GRAPH, calls

pytestmark = pytest.mark.usefixtures("inline")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "data", workers=2, chunk_tokens=128)


def test_nothing_is_done_twice(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_DONE
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_REUSED
    assert calls(deployment, "documents", "doc") == 1
    assert calls(deployment, "vector_index", "doc") == 1


def test_a_touched_file_with_the_same_bytes_is_reused(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    put(deployment, "doc", GOOD)
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_REUSED


def test_a_touched_file_is_hashed_once_however_often_it_was_touched(
    deployment: Deployment,
) -> None:
    for _ in range(3):
        put(deployment, "doc", GOOD)
        run(deployment, ["doc"])
        row, info = deployment.catalog.get("doc"), deployment.storage.stat("raw/doc/file.txt")
        assert row is not None and info is not None
        assert row.raw_version == info.version


def test_a_file_that_changes_while_it_is_read_is_done_again(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    results = []
    for result in run_batch(["doc"], deployment, graph=GRAPH):
        results.append(result)
        if result.stage == "documents":  # while the pages of the first version are under way
            put(deployment, "doc", GOOD + "\nseven")
    late = outcome(results, "doc")
    row = deployment.catalog.get("doc")
    assert row is not None
    assert late.get("ocr_text") == "failed" or late == ALL_DONE
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_DONE
    assert deployment.storage.get("processed/doc/text.json").endswith(b"SEVEN")


def test_pages_of_a_version_that_came_and_went_do_not_pass_for_the_old_one(
    deployment: Deployment,
) -> None:
    put(deployment, "doc", GOOD)
    documents, ocr_text, index = GRAPH
    assert isinstance(ocr_text, PagedStage)
    read_pages = ocr_text.run_pages

    def read_another(ref: DocumentRef, pages: Sequence[int], own: Deployment) -> list[PageResult]:
        put(deployment, "doc", GOOD.replace("one", "another"))
        return read_pages(ref, pages, own)

    graph = (documents, dataclasses.replace(ocr_text, run_pages=read_another), index)
    assert outcome(list(run_batch(["doc"], deployment, graph=graph)), "doc") == {
        "documents": "done",
        "ocr_text": "failed",
    }
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    assert b"ANOTHER" not in deployment.storage.get("processed/doc/text.json")


def test_a_changed_file_is_done_again(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    put(deployment, "doc", GOOD + "\nseven")
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_DONE
    assert deployment.storage.get("processed/doc/text.json").endswith(b"SEVEN")


def test_a_changed_setting_redoes_from_the_stage_it_shapes(
    deployment: Deployment, settings: Settings
) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    other = Deployment(settings.model_copy(update={"chunk_tokens": 256}))
    # The text comes out the same, so its data version stops the wave before the index.
    assert outcome(run(other, ["doc"]), "doc") == {**ALL_REUSED, "ocr_text": "done"}


def test_a_lost_artifact_is_made_again(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    deployment.storage.delete("processed/doc/text.json")
    assert outcome(run(deployment, ["doc"]), "doc") == {**ALL_REUSED, "ocr_text": "done"}


def test_a_lost_index_is_made_again(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    deployment.storage.delete("index/doc")
    assert outcome(run(deployment, ["doc"]), "doc") == {**ALL_REUSED, "vector_index": "done"}


def test_force_redoes_the_selected_stages(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    results = run(deployment, ["doc"], stages=["ocr_text"], force=True)
    assert outcome(results, "doc") == {"ocr_text": "done"}


def test_a_failed_document_is_tried_again_and_its_attempts_counted(deployment: Deployment) -> None:
    put(deployment, "doc", "refuse\none")
    run(deployment, ["doc"])
    results = run(deployment, ["doc"])
    assert results[0].record.attempts == 2
    put(deployment, "doc", GOOD)
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_DONE
    row = deployment.catalog.get("doc")
    assert row is not None
    assert row.status is DocumentStatus.INDEXED
    assert row.failure is None


def test_what_failed_vouches_for_no_output(deployment: Deployment) -> None:
    """What a stage had written when it failed may be a mixture of old and new."""
    for text in (GOOD, f"{GOOD}\nunindexable", "refuse"):
        put(deployment, "doc", text)
        run(deployment, ["doc"])
    records = deployment.catalog.stages(["doc"])["doc"]
    prints = {name: (record.status, bool(record.fingerprint)) for name, record in records.items()}
    assert prints == {
        "documents": (StageStatus.FAILED, False),
        "ocr_text": (StageStatus.DONE, True),
        "vector_index": (StageStatus.FAILED, False),
    }


def test_a_stage_for_the_whole_batch_fails_documents_one_by_one(deployment: Deployment) -> None:
    put(deployment, "bad", "fine\nunindexable")
    put(deployment, "good", GOOD)
    results = run(deployment, ["bad", "good"])
    assert outcome(results, "bad")["vector_index"] == "failed"
    assert outcome(results, "good") == ALL_DONE


def test_a_stage_for_the_whole_batch_that_breaks_keeps_what_was_done(
    deployment: Deployment,
) -> None:
    put(deployment, "a", GOOD)
    put(deployment, "b", "fine\nbreak")
    put(deployment, "c", GOOD)
    results = run(deployment, ["a", "b", "c"])
    assert outcome(results, "a") == ALL_DONE
    assert outcome(results, "b")["vector_index"] == "failed"
    assert outcome(results, "c")["vector_index"] == "failed"
    assert outcome(run(deployment, ["a", "c"]), "c") == {**ALL_REUSED, "vector_index": "done"}


def test_a_store_that_is_away_fails_documents_not_the_batch(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(deployment, "doc", GOOD)

    def away(records: object, _: Deployment) -> set[str]:
        raise SparknetError(FailureKind.UNAVAILABLE, "no server answers")

    graph = [*GRAPH[:-1], dataclasses.replace(GRAPH[-1], stored=away)]  # type: ignore[arg-type]
    results = list(run_batch(["doc"], deployment, graph=graph))
    assert outcome(results, "doc") == {**ALL_DONE, "vector_index": "failed"}
    row = deployment.catalog.get("doc")
    assert row is not None and row.failure is not None
    assert row.failure.kind is FailureKind.UNAVAILABLE


def test_a_missing_page_that_may_come_is_tried_again_whatever_others_lack() -> None:
    lasting = SparknetError(FailureKind.CORRUPT, "page 1 is damaged").to_failure()
    passing = SparknetError(FailureKind.TIMED_OUT, "page 5 took too long").to_failure()
    output = StageOutput("v", pages=3, failed_pages={1: lasting, 5: passing})
    record = succeeded("doc", "ocr_text", output, fingerprint="f", seconds=1.0, run_id="")
    assert record.failed_pages == [1, 5]
    assert record.failure == passing


def test_a_hidden_file_never_stands_for_a_document(deployment: Deployment) -> None:
    deployment.storage.put("raw/doc/.DS_Store", b"x")
    deployment.storage.put("raw/doc/sub/b.txt", b"x")
    deployment.storage.put("raw/doc/z.txt", b"x")
    assert find_raw("doc", deployment) == "raw/doc/z.txt"


def test_a_document_without_a_file_fails_with_the_remedy(deployment: Deployment) -> None:
    results = run(deployment, ["nowhere"])
    assert results[0].record.failure is not None
    assert results[0].record.failure.kind is FailureKind.UNREADABLE
    assert "raw/nowhere" in results[0].record.failure.message


def test_a_file_that_became_a_link_out_of_the_home_is_unreadable(
    deployment: Deployment, tmp_path: Path
) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    file, aside = deployment.home / "raw/doc/file.txt", tmp_path / "aside"
    file.rename(aside)
    file.symlink_to(aside)
    failure = run(deployment, ["doc"])[0].record.failure
    assert failure is not None
    assert (failure.kind, failure.retryable) == (FailureKind.UNREADABLE, False)
    assert "put the file there itself" in failure.message


def test_a_file_that_is_put_back_as_it_was_counts_as_changed(
    deployment: Deployment, tmp_path: Path
) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    file, aside = deployment.home / "raw/doc/file.txt", tmp_path / "aside"
    file.rename(aside)
    run(deployment, ["doc"])
    aside.rename(file)
    listed = list(deployment.storage.list("raw/"))
    records = {record.doc_id: record for record in deployment.catalog.documents()}
    later = datetime.now(UTC) + timedelta(seconds=5)
    assert compare(listed, records, later).documents[0].change is Change.CHANGED
    assert outcome(run(deployment, ["doc"]), "doc")["vector_index"] == "reused"


def test_a_stage_run_alone_refuses_an_original_that_changed(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    run(deployment, ["doc"])
    put(deployment, "doc", GOOD + "\nseven")
    results = run(deployment, ["doc"], stages=["ocr_text"])
    assert results[0].record.status is StageStatus.FAILED
    assert outcome(run(deployment, ["doc"]), "doc") == ALL_DONE


def test_what_an_intake_notes_meanwhile_is_kept(deployment: Deployment) -> None:
    put(deployment, "doc", GOOD)
    for result in run_batch(["doc"], deployment, graph=GRAPH):
        if result.stage == "documents":
            row = deployment.catalog.get("doc")
            assert row is not None
            deployment.catalog.put([row.model_copy(update={"source": "/in/file.txt"})])
    row = deployment.catalog.get("doc")
    assert row is not None
    assert (row.source, row.status) == ("/in/file.txt", DocumentStatus.INDEXED)


def test_an_unknown_stage_is_named(deployment: Deployment) -> None:
    with pytest.raises(ValueError, match="no stage is called ocr; there are documents"):
        run(deployment, [], stages=["ocr"])


def test_a_document_that_another_process_holds_is_waited_for(
    deployment: Deployment, settings: Settings
) -> None:
    put(deployment, "doc", GOOD)
    done = threading.Event()
    with Claims(Deployment(settings)) as other:
        other.take(["doc"])

        def free() -> None:
            time.sleep(0.5)
            done.set()
            other.give_back(["doc"])

        threading.Thread(target=free).start()
        results = run(deployment, ["doc"])
    assert done.is_set()
    assert outcome(results, "doc") == ALL_DONE


def test_a_failed_new_version_leaves_the_old_one_answering_and_says_so(
    deployment: Deployment,
) -> None:
    put(deployment, "a", GOOD)
    run(deployment, ["a"])
    put(deployment, "a", "fine\nUNINDEXABLE")
    run(deployment, ["a"])
    record = deployment.catalog.get("a")
    assert record is not None
    assert record.status is DocumentStatus.FAILED
    assert record.chunks == 1
    assert "failed at vector_index" in record.stale
    put(deployment, "a", GOOD + "\nseven")
    run(deployment, ["a"])
    record = deployment.catalog.get("a")
    assert record is not None
    assert (record.status, record.stale) == (DocumentStatus.INDEXED, "")


def test_a_document_is_stale_from_its_first_new_output_to_its_new_index(
    deployment: Deployment,
) -> None:
    put(deployment, "a", GOOD)
    run(deployment, ["a"])
    put(deployment, "a", GOOD + "\nseven")
    run(deployment, ["a"], stages=["documents", "ocr_text"])
    record = deployment.catalog.get("a")
    assert record is not None
    assert record.stale == "a newer version is being indexed"
    run(deployment, ["a"])
    record = deployment.catalog.get("a")
    assert record is not None
    assert record.stale == ""


def test_attempts_count_for_the_same_bytes_only_and_retries_are_spaced_out(
    deployment: Deployment,
) -> None:
    put(deployment, "a", "fine\nUNINDEXABLE")
    waits = []
    for _ in range(6):
        run(deployment, ["a"])
        record = deployment.catalog.stages(["a"])["a"]["vector_index"]
        assert record.failure is not None
        due = record.failure.next_retry_at
        waits.append(due and round((due - record.updated_at).total_seconds()))
    assert waits == [300, 1200, 4800, 19200, None, None]
    assert record.attempts == 6
    put(deployment, "a", "fine\nstill UNINDEXABLE")
    run(deployment, ["a"])
    assert deployment.catalog.stages(["a"])["a"]["vector_index"].attempts == 1


def test_what_cannot_succeed_has_no_next_attempt(deployment: Deployment) -> None:
    put(deployment, "a", "refuse\none")
    run(deployment, ["a"])
    record = deployment.catalog.stages(["a"])["a"]["documents"]
    assert record.failure is not None
    assert record.failure.next_retry_at is None
    assert record.tried


def test_a_mark_of_something_secret_is_not_shown_to_people() -> None:
    def recipe(mark: str) -> Recipe:
        return Recipe(GRAPH[0], {"pdf_passwords": mark})

    assert difference(recipe("").text, recipe("a8" * 32)) == "pdf_passwords changed"
    assert difference(recipe("a8" * 32).text, recipe("b7" * 32)) == "pdf_passwords changed"


def test_the_recipe_of_an_output_is_kept_for_people(deployment: Deployment) -> None:
    put(deployment, "a", GOOD)
    run(deployment, ["a"])
    record = deployment.catalog.stages(["a"])["a"]["ocr_text"]
    text = deployment.catalog.facts(RECIPES)[RECIPES + record.recipe]
    again = Deployment(deployment.settings.model_copy(update={"chunk_tokens": 300}))
    assert difference(text, recipe_of(GRAPH[1], deployment)) == ""
    assert difference(text, recipe_of(GRAPH[1], again)) == "chunk_tokens 128 -> 300"
    newer = dataclasses.replace(GRAPH[1], code_version="2")
    assert difference(text, recipe_of(newer, deployment)) == "code version 1 -> 2"
