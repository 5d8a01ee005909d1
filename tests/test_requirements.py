"""The lock is complete, names no registry, and leaves out what it should."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==[0-9a-z.!+]+( ; .+)?")


def pins(lock: str) -> set[str]:
    lines = (ROOT / "requirements" / lock).read_text().splitlines()
    matches = [PIN.fullmatch(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
    return {match["name"] for match in matches if match}


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in wanted]
    found = {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}
    return found - {project["name"]}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_an_exact_version(lock: str) -> None:
    assert len(pins(lock)) > 100


def test_what_the_project_declares_is_locked() -> None:
    assert declared() <= pins("requirements.txt"), "run make lock"
    assert declared("aws", "dev") <= pins("requirements-dev.txt"), "run make lock"


def test_a_development_setup_holds_all_of_a_plain_one() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_no_gigabytes_of_what_is_not_used(lock: str) -> None:
    assert not {"torch", "sentence-transformers", "opencv-python"} & pins(lock)
