"""How the tests are spread over processes, so that all are busy to the end."""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = ("answers", "api", "evaluation", "verification", "web")
"""Folders of tests whose files share what takes long to make: each goes to one process."""


class LoadFolderScheduling(LoadFileScheduling):
    """Keeps the files of such a folder together, and takes the tests in the order they have."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        return folder if folder in TOGETHER else str(super()._split_scope(nodeid))


def _folder(nodeid: str) -> str:
    return nodeid.removeprefix("tests/").split("/", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFolderScheduling | None:
    """With `--dist loadfile`, spreads the tests by these rules."""
    if config.getoption("dist") != "loadfile":
        return None
    return LoadFolderScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`, three processes for two cores: two would leave a quarter of these idle.

    Tests wait: for servers and processes that start, for moments that have to pass.
    """
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(allowed(0)) if allowed else os.cpu_count() or 1
    return cores + (cores + 1) // 2


def slow_first(items: list[pytest.Item]) -> None:
    """Moves what takes long to the front, so that none is left for the end.

    That is what goes to one process as a whole: folders that are kept together, and files that
    have a test marked slow.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow and _folder(item.nodeid) not in TOGETHER)
