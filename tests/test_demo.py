"""The demo notices when an example does not end as it should."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "check_demo.py"
EXPECTED = {
    "a.pdf": {"status": "indexed"},
    "locked.pdf": {"status": "failed", "failure": "encrypted"},
}


@pytest.fixture(scope="module")
def check_demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def found(locked: str = "encrypted", **status: str) -> dict[str, dict[str, Any]]:
    return {
        "a-pdf": {"status": status.get("a", "indexed"), "failure": None},
        "locked-pdf": {"status": "failed", "failure": {"kind": locked}},
    }


def test_as_expected(check_demo: ModuleType) -> None:
    assert check_demo.surprises(found(), EXPECTED) == []


@pytest.mark.parametrize(
    "documents",
    [found(a="pending"), found(locked="crashed"), {"locked-pdf": found()["locked-pdf"]}],
)
def test_a_surprise(check_demo: ModuleType, documents: dict[str, Any]) -> None:
    assert len(check_demo.surprises(documents, EXPECTED)) == 1
