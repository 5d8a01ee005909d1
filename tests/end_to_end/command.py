"""The `sparknet` command in a process of its own, as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Sparknet:
    """The command on a home of its own."""

    home: Path

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARKNET_")}
        environment.pop("DAGSTER_HOME", None)
        return subprocess.Popen(
            [sys.executable, "-m", "sparknet_assets.cli", "--home", str(self.home)]
            + [str(argument) for argument in arguments],
            env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path) -> Outcome:
        process = self.start(*arguments)
        stdout, stderr = process.communicate()
        return Outcome(process.returncode, stdout, stderr)
