"""SIGKILL while generations are built, switched, rolled back and retired."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sparknet_assets.generations.holdings import establish
from sparknet_assets.generations.switching import finish_retiring, progress
from tests.generations.home import Home
from tests.generations.victim import MOVING, STEADY, open_home

KILLS = 6


def kill_soon(folder: Path, chance: random.Random) -> None:
    command = [sys.executable, "-m", "tests.generations.victim", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.05, 2.5))
        assert process.poll() is None
        process.kill()


def check_whole(home: Home) -> None:
    """Nothing is lost, doubled or left behind."""
    deployment = home.deployment
    rows = progress(deployment)
    assert sum("live" in row.roles for row in rows) == 1
    for row in rows:
        assert row.vectors == row.keyword_rows
        if {"live", "target"} & set(row.roles):  # others are not kept up
            assert row.documents == row.of_documents
            assert row.vectors == row.chunks
    folders = {folder.name for folder in (deployment.state / "index").iterdir()}
    assert folders <= {row.name for row in rows}
    # One that is registered has none before something is written to it.
    assert folders >= {row.name for row in rows if row.vectors}


def test_killed_before_anything_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(tmp_path / "data", monkeypatch)
    home.put(**STEADY)
    home.run(*STEADY)
    home.precision = "fp32"
    establish(home.deployment)
    home.precision = "int8"
    assert home.made(*STEADY) == set()
    check_whole(home)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(13)
    home = open_home(tmp_path / "data", monkeypatch)
    home.put(**STEADY, **{MOVING: "moving words of edition"})
    home.run(*STEADY, MOVING)
    for _ in range(KILLS):
        kill_soon(tmp_path / "data", chance)
        assert set(home.found("steady")) == set(STEADY), "searches go on before anything is mended"
        assert home.found("moving") == [MOVING]
        home.precision = chance.choice(["int8", "fp32"])
        home.made(*STEADY, MOVING)
        finish_retiring(home.deployment)
        assert home.made(*STEADY, MOVING) == set()
        edition = home.deployment.storage.get(f"raw/{MOVING}/a.txt").decode()
        assert home.found(edition) == [MOVING]
        check_whole(home)
