"""What every StorageAdapter must do. A new adapter is added to the `storage` fixture."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.failure import SparknetError
from resources.storage import InvalidKeyError, ObjectNotFoundError, StorageAdapter
from resources.storage.local import LocalStorageAdapter
from tests.doubles import processes
from tests.doubles.buckets import new_bucket
from tests.doubles.rgw import KMS_KEY

ADAPTERS = ["local", "s3", "s3-versioned", "rgw", "rgw-versioned"]


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> str:
    """Which adapter the storages of a test are."""
    return str(request.param)


@pytest.fixture
def new_storage(
    request: pytest.FixtureRequest, tmp_path: Path, adapter: str
) -> Callable[[], StorageAdapter]:
    """Makes an empty storage at each call."""
    numbers = itertools.count()
    if adapter == "local":
        return lambda: LocalStorageAdapter(tmp_path / f"storage-{next(numbers)}")
    server, _, versioned = adapter.partition("-")
    if server == "rgw":
        request.getfixturevalue("rgw")
        return lambda: new_bucket(versioned=bool(versioned), kms_key=KMS_KEY)
    request.getfixturevalue("moto")
    return lambda: new_bucket(versioned=bool(versioned))


@pytest.fixture
def storage(new_storage: Callable[[], StorageAdapter]) -> StorageAdapter:
    return new_storage()


names = st.text(
    st.one_of(
        st.sampled_from("ab-. +%,!0"),
        st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=6,
).filter(lambda name: name not in {".", ".."} and not name.startswith(".~"))
keys = st.lists(names, min_size=1, max_size=4).map("/".join)


def without_clashes(objects: dict[str, bytes]) -> dict[str, bytes]:
    """Drops keys that would be both a file and a folder, which S3 allows and file systems don't."""
    return {
        key: data
        for key, data in objects.items()
        if not any(other.startswith(key + "/") for other in objects)
    }


def test_many_are_deleted_together_and_others_stay(storage: StorageAdapter) -> None:
    for number in range(40):
        storage.put(f"a/{number}", b"x")
    storage.put("b/0", b"kept")
    assert storage.delete_many([f"a/{number}" for number in range(50)]) == 40
    assert [info.key for info in storage.list()] == ["b/0"]
    assert storage.delete_many([]) == 0


def test_put_then_get_stat_open_and_as_file(storage: StorageAdapter) -> None:
    info = storage.put("raw/a/b.bin", b"hello")
    assert (info.key, info.size) == ("raw/a/b.bin", 5)
    assert storage.stat("raw/a/b.bin") == info
    assert storage.get("raw/a/b.bin") == b"hello"
    with storage.open("raw/a/b.bin") as file:
        assert file.read(2) == b"he"
    with storage.as_file("raw/a/b.bin") as path:
        assert path.read_bytes() == b"hello"


def test_what_is_absent(storage: StorageAdapter) -> None:
    storage.put("a/b", b"")
    for key in ("nothing", "a", "a/b/c", "a/c"):
        assert storage.stat(key) is None
        assert not storage.delete(key)
        with pytest.raises(ObjectNotFoundError):
            storage.get(key)
        with pytest.raises(ObjectNotFoundError):
            storage.open(key)
        with pytest.raises(ObjectNotFoundError), storage.as_file(key):
            pass
    assert list(storage.list("nothing/")) == []
    assert storage.get("a/b") == b""


def test_a_part_is_read_without_the_rest(storage: StorageAdapter) -> None:
    storage.put("a", b"0123456789")
    asked = [(0, 3), (4, 2), (8, 100), (10, 5), (99, 1), (3, 0)]
    parts = [storage.get_range("a", start, size) for start, size in asked]
    assert parts == [b"012", b"45", b"89", b"", b"", b""]
    storage.put("empty", b"")
    assert storage.get_range("empty", 0, 10) == b""
    with pytest.raises(ObjectNotFoundError):
        storage.get_range("none", 0, 1)


def test_a_new_version_has_a_new_mark(storage: StorageAdapter) -> None:
    marks = {storage.put("key", data).version for data in (b"one", b"two", b"six")}
    assert len(marks) == 3
    assert storage.stat("key") == next(storage.list())


def test_put_file_copies(storage: StorageAdapter, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    storage.put_file("copy", source)
    assert storage.get("copy") == source.read_bytes()


def test_writer_commits_on_a_clean_exit_only(storage: StorageAdapter) -> None:
    storage.put("key", b"old")
    with pytest.raises(ZeroDivisionError), storage.writer("key") as file:
        file.write(b"half of the n")
        raise ZeroDivisionError
    assert storage.get("key") == b"old"
    with storage.writer("key") as file:
        file.write(b"ne")
        file.write(b"w")
        assert storage.get("key") == b"old"
        assert [info.key for info in storage.list()] == ["key"]
    assert storage.get("key") == b"new"
    assert [info.key for info in storage.list()] == ["key"]


def test_an_open_stream_keeps_its_version(storage: StorageAdapter) -> None:
    storage.put("key", b"old")
    with storage.open("key") as file:
        storage.put("key", b"new")
        storage.delete("key")
        assert file.read() == b"old"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/./b",
        "a\0b",
        "a\\..\\b",
        "x" * 256,
        "é" * 128,
        "\ud800",
        "/".join(["abc"] * 300),
    ],
)
def test_invalid_keys_are_refused(storage: StorageAdapter, key: str) -> None:
    for action in (
        lambda: storage.put(key, b"data"),
        lambda: storage.get(key),
        lambda: storage.open(key),
        lambda: storage.stat(key),
        lambda: storage.delete(key),
    ):
        with pytest.raises(InvalidKeyError):
            action()
    assert list(storage.list()) == []


@pytest.mark.parametrize("prefix", ["/", "../", "a/../b", "a//", "\0"])
def test_invalid_prefixes_are_refused(storage: StorageAdapter, prefix: str) -> None:
    with pytest.raises(InvalidKeyError):
        list(storage.list(prefix))


@pytest.mark.parametrize(
    "key",
    [
        "a b/c+d%20,e.pdf",
        "ünïcode/文書.pdf",
        ".hidden",
        "-r",
        "~",
        "a:b",
        "x" * 255,
        "é" * 127,
        "con",
        "...",
        "a\nb",
        "*?[a]",
    ],
)
def test_awkward_keys_are_fine(storage: StorageAdapter, key: str) -> None:
    storage.put(key, b"data")
    assert storage.get(key) == b"data"
    assert [info.key for info in storage.list()] == [key]
    assert [info.key for info in storage.list(key)] == [key]
    assert storage.delete(key)
    assert list(storage.list()) == []


def test_listing_is_lazy_and_may_be_cut_short(storage: StorageAdapter) -> None:
    for number in range(30):
        storage.put(f"raw/{number:02}/file", b"")
    listed = [info.key for info in storage.list("raw/", start_after="raw/07/file", limit=3)]
    assert listed == ["raw/08/file", "raw/09/file", "raw/10/file"]
    assert list(storage.list(limit=0)) == []
    listing = storage.list()
    assert next(listing).key == "raw/00/file"
    storage.delete("raw/01/file")
    kept = [info.key for info in listing]
    assert ("raw/01/file" in kept) <= (storage.page_keys > 1)
    assert kept[-28:] == [f"raw/{number:02}/file" for number in range(2, 30)]


def test_behaves_like_a_sorted_mapping(
    new_storage: Callable[[], StorageAdapter], adapter: str
) -> None:
    # An example is some 30 calls of S3.
    @given(
        objects=st.dictionaries(keys, st.binary(max_size=8), max_size=12).map(without_clashes),
        prefix=st.one_of(st.just(""), keys, keys.map(lambda k: k + "/"), st.sampled_from("ab")),
        start_after=st.one_of(st.just(""), keys, st.sampled_from("ab")),
        limit=st.one_of(st.none(), st.integers(0, 5)),
        data=st.data(),
    )
    @hypothesis_settings(max_examples=40 if adapter == "local" else 12, deadline=None)
    def check(**drawn: Any) -> None:
        _lists_as_a_sorted_mapping(new_storage(), adapter, **drawn)

    check()


def _lists_as_a_sorted_mapping(
    storage: StorageAdapter,
    adapter: str,
    objects: dict[str, bytes],
    prefix: str,
    start_after: str,
    limit: int | None,
    data: st.DataObject,
) -> None:
    if adapter.startswith("s3"):
        # moto answers 500 to keys that its XML can't carry.
        few = list(objects.items())[:4]
        objects = {key: content for key, content in few if key.isprintable()}
        prefix, start_after = (t if t.isprintable() else "" for t in (prefix, start_after))
    for key, content in objects.items():
        storage.put(key, content)
    if objects:
        prefix = data.draw(st.sampled_from([prefix, *(k[:3] for k in objects)]))
        start_after = data.draw(st.sampled_from([start_after, *objects]))
    if prefix.startswith("/") or "//" in prefix or prefix.rstrip("/") in {".", ".."}:
        prefix = ""
    by_bytes = sorted(objects, key=str.encode)
    wanted = [k for k in by_bytes if k.startswith(prefix) and k.encode() > start_after.encode()]
    listed = [i.key for i in storage.list(prefix, start_after=start_after, limit=limit)]
    assert listed == wanted[:limit]
    for key, content in objects.items():
        assert storage.get(key) == content
        assert storage.delete(key)
        assert storage.stat(key) is None
    assert list(storage.list()) == []


def test_readers_never_see_a_mixture(storage: StorageAdapter) -> None:
    storage.put("key", b"0" * 300_000)
    stop = threading.Event()

    def write() -> None:
        for digit in itertools.cycle(b"123456789"):
            storage.put("key", bytes([digit]) * 300_000)
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [storage.get("key") for _ in range(40)]
    finally:
        stop.set()
        writer.join()
    assert all(len(data) == 300_000 and len(set(data)) == 1 for data in seen)


def _put_and_delete(storage: StorageAdapter, worker: int) -> None:
    for number in range(40 if isinstance(storage, LocalStorageAdapter) else 10):
        storage.put(f"shared/folder/{worker}-{number}", b"data")
        assert storage.delete(f"shared/folder/{worker}-{number}")


def test_processes_share_folders_that_come_and_go(storage: StorageAdapter) -> None:
    workers = [processes.process(_put_and_delete, storage, n) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert list(storage.list()) == []


# The rest is about files, and holds for the local adapter alone.


@pytest.fixture
def local(tmp_path: Path) -> LocalStorageAdapter:
    return LocalStorageAdapter(tmp_path / "base")


def test_links_that_lead_outside_are_refused_and_not_listed(
    local: LocalStorageAdapter, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    local.put("inside/file", b"data")
    base = tmp_path / "base"
    (base / "file").symlink_to(tmp_path / "secret")
    (base / "folder").symlink_to(tmp_path)
    (base / "loop").symlink_to(base)
    (base / "itself").symlink_to(base / "itself")
    (base / "nowhere").symlink_to(base / "nothing")
    (base / "alias").symlink_to(base / "inside" / "file")
    for key in ("file", "folder/secret"):
        with pytest.raises(InvalidKeyError):
            local.get(key)
        with pytest.raises(InvalidKeyError):
            local.put(key, b"overwritten")
        with pytest.raises(InvalidKeyError):
            local.delete(key)
    assert local.get("alias") == b"data"
    assert [info.key for info in local.list()] == ["alias", "inside/file"]
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_empty_folders_go_with_their_last_object(
    local: LocalStorageAdapter, tmp_path: Path
) -> None:
    local.put("a/b/c/one", b"")
    local.put("a/two", b"")
    local.delete("a/b/c/one")
    assert sorted(p.name for p in (tmp_path / "base" / "a").iterdir()) == ["two"]
    local.delete("a/two")
    assert list((tmp_path / "base").iterdir()) == []


def test_the_folder_of_originals_stays_when_the_last_one_goes(local: LocalStorageAdapter) -> None:
    local.put("raw/doc/file", b"")
    local.delete("raw/doc/file")
    assert local.has_folder("raw/")
    assert not local.has_folder("raw/doc/")


def test_a_key_below_an_object_is_refused(local: LocalStorageAdapter) -> None:
    local.put("a/b", b"")
    with pytest.raises(InvalidKeyError, match="already"):
        local.put("a/b/c", b"")
    with pytest.raises(InvalidKeyError, match="below"):
        local.put("a", b"")
    assert [info.key for info in local.list()] == ["a/b"]


def test_names_that_are_no_keys_are_left_out(local: LocalStorageAdapter, tmp_path: Path) -> None:
    local.put("raw/doc/file", b"")
    folder = os.fsencode(tmp_path / "base" / "raw" / "doc")
    for name in (b"not-utf8-\xff", b"back\\slash"):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"")
    Path(os.fsdecode(folder + b"/folder-\xff")).mkdir()
    Path(os.fsdecode(folder + b"/folder-\xff/file")).write_bytes(b"")
    os.mkfifo(tmp_path / "base" / "raw" / "doc" / "pipe")
    assert [info.key for info in local.list()] == ["raw/doc/file"]
    with pytest.raises(InvalidKeyError):
        local.get("raw/doc/back\\slash")


def test_a_pipe_is_no_object_and_is_not_waited_for(
    local: LocalStorageAdapter, tmp_path: Path
) -> None:
    local.put("raw/doc/a", b"1")
    os.mkfifo(tmp_path / "base" / "raw" / "doc" / "pipe")
    assert local.stat("raw/doc/pipe") is None
    with pytest.raises(ObjectNotFoundError):
        local.get("raw/doc/pipe")


def test_a_folder_that_cant_be_read_never_looks_empty(
    local: LocalStorageAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.put("raw/a/file", b"")
    local.put("raw/b/file", b"")
    closed = str(tmp_path / "base" / "raw" / "a")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)  # not chmod: root may read anything
    with pytest.raises(SparknetError, match="can't be listed"):
        list(local.list("raw/a/"))
    assert [info.key for info in local.list("raw/")] == ["raw/b/file"]
    closed = str(tmp_path / "base" / "raw")
    with pytest.raises(SparknetError, match="can't be listed"):
        list(local.list("raw/"))


def test_the_folder_of_originals_stays_when_it_is_empty(
    local: LocalStorageAdapter, tmp_path: Path
) -> None:
    local.put("raw/a/b/file", b"")
    local.delete("raw/a/b/file")
    assert list((tmp_path / "base").rglob("*")) == [tmp_path / "base" / "raw"]
    assert local.has_folder("raw/")


def test_a_missing_folder_is_told_from_an_empty_one(
    local: LocalStorageAdapter, tmp_path: Path
) -> None:
    assert not local.has_folder("raw/")
    (tmp_path / "base" / "raw").mkdir(parents=True)
    assert local.has_folder("raw/")


def test_a_killed_write_leaves_the_old_object_and_is_cleaned_up_later(
    local: LocalStorageAdapter, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    local.put("a/key", b"old")
    code = (
        "import os, signal; from resources.storage.local import LocalStorageAdapter\n"
        f"with LocalStorageAdapter({str(base)!r}).writer('a/key') as f:\n"
        "    f.write(b'new'); f.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=Path.cwd(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert local.get("a/key") == b"old"
    (left_over,) = (p for p in (base / "a").iterdir() if p.name != "key")
    assert [info.key for info in local.list()] == ["a/key"]
    assert left_over.exists(), "it could belong to a writer that is still at work"
    two_days_ago = time.time() - 2 * 86400
    os.utime(left_over, (two_days_ago, two_days_ago))
    assert [info.key for info in local.list()] == ["a/key"]
    assert not left_over.exists()


def test_a_full_disk_is_said_so(
    local: LocalStorageAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SparknetError, match="No space left to write raw/a") as caught:
        local.put("raw/a", b"data")
    assert caught.value.retryable
    monkeypatch.undo()
    assert list(local.list()) == []
