"""Every damage that can be mended is, nothing else changes, and verify agrees afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.processes import this_host
from schedules.repair import mend
from sparknet_assets.batch.running import run_batch
from sparknet_assets.runs import execution
from sparknet_assets.verification import examine, verify
from sparknet_assets.verification.evaluation import Report
from tests.verification.conftest import DOCUMENTS, deployment_at
from tests.verification.damage import ARTIFACTS, DAMAGES, DOC, path, raw_path

MENDED = [name for name, damage in DAMAGES.items() if damage.mends]


@pytest.fixture
def instance():  # type: ignore[no-untyped-def]
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def _batch_alone(
    deployment: Deployment, doc_ids: Sequence[str], **_: object
) -> execution.RunSummary:
    """What a run comes to, without the run: most of the time of a repair is Dagster's."""
    summary = execution.RunSummary(len(doc_ids))
    for result in run_batch(sorted(doc_ids), deployment):
        summary.add(result)
    return summary


@pytest.fixture
def no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "execute", _batch_alone)


def answers(deployment: Deployment) -> dict[str, set[str]]:
    return deployment.vector_store.chunk_ids(DOCUMENTS)


def made(deployment: Deployment) -> dict[str, bytes]:
    return {
        f"{doc_id}/{name}": path(deployment, name, doc_id).read_bytes()
        for doc_id in DOCUMENTS
        for name in (*ARTIFACTS, "pages/page_0.png")
    }


@pytest.mark.usefixtures("no_runs")
@pytest.mark.parametrize("name", MENDED)
def test_damage_is_mended(whole: Deployment, instance: dg.DagsterInstance, name: str) -> None:
    before, files = answers(whole), made(whole)
    DAMAGES[name].do(whole)
    problems = set(verify(whole))
    mended = mend(whole, instance=instance)
    assert mended.ok, (mended.failed, mended.report.problems)
    assert set(mended.repaired) == problems
    assert list(examine(whole, deep=True).findings()) == []
    if name not in ("half removed", "changed original"):
        assert answers(whole) == before
        assert made(whole) == files


@pytest.mark.parametrize("name", [name for name in DAMAGES if name not in MENDED])
def test_what_needs_a_person_is_left_alone(
    whole: Deployment, instance: dg.DagsterInstance, name: str
) -> None:
    DAMAGES[name].do(whole)
    before = set(verify(whole)), whole.catalog.get(DOC), answers(whole)
    mended = mend(whole, instance=instance)
    assert not mended.ok
    assert mended.repaired == []
    assert (set(verify(whole)), whole.catalog.get(DOC), answers(whole)) == before


def test_what_is_whole_is_not_touched(whole: Deployment, instance: dg.DagsterInstance) -> None:
    mended = mend(whole, instance=instance)
    assert mended.ok and mended.repaired == []
    assert instance.get_runs() == []


def test_only_what_is_damaged_is_redone(whole: Deployment, instance: dg.DagsterInstance) -> None:
    DAMAGES["cut chunks.json"].do(whole)
    redone = []
    mend(
        whole,
        instance=instance,
        progress=lambda r: redone.append((r.ref.doc_id, r.stage)) if not r.record.reused else None,
    )
    assert redone == [(DOC, "chunks")]
    assert whole.embedder.calls == []  # type: ignore[attr-defined]


def test_a_repair_that_fails_says_so(whole: Deployment, instance: dg.DagsterInstance) -> None:
    raw_path(whole).write_bytes(b"%PDF-1.7 no more")
    DAMAGES["cut metadata.json"].do(whole)
    mended = mend(whole, instance=instance)
    assert not mended.ok
    assert set(mended.failed) == {DOC}


def test_documents_of_other_processes_are_waited_for(
    whole: Deployment, instance: dg.DagsterInstance
) -> None:
    DAMAGES["cut chunks.json"].do(whole)
    whole.catalog.claim([DOC], f"{this_host()}:{os.getpid()}:other", 2)
    assert mend(whole, instance=instance).ok


def test_what_became_a_document_meanwhile_is_not_removed(
    whole: Deployment, instance: dg.DagsterInstance
) -> None:
    """The catalog was lost; while we looked, somebody took the file in again."""
    record = whole.catalog.get(DOC)
    assert record is not None
    raw_path(whole).rename(whole.home / "elsewhere.pdf")
    DAMAGES["no record"].do(whole)

    def taken_in(report: Report) -> None:
        assert {"orphan_files", "orphan_vectors"} <= {item.kind for item in report.problems}
        (whole.home / "elsewhere.pdf").rename(raw_path(whole))
        whole.catalog.put([record.model_copy(update={"status": DocumentStatus.PENDING})])

    assert mend(whole, instance=instance, found=taken_in).ok
    assert not list(whole.storage.list("receipts/"))
    after = whole.catalog.get(DOC)
    assert after is not None and after.status is DocumentStatus.INDEXED


def test_bits_that_only_a_deep_look_finds(whole: Deployment, instance: dg.DagsterInstance) -> None:
    image = path(whole, "pages/page_0.png")
    data = bytearray(image.read_bytes())
    data[-20] ^= 1
    image.write_bytes(data)
    assert mend(whole, instance=instance).repaired == []
    mended = mend(whole, deep=True, instance=instance)
    assert [problem.kind for problem in mended.repaired] == ["unreadable_artifact"]
    assert mended.ok


def test_what_a_kill_leaves_of_a_repair_any_run_finishes(
    whole: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    DAMAGES["a chunk less"].do(whole)
    with monkeypatch.context() as patch:
        patch.setattr(execution, "execute", killed)
        with pytest.raises(KeyboardInterrupt):
            mend(whole, instance=instance)
    list(run_batch(DOCUMENTS, whole))
    assert list(verify(whole)) == []


def test_a_repair_makes_a_run_that_people_see(
    whole: Deployment, instance: dg.DagsterInstance
) -> None:
    DAMAGES["a vector less"].do(whole)
    assert mend(whole, instance=instance).ok
    assert [run.is_success for run in instance.get_runs()] == [True]


@pytest.mark.usefixtures("no_runs")
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(names=st.lists(st.sampled_from(MENDED), min_size=2, max_size=5, unique=True))
def test_any_damages_together_are_mended(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    home = tmp_path_factory.mktemp("damaged") / "home"
    shutil.copytree(prepared, home)
    whole = deployment_at(home)
    for name in names:
        try:
            DAMAGES[name].do(whole)
        except (FileNotFoundError, KeyError, AssertionError, IndexError):
            continue  # another has taken away what it damages
    with dg.DagsterInstance.ephemeral() as instance:
        mended = mend(whole, instance=instance)
    assert mended.ok, (mended.failed, mended.report.problems)
    assert list(examine(whole, deep=True).findings()) == []
    shutil.rmtree(home)
