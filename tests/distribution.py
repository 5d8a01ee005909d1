"""How the tests are spread over processes, so that all are busy to the end."""

from __future__ import annotations

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
        folder = nodeid.removeprefix("tests/").split("/", 1)[0]
        return folder if folder in TOGETHER else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFolderScheduling | None:
    """With `--dist loadfile`, spreads the tests by these rules."""
    if config.getoption("dist") != "loadfile":
        return None
    return LoadFolderScheduling(config, log)


def slow_first(items: list[pytest.Item]) -> None:
    """Moves the files that have a test marked slow to the front: none is left for the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
