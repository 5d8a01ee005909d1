"""A document that is removed under a run which slept for longer than its lease."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.running import run_batch
from sparknet_assets.removal.intents import unfinished
from sparknet_assets.removal.removing import remove
from sparknet_assets.stages.contract import AnyStage
from sparknet_assets.verification import verify
from tests.batch.runs import ALL_DONE, GOOD, outcome, put, run
from tests.batch.toy_stages import GRAPH
from tests.model.world import free_leases

pytestmark = pytest.mark.usefixtures("inline")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "data", workers=2)


def removed_at(stage: str, *, keep_raw: bool) -> tuple[AnyStage, ...]:
    """The toy graph; when `stage` is at work on `doc`, its lease runs out and it is removed."""

    def late(doc_ids: list[str], deployment: Deployment) -> None:
        if "doc" in doc_ids:
            free_leases(deployment)
            asked = {"reason": "a test", "requested_by": "a test"}
            remove(deployment, ["doc"], keep_raw=keep_raw, **asked)

    def wrapped(each: Any) -> Any:
        def alone(ref: DocumentRef, *args: Any) -> Any:
            late([ref.doc_id], args[-1])
            return (each.assemble if stage == "ocr_text" else each.run)(ref, *args)

        def together(refs: list[DocumentRef], deployment: Deployment) -> Any:
            outcomes = list(each.run(refs, deployment))
            late([ref.doc_id for ref in refs], deployment)
            return outcomes

        if each.name != stage:
            return each
        if stage == "vector_index":
            return dataclasses.replace(each, run=together)
        return dataclasses.replace(each, **{"assemble" if stage == "ocr_text" else "run": alone})

    return tuple(map(wrapped, GRAPH))


@pytest.mark.parametrize("keep_raw", [False, True])
@pytest.mark.parametrize("stage", ["documents", "ocr_text", "vector_index"])
def test_its_tombstone_stays_and_what_was_written_since_goes(
    deployment: Deployment, stage: str, keep_raw: bool
) -> None:
    put(deployment, "doc", GOOD)
    put(deployment, "other", GOOD)
    graph = removed_at(stage, keep_raw=keep_raw)
    results = list(run_batch(["doc", "other"], deployment, graph=graph))
    assert stage not in outcome(results, "doc")
    assert outcome(results, "other") == ALL_DONE
    assert unfinished(deployment.catalog) == ["doc"]
    (receipt,) = remove(deployment, ["doc"], reason="another", requested_by="another")
    assert receipt.reason == "a run wrote to it while it was removed"
    assert not any(receipt.remaining.values())
    assert list(deployment.storage.list("processed/doc/")) == []
    kinds = {found.kind for found in verify(deployment, GRAPH) if found.doc_id == "doc"}
    assert kinds == ({"unregistered_raw"} if keep_raw else set())
    if keep_raw:
        assert outcome(run(deployment, ["doc"]), "doc") == ALL_DONE
