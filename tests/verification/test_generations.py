"""Every generation of the index is looked at, and mended: the one that answers above all."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import numpy as np
import pytest

from resources.catalog import Holding
from resources.deployment import Deployment
from schedules.repair import mend
from sparknet_assets.batch.running import run_batch
from sparknet_assets.verification import Disagreement, Severity, examine, verify
from tests.verification.conftest import DOCUMENTS, deployment_at
from tests.verification.damage import DOC, chunk


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def named(whole: Deployment) -> Deployment:
    """The settings name an index that nothing was written to yet."""
    return deployment_at(whole.home, collection="second")


@pytest.fixture
def built(named: Deployment) -> Deployment:
    """It is built; the first one answers until the switch."""
    results = list(run_batch(DOCUMENTS, named))
    assert {result.record.status for result in results} == {"done"}
    assert named.live_store.generation != named.vector_store.generation
    return named


def found(deployment: Deployment) -> set[tuple[str, str]]:
    return {(item.doc_id, item.kind) for item in verify(deployment)}


def test_an_index_that_is_not_built_yet_is_no_problem(named: Deployment) -> None:
    assert found(named) == set()
    kinds = {
        item.kind for check, item in examine(named).findings() if check.severity is Severity.WARNING
    }
    assert kinds == {"outdated"}


def test_two_indexes_that_agree(built: Deployment) -> None:
    assert list(examine(built, deep=True).findings()) == []


@pytest.mark.parametrize("which", ["live_store", "vector_store"])
def test_lost_vectors_are_found_and_mended(
    built: Deployment, instance: dg.DagsterInstance, which: str
) -> None:
    store = getattr(built, which)
    before = store.chunk_ids([DOC])[DOC]
    store.delete(before)
    assert (DOC, "holding") in found(built)
    mended = mend(built, instance=instance)
    assert mended.ok, mended
    assert store.chunk_ids([DOC])[DOC] == before
    assert built.live_store.generation != built.vector_store.generation


@pytest.mark.parametrize("which", ["live_store", "vector_store"])
def test_orphans_are_found_and_removed(
    built: Deployment, instance: dg.DagsterInstance, which: str
) -> None:
    store = getattr(built, which)
    vector = np.zeros((1, built.embedder.dimension), np.float32)
    vector[0, 0] = 1
    store.add_chunks([chunk("ghost", "of nobody")], vector)
    built.catalog.put_holdings(store.generation, {"ghost": Holding("0" * 64, 1)})
    assert found(built) == {("ghost", "orphan_vectors"), ("ghost", "orphan_holding")}
    assert mend(built, instance=instance).ok
    assert store.document_ids() == set(DOCUMENTS)


def test_the_index_that_answers_is_behind(built: Deployment, instance: dg.DagsterInstance) -> None:
    live = built.live_store.generation
    chunks = built.catalog.holdings(live)[DOC].chunks
    built.catalog.put_holdings(live, {DOC: Holding("0" * 64, chunks)})
    problems: list[Disagreement] = list(verify(built))
    assert [(item.doc_id, item.kind) for item in problems] == [(DOC, "holding")]
    assert live in problems[0].detail
    assert mend(built, instance=instance).ok
