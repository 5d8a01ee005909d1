"""Reconciliation: a home brought to what raw/ and the settings say, at the least cost."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.settings import Settings
from schedules.planning import Change
from schedules.reconciliation import Outcome, gather, gather_by_content, gather_settled, reconcile
from sparknet_assets.retrieval import search
from tests.doubles.inline_pool import inline_workers
from tests.removal.homes import with_words

STAGES = ["documents", "page_images", "ocr_text", "chunks", "embeddings", "vector_index"]


@pytest.fixture(autouse=True)
def inline() -> Iterator[None]:
    with inline_workers():
        yield


@pytest.fixture
def deployment(settings: Settings) -> Deployment:
    """One that needs neither worker processes nor a model."""
    return with_words(Deployment(settings))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def put(deployment: Deployment, doc_id: str, text: str) -> None:
    """A document that was written a while ago."""
    path = deployment.home / "raw" / doc_id / "file.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time_ns() - 60 * 10**9
    os.utime(path, ns=(then, then))


def done(deployment: Deployment, instance: dg.DagsterInstance) -> tuple[Outcome, dict[str, str]]:
    """Reconciles; returns what came of it, and document/stage -> `made` or `reused`."""
    seen: dict[str, str] = {}

    def note(result: object) -> None:
        record = result.record  # type: ignore[attr-defined]
        made = "failed" if record.failure else "reused" if record.reused else "made"
        seen[f"{record.doc_id}/{record.stage}"] = made

    return reconcile(deployment, instance=instance, progress=note), seen


def test_each_change_costs_what_it_must_and_no_more(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    put(deployment, "apples", "Apples are red.")
    put(deployment, "pears", "Pears are green.")
    outcome, seen = done(deployment, instance)
    assert outcome.plan.counts == {Change.NEW: 2}
    assert set(seen.values()) == {"made"}
    assert not gather(deployment).plan.documents

    finer = with_words(Deployment(deployment.settings.model_copy(update={"chunk_tokens": 128})))
    outcome, seen = done(finer, instance)
    assert [d.reason for d in outcome.plan.documents] == ["chunks: chunk_tokens 256 -> 128"] * 2
    # The chunks came out the same, so what follows is not redone.
    assert [seen[f"pears/{stage}"] for stage in STAGES] == [
        *["reused"] * 3,
        "made",
        *["reused"] * 2,
    ]

    put(finer, "apples", "Apples are red.")
    os.utime(finer.home / "raw/apples/file.txt", ns=(10**18, 10**18))
    assert gather(finer).plan.counts == {Change.CHANGED: 1, Change.UNCHANGED: 1}
    outcome, seen = done(finer, instance)
    assert (outcome.plan.counts, seen) == ({Change.UNCHANGED: 2}, {})
    assert gather(finer).plan.counts == {Change.UNCHANGED: 2}

    put(finer, "apples", "Apples are green.")
    _, seen = done(finer, instance)
    assert {name.split("/")[0] for name in seen} == {"apples"}


def test_a_folder_that_gets_another_name_is_taken_over(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    put(deployment, "pears", "Pears are green.")
    put(deployment, "plums", "Plums are blue.")
    done(deployment, instance)
    raw = deployment.home / "raw"
    (raw / "pears").rename(raw / "fruit")
    put(deployment, "figs", "Figs are sweet.")
    outcome, _ = done(deployment, instance)
    assert outcome.summary is not None
    assert (outcome.summary.documents, outcome.summary.failed) == (2, {})
    assert [receipt.doc_id for receipt in outcome.receipts] == ["pears"]
    stages = deployment.catalog.stages(["fruit", "figs"])
    embedded = {doc_id: own["embeddings"].metadata["embedded"] for doc_id, own in stages.items()}
    assert embedded == {"fruit": 0, "figs": 1}
    assert search(deployment, "pears", mode="keyword").hits[0].doc_id == "fruit"


def test_a_broken_new_version_leaves_the_old_one_and_is_not_tried_for_ever(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    put(deployment, "pears", "Pears are green.")
    done(deployment, instance)
    put(deployment, "pears", "")
    done(deployment, instance)
    record = deployment.catalog.get("pears")
    assert record is not None
    assert record.status is DocumentStatus.FAILED
    assert "failed at documents" in record.stale
    assert search(deployment, "pears", mode="keyword").hits[0].text == "Pears are green."
    assert gather(deployment).plan.counts == {Change.UNCHANGED: 1}
    put(deployment, "pears", "Pears are yellow.")
    done(deployment, instance)
    record = deployment.catalog.get("pears")
    assert record is not None
    assert (record.status, record.stale) == (DocumentStatus.INDEXED, "")
    hits = search(deployment, "pears", mode="keyword").hits
    assert [hit.text for hit in hits] == ["Pears are yellow."]


def test_a_file_written_just_now_is_waited_for(deployment: Deployment) -> None:
    deployment.storage.put("raw/new/file.txt", b"just now")
    assert gather(deployment).plan.counts == {Change.UNSETTLED: 1}
    assert gather_settled(deployment).plan.counts == {Change.NEW: 1}


def test_a_home_that_was_copied_or_emptied_is_known_for_what_it_is(
    deployment: Deployment, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    put(deployment, "apples", "Apples are red.")
    put(deployment, "pears", "Pears are green.")
    done(deployment, instance)
    shutil.copytree(deployment.home, tmp_path / "copy")
    copy = with_words(
        Deployment(deployment.settings.model_copy(update={"home": tmp_path / "copy"}))
    )
    assert gather(copy).plan.counts == {Change.CHANGED: 2}, "all files have new inodes"
    put(copy, "pears", "Pears are yellow.")
    plan = gather_by_content(copy).plan
    assert [(found.doc_id, found.change) for found in plan.documents] == [("pears", Change.CHANGED)]
    shutil.rmtree(copy.home / "raw")
    (copy.home / "raw").mkdir()
    outcome, _ = done(copy, instance)
    assert "2 of 2 documents are missing" in outcome.plan.held_back
    assert outcome.receipts == []
    assert {record.doc_id for record in copy.catalog.documents()} == {"apples", "pears"}


def test_a_missing_folder_is_not_an_empty_one(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    put(deployment, "pears", "Pears are green.")
    done(deployment, instance)
    (deployment.home / "raw").rename(deployment.home / "elsewhere")
    with pytest.raises(SparknetError, match="is its disk mounted"):
        gather(deployment)
