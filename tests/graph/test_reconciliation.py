"""Reconciliation: a home brought to what raw/ and the settings say, at the least cost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.settings import Settings
from schedules.planning import Change
from schedules.reconciliation import Outcome, gather, gather_settled, reconcile
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


def test_a_missing_folder_is_not_an_empty_one(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    put(deployment, "pears", "Pears are green.")
    done(deployment, instance)
    (deployment.home / "raw").rename(deployment.home / "elsewhere")
    with pytest.raises(SparknetError, match="is its disk mounted"):
        gather(deployment)
