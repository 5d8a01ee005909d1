"""The event log on Postgres: what Dagster's own stores, and the events of partitions removable."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import dagster as dg
import psycopg2
import pytest
from dagster_postgres import PostgresEventLogStorage

from sparknet_assets import postgres_log, postgres_wipe
from sparknet_assets.instance import open_instance
from sparknet_assets.partitions import PARTITIONS, count_events, wipe_events
from sparknet_assets.postgres_log import PostgresEventLog
from sparknet_assets.runs.events import report_runless
from tests.doubles.postgres_server import PASSWORD, Database
from tests.graph.fakes import partitions_of

SECRET = "the quick brown fox"
KEY = dg.AssetKey("chunks")


def tell(instance: dg.DagsterInstance, partition: str, secret: str = "", key=KEY) -> None:
    for kind in (dg.AssetMaterialization, dg.AssetObservation):
        instance.report_runless_asset_event(
            kind(
                key,
                partition=partition,
                metadata={"preview": dg.MetadataValue.md(f"{partition} {secret}" * 300)},
                tags={"dagster/data_version": f"v-{partition}"},
            )
        )


def rows_with(database: Database, text: str) -> list[str]:
    """Tables with a row that holds the text."""
    names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    count = "SELECT count(*) FROM {} AS each WHERE each::text LIKE '%{}%'"
    return [str(n) for (n,) in names if database.execute(count.format(n, text))[0][0]]


def versions(instance: dg.DagsterInstance, *partitions: str) -> dict[str, str]:
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        KEY, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"], partitions
    )
    return {partition: found["dagster/data_version"] for partition, found in tags.items()}


@pytest.fixture(params=["ours", "stock"])
def any_instance(request, settings, database) -> Iterator[dg.DagsterInstance]:
    """With our event log, and with Dagster's own on Postgres."""
    with open_instance(settings) as instance:
        if request.param == "stock":
            storage = PostgresEventLogStorage(database.url())
            storage.register_instance(instance)
            instance._event_storage = storage
        yield instance


def test_the_instance_has_ours(instance) -> None:
    assert isinstance(instance.event_log_storage, PostgresEventLog)
    with dg.DagsterInstance.from_ref(instance.get_ref()) as of_another_process:
        assert isinstance(of_another_process.event_log_storage, PostgresEventLog)


def test_stock_dagster_reads_the_tables(instance, database) -> None:
    tell(instance, "a")
    tell(instance, "b")
    stock = PostgresEventLogStorage(database.url())
    assert stock.get_materialized_partitions(KEY) == {"a", "b"}
    assert stock.has_asset_key(KEY)


def test_wiped_partitions_leave_no_row(any_instance, database) -> None:
    for partition in ("b", "a-b", "a"):
        tell(any_instance, partition, SECRET if partition == "a" else "fine")
    assert set(rows_with(database, SECRET)) == {"event_logs", "asset_keys"}
    assert count_events(any_instance, ["a", "b", "c"]) == {"a": 2, "b": 2}
    assert wipe_events(any_instance, ["a"])
    assert rows_with(database, SECRET) == []
    assert count_events(any_instance, ["a", "b"]) == {"b": 2}
    assert any_instance.get_materialized_partitions(KEY) == {"a-b", "b"}
    assert versions(any_instance, "a", "a-b", "b") == {"a-b": "v-a-b", "b": "v-b"}
    (record,) = any_instance.get_asset_records([KEY])
    assert record.asset_entry.last_materialization.asset_materialization.partition == "a-b"


def test_only_the_asset_that_was_named_is_wiped(instance) -> None:
    other = dg.AssetKey("embeddings")
    tell(instance, "a")
    tell(instance, "a", key=other)
    instance.wipe_asset_partitions(KEY, ["a"])
    assert instance.get_materialized_partitions(KEY) == set()
    assert instance.get_materialized_partitions(other) == {"a"}


def test_checks_of_the_partition_go_as_well(instance, database) -> None:
    for partition in ("a", "b"):
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=KEY, check_name="clean", passed=True, partition=partition,
                metadata={"said": SECRET},
            )
        )  # fmt: skip
        tell(instance, partition)
    assert instance.event_log_storage.wipe_partitions(["a"])
    left = database.execute("SELECT partition FROM asset_check_executions")
    assert left == [("b",)]
    assert count_events(instance, ["a"]) == {}


def test_the_status_of_other_partitions_does_not_suffer(instance) -> None:
    keys = ["a", "b", "c"]
    instance.add_dynamic_partitions(PARTITIONS, keys)
    for partition in keys:
        tell(instance, partition)
    assert partitions_of(instance, "chunks", "materialized") == {"a", "b", "c"}
    assert instance.event_log_storage.wipe_partitions(["c"])
    assert partitions_of(instance, "chunks", "materialized") == {"a", "b"}
    tell(instance, "c")
    assert partitions_of(instance, "chunks", "materialized") == {"a", "b", "c"}


def test_no_dead_row_is_left(instance, database) -> None:
    tell(instance, "a", SECRET)
    tell(instance, "b")
    assert instance.event_log_storage.wipe_partitions(["a"])
    tables = ", ".join(f"'{name}'" for name in postgres_wipe.TABLES)
    dead = f"SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname IN ({tables})"
    assert database.execute(dead) == [(0,)]


def test_a_transaction_that_may_see_the_rows_makes_it_incomplete(
    instance, database, monkeypatch
) -> None:
    monkeypatch.setattr(postgres_wipe, "SNAPSHOT_SECONDS", 0.2)
    tell(instance, "a", SECRET)
    reader = psycopg2.connect(database.url("postgresql"))
    reader.set_session(isolation_level="REPEATABLE READ")
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event_logs")
        assert instance.event_log_storage.wipe_partitions(["a"]) is False
        cursor.execute("SELECT event FROM event_logs WHERE partition = 'a'")
        assert SECRET in cursor.fetchall()[0][0]
    reader.close()
    assert count_events(instance, ["a"]) == {}
    assert instance.event_log_storage.wipe_partitions(["a"]) is True


def test_who_does_not_own_the_tables_can_wipe_but_not_vacuum(instance, database) -> None:
    tell(instance, "a")
    guest = f"guest_{database.name}"
    database.execute(f"CREATE ROLE {guest} LOGIN PASSWORD '{PASSWORD}'")
    database.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {guest}")
    database.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {guest}")
    log = PostgresEventLog(database.url(user=guest), should_autocreate_tables=False)
    try:
        assert log.wipe_partitions(["a"]) is False
        assert log.count_partitions(["a"]) == {}
    finally:
        log.dispose()


def test_wiping_what_is_not_there_changes_nothing(instance) -> None:
    before = instance.event_log_storage.get_maximum_record_id()
    assert instance.event_log_storage.wipe_partitions(["never-seen"])
    assert instance.event_log_storage.wipe_partitions([])
    assert instance.event_log_storage.get_maximum_record_id() == before


def test_many_at_once_write_and_wipe(instance, settings) -> None:
    """Two that wipe would each wait for the other, if they took the rows in any order."""
    assets = [dg.AssetKey(name) for name in ("chunks", "ocr_text", "embeddings")]
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with open_instance(settings) as mine:
                for number in range(6):
                    for asset in assets:
                        tell(mine, f"{name}{number}", key=asset)
                    mine.event_log_storage.wipe_partitions([f"{name}{number}"])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert instance.get_materialized_partitions(KEY) == set()


def test_a_process_keeps_two_connections_and_survives_their_loss(
    instance, database, monkeypatch
) -> None:
    monkeypatch.setattr(postgres_log, "ASK_AFTER_SECONDS", 0.0)
    for partition in ("a", "b", "c"):
        tell(instance, partition)
    mine = f"datname = '{database.name}' AND pid <> pg_backend_pid()"
    assert database.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {mine}") == [(2,)]
    database.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")
    tell(instance, "d")
    assert instance.get_materialized_partitions(KEY) == {"a", "b", "c", "d"}


def test_the_web_server_gets_dagsters_own_engine(instance) -> None:
    instance.optimize_for_webserver(statement_timeout=5000, pool_recycle=60, max_overflow=5)
    tell(instance, "a")
    assert instance.get_materialized_partitions(KEY) == {"a"}


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_the_driver_is_psycopg2(database, scheme) -> None:
    """SQLAlchemy 2.1 takes psycopg 3 for a URL without a driver; it is held below that."""
    log = PostgresEventLog(database.url(scheme))
    try:
        assert log._engine.dialect.driver == "psycopg2"
        assert log.get_maximum_record_id() is None or log.get_maximum_record_id() >= 0
    finally:
        log.dispose()


def told_together(instance: dg.DagsterInstance, *partitions: str) -> None:
    report_runless(
        instance,
        [
            dg.AssetMaterialization(
                KEY, partition=partition, tags={"dagster/data_version": f"v-{partition}"}
            )
            for partition in partitions
        ],
    )


def test_events_stored_together_are_those_that_each_would_be_alone(instance, database) -> None:
    told_together(instance, "c", "a", "b")
    tell(instance, "d")
    stock = PostgresEventLogStorage(database.url())
    assert stock.get_materialized_partitions(KEY) == {"a", "b", "c", "d"}
    assert versions(instance, "a", "b", "c") == {"a": "v-a", "b": "v-b", "c": "v-c"}
    fetched = instance.fetch_materializations(KEY, limit=9, ascending=True).records
    assert [each.partition_key for each in fetched] == ["c", "a", "b", "d"]
    told_together(instance, "e", "f")
    [record] = instance.get_asset_records([KEY])
    assert record.asset_entry.last_materialization.asset_materialization.partition == "f"
    assert count_events(instance, ["a", "f"]) == {"a": 1, "f": 1}


def test_no_event_becomes_visible_after_one_with_a_higher_id(
    instance, settings, database, monkeypatch
) -> None:
    """Readers go on from the highest id that they saw: they would never see it."""
    waiting = threading.Event()
    add_rows = postgres_log.add_rows

    def slowly(connection, rows):
        ids = add_rows(connection, rows)
        if threading.current_thread().name == "first":
            waiting.set()
            blocked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            deadline = time.monotonic() + 60
            while database.execute(blocked) == [(0,)] and time.monotonic() < deadline:
                time.sleep(0.01)
        return ids

    monkeypatch.setattr(postgres_log, "add_rows", slowly)
    first = threading.Thread(target=told_together, args=(instance, "a", "b"), name="first")
    first.start()
    assert waiting.wait(60)
    told_together(instance, "c")
    seen = instance.fetch_materializations(KEY, limit=9, ascending=True).records
    first.join()
    assert [each.partition_key for each in seen] == ["a", "b", "c"]


def test_what_a_crash_took_back_of_many_is_stored_again(instance, database) -> None:
    told_together(instance, "a", "b", "c")
    database.execute("DELETE FROM event_logs WHERE partition <> 'b'")
    instance.event_log_storage._was_away = True
    told_together(instance, "d")
    assert instance.get_materialized_partitions(KEY) == {"a", "b", "c", "d"}
