"""The event log stores what Dagster's own stores, in the same files."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from resources.settings import Settings
from sparknet_assets import event_log
from sparknet_assets.event_log import EventLog
from sparknet_assets.instance import dagster_home, open_instance


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
