"""A home folder, the command on it, and documents to ingest."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from cli_fakes import Cli, Runs

import sparknet_assets


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "data")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    fake = Runs()
    module = ModuleType("sparknet_assets.runs.execution")
    module.execute = fake.execute  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sparknet_assets, "execution", module, raising=False)
    return fake


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Four files: two that are well, one that fails, one that misses a page."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name, data in (
        ("a.txt", b"fine"),
        ("b.txt", b"fine"),
        ("locked.txt", b"encrypted"),
        ("torn.txt", b"partial"),
    ):
        (folder / name).write_bytes(data)
    return folder
