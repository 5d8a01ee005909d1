"""Events that are stored together: what is in the tables, when they are there, what errors do."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqlEventLogStorage
from sqlalchemy.exc import OperationalError

from resources.failure import SparknetError
from resources.settings import Settings
from sparknet_assets import event_rows
from sparknet_assets.event_log import EventLog
from sparknet_assets.instance import open_instance
from sparknet_assets.instance_errors import explained
from sparknet_assets.runs import events as events_module
from sparknet_assets.runs.events import report_runless
from sparknet_assets.runs.execution import execute
from tests.graph.fakes import STAGE_NAMES, ScriptedBatch, partitions_of, register


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[dg.DagsterInstance]:
    """One instance on files for the tests here: making its databases takes a second."""
    with open_instance(Settings(home=tmp_path_factory.mktemp("home"))) as opened:
        yield opened


def some_events(asset: str) -> list[dg.AssetMaterialization | dg.AssetObservation]:
    return [
        kind(
            asset,
            partition=partition,
            metadata={"pages": 3},
            tags={"dagster/data_version": f"{asset}-{partition}"},
        )
        for partition in ("a", "b", "c")
        for kind in (dg.AssetMaterialization, dg.AssetObservation)
    ]


def rows_about(asset: str, log: SqlEventLogStorage) -> list[list[tuple[object, ...]]]:
    """What the tables hold about an asset, but for its name, ids and times."""
    with log.index_connection() as connection:
        return [
            sorted(map(tuple, connection.exec_driver_sql(select, (asset,))), key=str)
            for select in (
                "SELECT run_id, dagster_event_type, step_key, partition FROM event_logs"
                " WHERE asset_key = ?",
                "SELECT partition, key, substr(value, -1) FROM asset_event_tags AS tag"
                " JOIN event_logs AS event ON event.id = event_id WHERE tag.asset_key = ?",
                "SELECT last_run_id, last_materialization_timestamp IS NULL FROM asset_keys"
                " WHERE asset_key = ?",
            )
        ]


def test_together_they_leave_the_rows_that_each_would_alone(shared) -> None:
    for event in some_events("alone"):
        shared.report_runless_asset_event(event)
    report_runless(shared, some_events("together"))
    log = shared.event_log_storage
    assert rows_about('["alone"]', log) == rows_about('["together"]', log)
    [about_events, *_] = rows_about('["together"]', log)
    assert len(about_events) == 6
    for name in ("alone", "together"):
        [record] = shared.get_asset_records([dg.AssetKey(name)])
        last = record.asset_entry.last_materialization
        assert last.asset_materialization.partition == "c"
        fetched = shared.fetch_materializations(dg.AssetKey(name), limit=9).records
        assert [each.partition_key for each in fetched] == ["c", "b", "a"]
        assert fetched[0].storage_id == record.asset_entry.last_materialization_record.storage_id


def test_the_page_of_a_run_shows_them_in_the_order_of_the_stages(shared, deployment) -> None:
    register(deployment, "a")
    batch = ScriptedBatch(broken={"a": "chunks"})
    [run_id] = execute(deployment, ["a"], instance=shared, run=batch).run_ids
    told = [
        (record.event_log_entry.dagster_event.event_type_value, record.asset_key)
        for record in shared.get_records_for_run(run_id).records
        if record.event_log_entry.step_key and record.event_log_entry.dagster_event
    ]
    kinds = [kind for kind, _ in told]
    assert [key.to_user_string() for kind, key in told if kind == "ASSET_MATERIALIZATION"] == [
        "documents", "page_images", "ocr_text",
    ]  # fmt: skip
    assert kinds.index("ASSET_OBSERVATION") < kinds.index("STEP_FAILURE")
    [start] = shared.all_logs(run_id, of_type=dg.DagsterEventType.STEP_START)
    for entry in shared.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        assert (entry.step_key, entry.job_name) == (start.step_key, start.job_name)
        assert entry.dagster_event.step_handle == start.dagster_event.step_handle


def test_an_event_is_there_while_the_next_result_is_awaited(
    shared, deployment, monkeypatch
) -> None:
    monkeypatch.setattr(events_module, "SECONDS", 0.02)
    register(deployment, "waits")
    batch = ScriptedBatch()

    def run(*arguments, **options):
        results = batch(*arguments, **options)
        yield next(results)
        deadline = time.monotonic() + 60
        while not partitions_of(shared, "documents", "materialized") >= {"waits"}:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield from results

    assert execute(deployment, ["waits"], instance=shared, run=run).ok


@pytest.mark.parametrize("most", [1, 500])
def test_results_that_could_not_be_told_of_are_told_of_by_the_next_run(
    shared, deployment, monkeypatch, most
) -> None:
    monkeypatch.setattr(events_module, "MOST", most)
    names = [f"full-{most}-{number}" for number in range(3)]
    register(deployment, *names)
    batch = ScriptedBatch()
    real = EventLog.store_event_batch
    calls = []

    def fail_once(self, events) -> None:
        calls.append(len(events))
        if len(calls) == 2:
            full = sqlite3.OperationalError("database or disk is full")
            raise OperationalError("INSERT", {}, full) from full
        real(self, events)

    with monkeypatch.context() as broken:
        broken.setattr(EventLog, "store_event_batch", fail_once)
        with pytest.raises(SparknetError, match="free some disk space"):
            execute(deployment, names, instance=shared, run=batch)
    assert execute(deployment, names, instance=shared, run=batch).ok
    for stage in STAGE_NAMES:
        assert partitions_of(shared, stage, "materialized") >= set(names)
        assert not partitions_of(shared, stage, "failed") & set(names)


def test_a_batch_that_breaks_off_leaves_no_result_untold(shared, deployment) -> None:
    register(deployment, "one", "two")
    batch = ScriptedBatch()

    def run(*arguments, **options):
        results = batch(*arguments, **options)
        for _ in STAGE_NAMES:
            yield next(results)
        raise RuntimeError("the catalog is gone")

    with pytest.raises(SparknetError, match="the catalog is gone"):
        execute(deployment, ["one", "two"], instance=shared, run=run)
    for stage in STAGE_NAMES:
        assert "one" in partitions_of(shared, stage, "materialized")
        assert "two" not in partitions_of(shared, stage, "materialized")


def test_a_dagster_that_stores_events_in_another_way_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.delattr(SqlEventLogStorage, "_event_to_row")
    with pytest.raises(SparknetError, match="_event_to_row is gone"):
        EventLog(str(tmp_path))
    monkeypatch.undo()
    event_rows.check_dagster()


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("database or disk is full", "free some disk space"),
        ("unable to open database file", "permissions"),
        ("file is not a database", "put back a copy"),
        ("connection to server failed: refused", "whether its server runs"),
    ],
)
def test_a_database_that_fails_is_told_with_a_remedy(reason, remedy) -> None:
    with pytest.raises(SparknetError, match=remedy) as told, explained():
        raise OperationalError("SELECT", {}, sqlite3.OperationalError(f"{reason}\nmore"))
    assert "more" not in told.value.message
    with pytest.raises(ValueError, match="other"), explained():
        raise ValueError("other")
