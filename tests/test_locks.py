"""Locks whose file is deleted by a holder, or whose holder does not give way."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from resources.locks import file_lock


def test_one_holder_or_any_number_of_shared_ones(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with file_lock(path):
        for shared in (False, True):
            with pytest.raises(TimeoutError), file_lock(path, shared=shared, timeout=0):
                pass
    with (
        file_lock(path, shared=True),
        file_lock(path, shared=True, timeout=0),
        pytest.raises(TimeoutError),
        file_lock(path, timeout=0),
    ):
        pass
    with file_lock(path, timeout=0):
        pass


def test_a_file_that_its_holder_deleted_locks_nobody_out_and_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    waiting, entered, leave = threading.Event(), threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        with file_lock(path):
            entered.set()
            leave.wait(30)

    waiter = threading.Thread(target=wait)
    with file_lock(path):
        waiter.start()
        assert waiting.wait(30)
        waiter.join(0.2)
        path.unlink()
    assert entered.wait(30)
    try:
        with pytest.raises(TimeoutError), file_lock(path, timeout=0):
            pass
    finally:
        leave.set()
        waiter.join(30)


def test_a_folder_that_is_deleted_over_and_over_keeps_nobody_from_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "generation"
    stop = threading.Event()

    def delete() -> None:
        while not stop.is_set():
            shutil.rmtree(folder, ignore_errors=True)

    deleter = threading.Thread(target=delete)
    deleter.start()
    try:
        for _ in range(500):
            with file_lock(folder / "lock", timeout=30):
                pass
    finally:
        stop.set()
        deleter.join(30)


def test_a_lock_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), file_lock(tmp_path / "file" / "lock"):
        pass
