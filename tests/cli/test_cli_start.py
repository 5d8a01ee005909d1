"""The command starts without loading what it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from resources.failure import FailureKind
from sparknet_assets import __version__
from sparknet_assets.cli import choices, main
from sparknet_assets.stage_names import STAGE_NAMES

HEAVY = ("dagster", "chromadb", "pymupdf", "fitz", "onnxruntime", "pandas", "pyarrow", "rapidocr")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["ingest", "--help"], ["status"], ["status", "--json"]]
)
def test_no_heavy_library_is_loaded(arguments: list[str], tmp_path: Path) -> None:
    code = f"""
import sys
from sparknet_assets.cli import main
try:
    main({arguments!r})
finally:
    loaded = sorted(set({HEAVY!r}) & set(sys.modules))
    print("loaded:", loaded, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"SPARKNET_HOME": str(tmp_path / "data"), "PYTHONPATH": str(Path.cwd())},
        check=True,
    )
    assert "loaded: []" in done.stderr


def test_spelled_out_choices_are_those_of_the_code() -> None:
    from sparknet_assets import stages

    assert tuple(stage.name for stage in stages.STAGES) == STAGE_NAMES
    assert tuple(kind.value for kind in FailureKind) == choices.FAILURE_KINDS


def test_every_command_has_help_with_examples_and_json() -> None:
    for command in main.commands.values():
        assert command.help
        assert "Examples:" in (command.epilog or "")
        assert any("--json" in parameter.opts for parameter in command.params)


def test_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparknet_assets.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"sparknet, version {__version__}\n"
