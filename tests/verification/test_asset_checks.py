"""The checks in Dagster: one walk a run, readable results, nothing skipped in a backfill's run."""

from __future__ import annotations

import dagster as dg
import pytest

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from sparknet_assets import checks, verification
from sparknet_assets.definitions import build_defs
from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.verification import checks_of, examine
from sparknet_assets.verification.evaluation import evaluate
from tests.verification.conftest import DOCUMENTS
from tests.verification.damage import DAMAGES, DOC, change


@pytest.fixture
def instance(whole: Deployment):  # type: ignore[no-untyped-def]
    with dg.DagsterInstance.ephemeral() as ephemeral:
        ephemeral.add_dynamic_partitions(PARTITIONS, list(DOCUMENTS))
        yield ephemeral


def verify(whole: Deployment, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_defs(whole).resolve_job_def(checks.VERIFY)
    return job.execute_in_process(instance=instance, raise_on_error=False)


def evaluations(
    result: dg.ExecuteInProcessResult,
) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {
        (found.asset_key.to_user_string(), found.check_name): found
        for found in result.get_asset_check_evaluations()
    }


def test_all_checks_pass_on_what_is_whole(whole: Deployment, instance: dg.DagsterInstance) -> None:
    result = verify(whole, instance)
    assert result.success
    found = evaluations(result)
    assert set(found) == {(check.asset, check.name) for check in checks_of()}
    assert all(evaluation.passed for evaluation in found.values())


def test_one_walk_serves_all_checks(
    whole: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = []
    monkeypatch.setattr(
        checks, "examine", lambda *a, **k: walks.append(k) or verification.examine(*a, **k)
    )
    verify(whole, instance)
    assert len(walks) == 1


@pytest.mark.parametrize("name", ["a vector less", "no record", "wrong status", "keyword rows"])
def test_damage_fails_its_checks_and_no_others(
    whole: Deployment, instance: dg.DagsterInstance, name: str
) -> None:
    DAMAGES[name].do(whole)
    expected = {(check.asset, check.name) for check, _ in examine(whole).findings()}
    found = evaluations(verify(whole, instance))
    assert {key for key, evaluation in found.items() if not evaluation.passed} == expected


def test_a_failed_check_can_be_read(whole: Deployment, instance: dg.DagsterInstance) -> None:
    DAMAGES["a vector less"].do(whole)
    result = verify(whole, instance)
    assert not result.success  # it is blocking
    failed = evaluations(result)["vector_index", "chunks_are_vectors"]
    assert failed.description is not None
    assert failed.description.startswith(f"{DOC}: no vector for ")
    assert failed.severity is dg.AssetCheckSeverity.ERROR
    assert failed.metadata["documents"].value == 3
    assert failed.metadata["found"].value == 1
    table = failed.metadata["first"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data["document"] for record in table.records] == [DOC]
    assert "--repair" in str(failed.metadata["remedy"].value)


def test_warnings_warn(whole: Deployment, instance: dg.DagsterInstance) -> None:
    change(stale="the newer version failed")(whole)
    result = verify(whole, instance)
    assert result.success
    warned = evaluations(result)["vector_index", "answers_are_current"]
    assert not warned.passed
    assert warned.severity is dg.AssetCheckSeverity.WARN


def test_the_runs_of_a_backfill_check_their_documents(
    whole: Deployment, instance: dg.DagsterInstance
) -> None:
    """A step that waits for outputs of the pipeline would be skipped, and show as such."""
    change(doc_id="notes-txt", status=DocumentStatus.PARTIAL)(whole)
    defs = build_defs(whole)
    job = defs.resolve_implicit_global_asset_job_def()
    tags = {
        "dagster/asset_partition_range_start": DOCUMENTS[0],
        "dagster/asset_partition_range_end": DOCUMENTS[1],
    }
    selection = [dg.AssetKey(stage) for stage in STAGE_NAMES]
    result = job.execute_in_process(instance=instance, tags=tags, asset_selection=selection)
    found = evaluations(result)
    assert {asset for asset, _ in found} == set(STAGE_NAMES)
    assert all(evaluation.passed for evaluation in found.values())
    assert {evaluation.metadata["documents"].value for evaluation in found.values()} == {2}
    made = instance.get_records_for_run(
        result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    assert len(made.records) == 2 * len(STAGE_NAMES)


def test_runs_of_the_commands_make_no_checks(
    whole: Deployment, instance: dg.DagsterInstance
) -> None:
    job = build_defs(whole).resolve_job_def(INGEST)
    assert [node.name for node in job.nodes] == ["document_pipeline"]


def test_a_command_reports_without_a_run(whole: Deployment, instance: dg.DagsterInstance) -> None:
    DAMAGES["a vector less"].do(whole)
    checks.report_to(instance, evaluate(examine(whole)))
    key = dg.AssetCheckKey(dg.AssetKey("vector_index"), "chunks_are_vectors")
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert latest.status.value == "FAILED"
    assert latest.event is not None
    assert not latest.run_id
