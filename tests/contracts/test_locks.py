"""What every Locks must do. A new adapter is added to the `locks` fixture."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.catalog import dynamodb_locks
from resources.catalog.dynamodb_locks import DynamoDBLocks
from resources.catalog.dynamodb_table import create_table
from resources.locks import FileLocks, Locks
from tests.doubles import processes


@pytest.fixture(params=["files", "dynamodb"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    """Locks that nobody holds."""
    if request.param == "files":
        return FileLocks(tmp_path)
    request.getfixturevalue("moto")
    create_table("locks", AwsClients())
    return DynamoDBLocks("locks", AwsClients())


def test_one_holder_or_any_number_of_shared_ones(locks: Locks) -> None:
    with locks.hold("a"):
        for shared in (False, True):
            with pytest.raises(TimeoutError), locks.hold("a", shared=shared, timeout=0):
                pass
        with locks.hold("b", timeout=0):
            pass
    with (
        locks.hold("a", shared=True),
        locks.hold("a", shared=True, timeout=0),
        pytest.raises(TimeoutError),
        locks.hold("a", timeout=0),
    ):
        pass
    with locks.hold("a", timeout=0):
        pass


def test_an_error_inside_gives_the_lock_up(locks: Locks) -> None:
    with pytest.raises(KeyError), locks.hold("a"):
        raise KeyError
    with locks.hold("a", timeout=0):
        pass


def test_threads_wait_for_each_other(locks: Locks) -> None:
    inside, most = 0, []

    def work() -> None:
        nonlocal inside
        for _ in range(3):
            with locks.hold("a", timeout=60):
                inside += 1
                most.append(inside)
                time.sleep(0.01)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 12


def _hold(locks: Locks, shared: bool, events: Any) -> None:
    with locks.hold("a", shared=shared):
        events.put(os.getpid())
        time.sleep(60)


@pytest.mark.parametrize("shared", [False, True])
def test_a_killed_holder_gives_way_at_once(locks: Locks, shared: bool) -> None:
    events = processes.context().Queue()
    holder = processes.process(_hold, locks, shared, events)
    holder.start()
    pid = events.get(timeout=60)
    with pytest.raises(TimeoutError), locks.hold("a", timeout=0.3):
        pass
    os.kill(pid, signal.SIGKILL)
    holder.join(30)
    # Before its mark has stood still for the 20 seconds that one of another machine is given.
    with locks.hold("a", timeout=15):
        pass


def test_they_travel_to_other_processes(locks: Locks) -> None:
    other = pickle.loads(pickle.dumps(locks))
    with (
        locks.hold("a"),
        pytest.raises(TimeoutError),
        other.hold("a", timeout=0),
    ):
        pass


# The rest is about DynamoDB.


@pytest.fixture
def far_locks(moto: object, monkeypatch: pytest.MonkeyPatch) -> list[DynamoDBLocks]:
    """Of two instances that take each other's process for one of another machine."""
    create_table("locks", AwsClients())
    monkeypatch.setattr("resources.catalog.dynamodb_locks.process_is_gone", lambda item: False)
    times = {"beat_seconds": 0.1, "lease_seconds": 1.0}
    return [DynamoDBLocks("locks", AwsClients(), **times) for _ in range(2)]


def test_a_holder_that_beats_keeps_its_lock_beyond_the_lease(
    far_locks: list[DynamoDBLocks], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that jumps a lease ahead between two beats, however long those take."""
    mine, other = far_locks
    ahead, marks, mark = [0.0], threading.Semaphore(0), dynamodb_locks._mark

    def counted() -> dict[str, Any]:
        marks.release()
        return mark()

    clock = SimpleNamespace(
        monotonic=lambda: time.monotonic() + ahead[0], time=time.time, sleep=time.sleep
    )
    monkeypatch.setattr(dynamodb_locks, "time", clock)
    monkeypatch.setattr(dynamodb_locks, "_mark", counted)
    with mine.hold("a"):
        for _ in range(3):
            with pytest.raises(TimeoutError), other.hold("a", timeout=0):
                pass
            while marks.acquire(blocking=False):
                pass
            for _ in range(2):  # the first of them is stored by the time of the second
                assert marks.acquire(timeout=60)
            ahead[0] += 1.5


def test_a_holder_elsewhere_that_stands_still_is_taken_over(
    far_locks: list[DynamoDBLocks],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine, other = far_locks
    stands_still = threading.Event()
    beat = DynamoDBLocks._beat

    def pause(self: DynamoDBLocks, *arguments: Any) -> None:
        stands_still.wait(100)
        beat(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(DynamoDBLocks, "_beat", pause)
        holding = mine.hold("a")
        holding.__enter__()
    began = time.monotonic()
    with other.hold("a", timeout=60):
        assert time.monotonic() - began > 0.9
        stands_still.set()
        until = time.monotonic() + 60
        while "taken over" not in caplog.text and time.monotonic() < until:
            time.sleep(0.02)
        assert "taken over" in caplog.text
        holding.__exit__(None, None, None)
        with pytest.raises(TimeoutError), mine.hold("a", timeout=0):
            pass
