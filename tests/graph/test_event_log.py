"""The event log stores what Dagster's own stores, in the same files."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from resources.settings import Settings
from sparknet_assets import event_log
from sparknet_assets.event_log import EventLog
from sparknet_assets.instance import dagster_home, open_instance
from sparknet_assets.partitions import PARTITIONS
from tests.graph.fakes import partitions_of


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """One home for all tests here: making its databases takes a second."""
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def instance(settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened


@pytest.fixture
def key(request) -> dg.AssetKey:
    """An asset of this test's own."""
    return dg.AssetKey(request.node.name)


def write(instance: dg.DagsterInstance, key: dg.AssetKey, *partitions: str) -> None:
    for partition in partitions:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))


def test_the_shared_instance_has_it(instance) -> None:
    assert isinstance(instance.event_log_storage, EventLog)


def test_stock_dagster_reads_the_files(instance, settings, key) -> None:
    write(instance, key, "a", "b")
    stock = SqliteEventLogStorage(str(dagster_home(settings) / "history" / "runs"))
    assert stock.get_materialized_partitions(key) == {"a", "b"}


def test_an_event_is_seen_at_once_by_another_reader(instance, settings, key) -> None:
    with open_instance(settings) as reader:
        write(instance, key, "a")
        assert reader.get_materialized_partitions(key) == {"a"}
        write(instance, key, "b")
        assert reader.get_materialized_partitions(key) == {"a", "b"}


def test_who_watches_a_run_hears_of_each_event_at_once(instance, settings) -> None:
    """As the page of a run in the UI does, while the run's process keeps the file open."""

    @dg.job
    def watched() -> None:
        pass

    run = instance.create_run_for_job(watched)
    instance.report_engine_event("the file is made", run)
    heard: queue.Queue[str] = queue.Queue()

    def hear(entry: dg.EventLogEntry, cursor: str) -> None:
        heard.put(entry.message)

    with open_instance(settings) as page:
        page.event_log_storage.watch(run.run_id, None, hear)
        for said in ("first", "second", "third"):
            instance.report_engine_event(said, run)
            while heard.get(timeout=60) != said:
                pass
        page.event_log_storage.end_watch(run.run_id, hear)


def test_a_write_that_fails_is_undone(instance, key) -> None:
    storage = instance.event_log_storage
    with pytest.raises(RuntimeError), storage.index_connection() as connection:
        connection.exec_driver_sql("DELETE FROM event_logs")
        write_count = connection.exec_driver_sql("SELECT count(*) FROM event_logs").scalar()
        raise RuntimeError(f"{write_count} rows left")
    write(instance, key, "a")
    assert instance.get_materialized_partitions(key) == {"a"}


def test_threads_share_the_connection(instance, key) -> None:
    threads = [
        threading.Thread(target=write, args=(instance, key, *(f"{name}{n}" for n in range(5))))
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(instance.get_materialized_partitions(key)) == 20


def test_few_files_stay_open(instance, monkeypatch) -> None:
    monkeypatch.setattr(event_log, "OPEN_FILES", 2)
    storage = instance.event_log_storage
    for number in range(4):
        with storage.run_connection(f"run-{number}"):
            pass
    assert list(storage._engines) == ["run-2", "run-3"]
    with storage.run_connection("run-0") as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM event_logs").scalar() == 0


def test_disposing_closes_the_files(settings, key) -> None:
    with open_instance(settings) as opened:
        storage = opened.event_log_storage
        write(opened, key, "a")
    assert not storage._engines


SECRET = "the quick brown fox"


def tell(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str, secret: str = "") -> None:
    for kind in (dg.AssetMaterialization, dg.AssetObservation):
        instance.report_runless_asset_event(
            kind(
                key,
                partition=partition,
                metadata={"preview": dg.MetadataValue.md(f"{partition} {secret}" * 300)},
                tags={"dagster/data_version": f"v-{partition}"},
            )
        )


def files_with(settings: Settings, text: str) -> list[str]:
    folder = dagster_home(settings)
    return [str(p) for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def versions(instance: dg.DagsterInstance, key: dg.AssetKey, *partitions: str) -> dict[str, str]:
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"], partitions
    )
    return {partition: found["dagster/data_version"] for partition, found in tags.items()}


def test_wiped_partitions_leave_no_event_in_any_file(instance, settings, key) -> None:
    for partition in ("a", "a-b", "b"):
        tell(instance, key, partition, SECRET if partition == "a" else "fine")
    assert files_with(settings, SECRET)
    instance.wipe_asset_partitions(key, ["a"])
    assert files_with(settings, SECRET) == []
    assert instance.get_materialized_partitions(key) == {"a-b", "b"}
    assert versions(instance, key, "a", "a-b", "b") == {"a-b": "v-a-b", "b": "v-b"}


def test_the_latest_event_of_an_asset_is_the_latest_that_is_left(instance, settings, key) -> None:
    for partition in ("b", "a"):
        tell(instance, key, partition, SECRET)
    (record,) = instance.get_asset_records([key])
    assert record.asset_entry.last_materialization.asset_materialization.partition == "a"
    assert instance.event_log_storage.wipe_partitions(["a"])
    (record,) = instance.get_asset_records([key])
    assert record.asset_entry.last_materialization.asset_materialization.partition == "b"
    assert instance.event_log_storage.wipe_partitions(["b"])
    (record,) = instance.get_asset_records([key])
    assert record.asset_entry.last_materialization is None
    assert instance.has_asset_key(key)


def test_ids_are_not_given_out_again(instance, key) -> None:
    tell(instance, key, "a")
    highest = instance.event_log_storage.get_maximum_record_id()
    instance.event_log_storage.wipe_partitions(["a"])
    tell(instance, key, "b")
    records = instance.fetch_materializations(key, limit=1).records
    assert records[0].storage_id > highest


def test_the_status_of_other_partitions_does_not_suffer(instance) -> None:
    keys = ["a", "b", "c"]
    asset = "status_of_others"
    instance.add_dynamic_partitions(PARTITIONS, keys)
    for partition in keys:
        tell(instance, dg.AssetKey(asset), partition)
    assert partitions_of(instance, asset, "materialized") == {"a", "b", "c"}
    instance.event_log_storage.wipe_partitions(["c"])
    assert partitions_of(instance, asset, "materialized") == {"a", "b"}
    tell(instance, dg.AssetKey(asset), "c")
    assert partitions_of(instance, asset, "materialized") == {"a", "b", "c"}
    instance.event_log_storage.wipe_partitions(["a"])
    instance.delete_dynamic_partition(PARTITIONS, "a")
    assert partitions_of(instance, asset, "materialized") == {"b", "c"}


def test_events_are_counted_by_partition(instance, key) -> None:
    tell(instance, key, "counted")
    tell(instance, key, "counted-too")
    count = instance.event_log_storage.count_partitions
    assert count(["counted", "not-there"]) == {"counted": 2}
    instance.event_log_storage.wipe_partitions(["counted"])
    assert count(["counted", "counted-too"]) == {"counted-too": 2}


def test_many_partitions_are_wiped_in_one_call(instance, key) -> None:
    write(instance, key, *(f"p{n}" for n in range(40)))
    instance.event_log_storage.wipe_partitions([f"p{n}" for n in range(2000)])
    assert instance.get_materialized_partitions(key) == set()


def test_wiping_what_is_not_there_changes_nothing(instance, settings) -> None:
    before = instance.event_log_storage.get_maximum_record_id()
    assert instance.event_log_storage.wipe_partitions(["never-seen"])
    assert instance.event_log_storage.wipe_partitions([])
    assert instance.event_log_storage.get_maximum_record_id() == before
