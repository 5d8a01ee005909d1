"""Generations in the UI: figures, gates as checks, the switch as a job."""

from __future__ import annotations

import dagster as dg
import pytest

from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.generations import make_live
from resources.settings import Settings
from sparknet_assets.definitions import build_defs
from sparknet_assets.generations.assets import CHANGE, GENERATIONS, SWITCH
from sparknet_assets.generations.runs import change_generation
from sparknet_assets.partitions import register_partitions
from sparknet_assets.runs.config import sparse_config
from tests.generations.home import Home
from tests.graph.fakes import ScriptedBatch, register


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two documents, one of them in the generation that the settings name now."""
    home = Home(settings, monkeypatch)
    home.put(lease="the tenant pays rent on the first day", report="net revenue grew by a half")
    home.run("lease", "report")
    home.precision = "fp32"
    home.run("lease")
    return home


def checks(instance: dg.DagsterInstance) -> dict[str, bool]:
    names = ("complete", "counts", "recall")
    keys = {n: dg.AssetCheckKey(dg.AssetKey(GENERATIONS), f"generation_{n}") for n in names}
    found = {}
    for name, key in keys.items():
        [record] = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        assert record.event and record.event.dagster_event
        found[name] = record.event.dagster_event.asset_check_evaluation_data.passed
    return found


def latest(instance: dg.DagsterInstance) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(dg.AssetKey(GENERATIONS))
    assert event and event.asset_materialization
    return event.asset_materialization


def test_the_asset_shows_how_far_each_is(home: Home, instance: dg.DagsterInstance) -> None:
    defs = build_defs(home.deployment)
    job = defs.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(GENERATIONS)])
    metadata = latest(instance).metadata
    assert metadata["live"].value == home.old
    assert "adds the 1 document that" in metadata["next"].value
    rows = [record.data for record in metadata["generations"].value.records]
    assert [(row["generation"], row["roles"], row["documents"]) for row in rows] == [
        (home.old, "live", "2 of 2"),
        (home.new, "target", "1 of 2"),
    ]
    assert checks(instance) == {"complete": False, "counts": True, "recall": True}


def test_the_job_switches_only_when_the_checks_pass(
    home: Home, instance: dg.DagsterInstance
) -> None:
    job = build_defs(home.deployment).resolve_job_def(SWITCH)
    refused = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not refused.success
    assert home.deployment.live.name == home.old
    assert checks(instance) == {"complete": False, "counts": True, "recall": True}
    [failure] = [event for event in refused.all_events if event.is_step_failure]
    assert "1 of 2 documents" in failure.step_failure_data.user_failure_data.description

    home.run("report")
    assert job.execute_in_process(instance=instance).success
    assert home.deployment.live.name == home.new
    assert all(checks(instance).values())
    assert f"{home.new} answers now" in latest(instance).metadata["change"].value

    config = {"ops": {CHANGE: {"config": {"action": "rollback"}}}}
    assert job.execute_in_process(instance=instance, run_config=config).success
    assert home.deployment.live.name == home.old


def test_a_command_makes_a_run_and_hears_what_came_of_it(
    home: Home, instance: dg.DagsterInstance
) -> None:
    refused = change_generation(home.deployment, "switch", instance=instance)
    assert not refused.switched
    assert [gate.passed for gate in refused.gates] == [False, True, True]
    forced = change_generation(home.deployment, "switch", force=True, instance=instance)
    assert forced.switched and forced.behind == 1
    assert "lacks the current text of 1 document;" in forced.said
    assert latest(instance).metadata["change"].value == forced.said
    back = change_generation(home.deployment, "rollback", instance=instance)
    assert back.live == home.old
    gone = change_generation(home.deployment, "retire", home.new, instance=instance)
    assert gone.freed > 0
    with pytest.raises(SparknetError, match="There is no generation nix"):
        change_generation(home.deployment, "retire", "nix", instance=instance)
    statuses = [run.status.value for run in instance.get_runs()]
    assert sorted(statuses) == ["FAILURE", "FAILURE", "SUCCESS", "SUCCESS", "SUCCESS"]


def test_the_gates_pass_when_the_target_answers(home: Home, instance: dg.DagsterInstance) -> None:
    make_live(home.deployment.catalog, home.new)
    job = build_defs(home.deployment).resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(GENERATIONS)])
    assert all(checks(instance).values())


def test_a_run_shows_how_far_a_build_is(home: Home, instance: dg.DagsterInstance) -> None:
    def observed(deployment: Deployment) -> list[str]:
        [key] = register(deployment, "new")
        register_partitions(instance, [key])
        job = build_defs(deployment, run=ScriptedBatch()).resolve_job_def("ingest")
        result = job.execute_in_process(
            instance=instance, partition_key=key, run_config=sparse_config([key])
        )
        return [
            event.event_specific_data.asset_observation.description
            for event in result.all_events
            if event.is_asset_observation and event.asset_key == dg.AssetKey(GENERATIONS)
        ]

    assert observed(home.deployment) == [
        f"{home.new} holds 1 documents, {home.old}, which answers, 2"
    ]
    make_live(home.deployment.catalog, home.new)
    assert observed(home.deployment) == []
