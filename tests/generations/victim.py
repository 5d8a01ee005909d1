"""Builds, switches, rolls back and retires generations without end, to be killed at any moment."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from resources.settings import Settings
from sparknet_assets.generations.switching import retire, rollback, switch
from sparknet_assets.stages import vector_index
from tests.generations.home import Home

STEADY = {f"steady-{n}": f"steady words of number {n}" for n in range(6)}
MOVING = "moving"


def open_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of victim and witness, which writes in small portions."""
    monkeypatch.setattr(vector_index, "WINDOW", 2)
    return Home(Settings(home=folder, workers=1), monkeypatch)


def main(folder: Path) -> None:
    home = open_home(folder, pytest.MonkeyPatch())
    print("ready", flush=True)
    for turn in itertools.count():
        home.precision = "fp32" if turn % 2 else "int8"
        home.put(**{MOVING: f"moving words of edition {turn}"})
        home.run(*STEADY, MOVING)
        before = switch(home.deployment).before
        if before != home.deployment.target.name:
            rollback(home.deployment)
            rollback(home.deployment)
            retire(home.deployment, before)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
