"""Dagster's own tools load the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ["dagster", "definitions", "validate", "-w", "workspace.yaml"],
        ["dg", "check", "defs"],
        ["dg", "check", "toml"],
    ],
    ids=" ".join,
)
def test_definitions_are_valid(command: list[str], tmp_path: Path) -> None:
    tool = Path(sys.executable).parent / command[0]
    if not tool.exists():
        pytest.skip(f"{command[0]} is not installed")
    environment = {k: v for k, v in os.environ.items() if k != "DAGSTER_HOME"} | {
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "SPARKNET_HOME": str(tmp_path),
        "DAGSTER_DG_CLI_CONFIG": str(tmp_path / "dg.toml"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [tool, *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
