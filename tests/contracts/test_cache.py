"""What every Cache must do. A new adapter is added to the `new_cache` fixture."""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.cache import Cache
from resources.cache import sqlite as sqlite_cache
from resources.cache.buckets import SQLiteBuckets
from resources.cache.redis import RedisCache
from resources.cache.sqlite import SQLiteCache
from resources.failure import SparknetError
from tests.doubles import processes
from tests.doubles.redis_server import redis_server


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a real server, for all tests here."""
    with redis_server(tmp_path_factory.mktemp("redis")) as (port, _):
        yield port


@pytest.fixture(params=["sqlite", "redis"])
def new_cache(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Cache]:
    """Makes an empty cache at each call."""
    if request.param == "sqlite":
        numbers = itertools.count()
        return lambda: SQLiteCache(tmp_path / str(next(numbers)) / "cache.db")
    url = f"redis://127.0.0.1:{request.getfixturevalue('redis_port')}/0"
    return lambda: RedisCache(url, uuid.uuid4().hex)


@pytest.fixture
def cache(new_cache: Callable[[], Cache]) -> Cache:
    return new_cache()


def test_namespaces_are_apart(cache: Cache) -> None:
    cache.put_many("pages", {"a": b"1", "b": b""})
    cache.put_many("vectors", {"a": b"\0" * 2_000_000})
    assert cache.get_many("pages", ["a", "b", "c", "a"]) == {"a": b"1", "b": b""}
    assert cache.get_many("vectors", ["a", "b"]) == {"a": b"\0" * 2_000_000}
    assert cache.get_many("other", ["a"]) == {}
    assert cache.delete_many("pages", ["a", "c", "a"]) == 1
    assert cache.get_many("pages", ["a", "b"]) == {"b": b""}


def test_thousands_of_keys(cache: Cache) -> None:
    entries = {str(n): b"%d" % n for n in range(3000)}
    cache.put_many("n", entries)
    assert cache.get_many("n", entries) == entries
    assert cache.get_many("n", (str(n) for n in range(2990, 4000))).keys() == {
        str(n) for n in range(2990, 3000)
    }
    assert cache.delete_many("n", iter(entries)) == 3000
    assert cache.get_many("n", entries) == {}


def test_a_bucket_holds_a_burst_and_fills_again(cache: Cache) -> None:
    began = time.monotonic()
    taken = [cache.take("b", 1, 0.05, 3) for _ in range(4)]
    assert taken[:3] == [0.0, 0.0, 0.0]
    assert cache.take("other", 3, 0.05, 3) == 0.0
    short = cache.take("other", 2, 0.05, 3)
    passed = time.monotonic() - began + 0.1  # which the buckets have filled for, by their clocks
    assert taken[3] == pytest.approx(20.0 - passed / 2, abs=passed / 2)
    assert short == pytest.approx(40.0 - passed / 2, abs=passed / 2)
    assert cache.take("quick", 2, 50.0, 2) == 0.0
    time.sleep(0.06)
    assert cache.take("quick", 2, 50.0, 2) == 0.0
    assert cache.forget("b") == cache.delete_many("b", ["b"]) == 0


def _take(cache: Cache, results: Any) -> None:
    results.put(sum(cache.take("b", 1, 0.001, 50) == 0.0 for _ in range(40)))


def test_processes_share_a_bucket(cache: Cache) -> None:
    assert cache.take("b", 1, 0.001, 50) == 0.0
    results = processes.context().Queue()
    workers = [processes.process(_take, cache, results) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert sum(results.get(timeout=60) for _ in workers) == 49
    for worker in workers:
        worker.join()


def test_nothing_asked(cache: Cache) -> None:
    cache.put_many("n", {})
    assert cache.get_many("n", []) == {}
    assert cache.delete_many("n", []) == 0


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["n", "m"]),
            st.dictionaries(st.text("ab'%é", max_size=2), st.binary(max_size=4), max_size=4),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_behaves_like_mappings(
    new_cache: Callable[[], Cache], steps: list[tuple[str, dict[str, bytes], bool]]
) -> None:
    cache = new_cache()
    model: dict[str, dict[str, bytes]] = {"n": {}, "m": {}}
    for namespace, entries, delete in steps:
        if delete:
            there = [k for k in entries if k in model[namespace]]
            assert cache.delete_many(namespace, entries) == len(there)
            for key in there:
                del model[namespace][key]
        else:
            cache.put_many(namespace, entries)
            model[namespace].update(entries)
    for namespace, known in model.items():
        assert cache.get_many(namespace, [*known, "unknown"]) == known


def test_an_entry_goes_with_its_last_user(cache: Cache) -> None:
    cache.use("n", {"one": ["mine", "shared"], "two": ["shared"]})
    cache.put_many("n", {"mine": b"1", "shared": b"2", "nobodys": b"3"})
    cache.use("n", {"one": ["mine"]})
    assert (cache.used("one"), cache.used("two"), cache.used("three")) == (2, 1, 0)
    assert cache.forget("one") == 1
    assert cache.get_many("n", ["mine", "shared", "nobodys"]) == {"shared": b"2", "nobodys": b"3"}
    assert (cache.used("one"), cache.used("two")) == (0, 1)
    assert cache.forget("one") == 0
    assert cache.forget("two") == 1
    assert cache.get_many("n", ["shared", "nobodys"]) == {"nobodys": b"3"}


_NAMES = st.sampled_from(["a", "a-b", "b"])
_KEYS = st.sets(st.sampled_from("xyz"), max_size=3)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("use"), st.sampled_from("nm"), _NAMES, _KEYS),
            st.tuples(st.just("put"), st.sampled_from("nm"), st.just(""), _KEYS),
            st.tuples(st.just("forget"), st.just(""), _NAMES, st.just(set())),
        ),
        max_size=12,
    )
)
def test_shared_entries_outlive_all_but_their_last_user(
    new_cache: Callable[[], Cache], steps: list[tuple[str, str, str, set[str]]]
) -> None:
    cache = new_cache()
    stored: set[tuple[str, str]] = set()
    users: dict[str, set[tuple[str, str]]] = {"a": set(), "a-b": set(), "b": set()}
    for action, namespace, user, keys in steps:
        pairs = {(namespace, key) for key in keys}
        if action == "use":
            cache.use(namespace, {user: keys})
            users[user] |= pairs
        elif action == "put":
            cache.put_many(namespace, dict.fromkeys(keys, b"v"))
            stored |= pairs
        else:
            others = set().union(*(used for name, used in users.items() if name != user))
            doomed = (users[user] - others) & stored
            assert cache.forget(user) == len(doomed)
            stored -= doomed
            users[user] = set()
        assert {name: cache.used(name) for name in users} == {n: len(u) for n, u in users.items()}
    for namespace in "nm":
        found = cache.get_many(namespace, "xyz")
        assert {(namespace, key) for key in found} == {p for p in stored if p[0] == namespace}


def _put(cache: Cache, worker: int) -> None:
    for n in range(50):
        cache.put_many("n", {f"{worker}-{n}-{m}": b"x" * 1000 for m in range(10)})
        assert len(cache.get_many("n", [f"{worker}-{n}-{m}" for m in range(10)])) == 10


def test_processes_write_at_once(cache: Cache) -> None:
    workers = [processes.process(_put, cache, n) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [w.exitcode for w in workers] == [0, 0, 0]
    keys = [f"{w}-{n}-{m}" for w in range(3) for n in range(50) for m in range(10)]
    assert len(cache.get_many("n", keys)) == 1500


def test_it_travels_to_other_processes(cache: Cache) -> None:
    cache.put_many("n", {"a": b"1"})
    assert pickle.loads(pickle.dumps(cache)).get_many("n", ["a"]) == {"a": b"1"}
    child = multiprocessing.get_context("fork").Process(
        target=cache.put_many, args=("n", {"b": b"2"})
    )
    child.start()
    child.join(30)
    assert cache.get_many("n", ["a", "b"]) == {"a": b"1", "b": b"2"}


# The rest is about the SQLite file.


@pytest.mark.parametrize("damage", [b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(damage)
    cache = SQLiteCache(path)
    assert cache.get_many("n", ["a"]) == {}
    cache.put_many("n", {"a": b"1"})
    assert cache.get_many("n", ["a"]) == {"a": b"1"}
    (aside,) = tmp_path.glob("cache.db.damaged-*")
    assert aside.read_bytes() == damage
    assert "damaged" in caplog.text


def test_damage_under_an_open_connection(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    writer = SQLiteCache(path)
    writer.put_many("n", {str(n): b"x" * 500 for n in range(2000)})
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    cache, other = SQLiteCache(path), SQLiteCache(path)
    for user in (cache, other, writer):
        user.get_many("n", [str(n) for n in range(2000)])
        user.put_many("n", {"new": b"1"})
    assert SQLiteCache(path).get_many("n", ["new"]) == {"new": b"1"}


def test_a_locked_file_is_a_miss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.db"
    cache = SQLiteCache(path)
    cache.put_many("n", {"a": b"1"})
    cache._database.connection.execute("PRAGMA busy_timeout=10")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    cache.put_many("n", {"b": b"2"})
    assert "not used this time" in caplog.text
    assert cache.delete_many("n", ["a"]) == 0
    assert cache.get_many("n", ["a", "b"]) == {"a": b"1"}
    blocker.close()


def test_a_folder_that_cannot_be_made_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = SQLiteCache(tmp_path / "file" / "cache.db")
    cache.put_many("n", {"a": b"1"})
    assert cache.get_many("n", ["a"]) == {}
    assert cache.delete_many("n", ["a"]) == 0


def test_a_full_disk_is_a_miss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = SQLiteCache(tmp_path / "cache.db")
    cache.put_many("n", {"a": b"1"})
    cache._database.connection.execute("PRAGMA max_page_count=20")
    cache.put_many("n", {"b": b"x" * 1_000_000})
    assert "full" in caplog.text
    assert cache.get_many("n", ["a", "b"]) == {"a": b"1"}
    cache.put_many("n", {"c": b"3"})
    assert cache.get_many("n", ["c"]) == {"c": b"3"}


def _files_with(folder: Path, text: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if text in path.read_bytes()]


def test_what_was_forgotten_is_in_no_file(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.db")
    secret = b"correct horse battery staple"
    cache.use("n", {"doc": ["a", "b"]})
    cache.put_many("n", {"a": secret, "b": secret * 1000, "c": b"other"})
    assert _files_with(tmp_path, secret)
    assert cache.forget("doc") == 2
    assert cache.scrub()
    assert _files_with(tmp_path, secret) == []
    assert cache.get_many("n", ["a", "b", "c"]) == {"c": b"other"}


def test_scrubbing_says_when_a_reader_is_in_its_way(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.db")
    cache.use("n", {"doc": ["a"]})
    cache.put_many("n", {"a": b"secret"})
    reader = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM entries").fetchall()
    cache.forget("doc")
    cache._database.connection.execute("PRAGMA busy_timeout=10")
    assert not cache.scrub()
    reader.close()
    assert cache.scrub()
    assert _files_with(tmp_path, b"secret") == []


def test_files_that_were_moved_aside_are_scrubbed(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_bytes(b"torn, with a secret in it")
    cache = SQLiteCache(tmp_path / "cache.db")
    assert cache.used("doc") == 0
    assert _files_with(tmp_path, b"secret")
    assert cache.scrub()
    assert _files_with(tmp_path, b"secret") == []


def test_forgetting_never_passes_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    cache = SQLiteCache(path)
    cache.use("n", {"doc": ["a"]})
    cache._database.connection.execute("PRAGMA busy_timeout=10")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(SparknetError, match=r"cache\.db can't be written"):
        cache.forget("doc")
    blocker.close()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((SparknetError, OSError)):
        SQLiteCache(tmp_path / "file" / "cache.db").used("doc")


def test_entries_of_before_users_were_noted_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with sqlite3.connect(path) as old:
        old.execute(sqlite_cache._MIGRATIONS[0][0])
        old.execute("INSERT INTO entries VALUES ('n', 'a', 'secret')")
        old.execute("PRAGMA user_version=1")
    old.close()
    cache = SQLiteCache(path)
    assert cache.get_many("n", ["a"]) == {}
    assert cache.scrub()
    assert _files_with(tmp_path, b"secret") == []


def test_buckets_that_cannot_be_had_are_said(tmp_path: Path) -> None:
    assert RedisCache("redis://127.0.0.1:1/0", "n").take("b", 1, 1.0, 1) is None
    cache = SQLiteCache(tmp_path / "cache.db")
    assert cache.take("b", 1, 0.001, 1) == 0.0
    blocker = sqlite3.connect(tmp_path / "cache-buckets.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert cache.take("b", 1, 0.001, 1) is None
    blocker.close()
    assert cache.take("b", 1, 0.001, 1) == pytest.approx(1000, rel=0.1)


def test_full_buckets_are_swept(tmp_path: Path) -> None:
    now = [0.0]
    buckets = SQLiteBuckets(tmp_path / "b.db", clock=lambda: now[0])
    for number in range(50):
        buckets.take(str(number), 1, 1.0, 1)
    now[0] = 100.0
    buckets.take("last", 1, 1.0, 1)
    while buckets._database.connection.execute("SELECT count(*) FROM buckets").fetchone() > (1,):
        assert buckets.take("last", 1, 1.0, 1) is not None
    now[0] = 99.0  # a clock that was set back
    assert buckets.take("last", 1, 1.0, 1) == 1.0
