"""The Dagster instance that all doors share: where it is, and how it is made and opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from resources.locks import file_lock
from sparknet_assets.instance_errors import explained
from sparknet_assets.run_owner import settle_dead_runs

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from resources.settings import Settings

CONFIG = "dagster.yaml"
HOME_VARIABLE = "DAGSTER_HOME"
# Not in our dagster.yaml itself: without DAGSTER_HOME, Dagster's commands take that as it is.
EVENT_LOG = f"""
# Dagster's own SQLite files, with connections kept open. For several machines take the storage of
# infra/dagster/dagster.yaml instead.
event_log_storage:
  module: sparknet_assets.event_log
  class: EventLog
  config:
    home:
      env: {HOME_VARIABLE}
"""


def dagster_home(settings: Settings) -> Path:
    """Folder of the instance: DAGSTER_HOME when set, else `dagster/` in the home of the data.

    It is created, with our settings, when it has no dagster.yaml yet.
    """
    folder = (settings.dagster_home or settings.home / "dagster").expanduser().absolute()
    config = folder / CONFIG
    if not config.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{CONFIG}.{os.getpid()}"
        temporary.write_text(default_config() + EVENT_LOG, encoding="utf-8")
        temporary.replace(config)
    return folder


def default_config() -> str:
    """Our dagster.yaml: inside the package when installed from a wheel, else beside it."""
    package = files("sparknet_assets")
    inside = package / CONFIG
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(str(package)).parent / CONFIG).read_text(encoding="utf-8")


@contextmanager
def _dagster_home_is(folder: Path) -> Iterator[None]:
    """Lets dagster.yaml refer to its own folder, as it can when Dagster's own commands read it."""
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(folder)
    try:
        yield
    finally:
        del os.environ[HOME_VARIABLE]
        if before is not None:
            os.environ[HOME_VARIABLE] = before


@contextmanager
def open_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The shared instance; its databases are made by one process while others wait."""
    from dagster import DagsterInstance

    folder = dagster_home(settings)
    # A folder that is part of an image has a database elsewhere, which Dagster makes by itself.
    alone = file_lock(folder / ".lock") if os.access(folder, os.W_OK) else nullcontext()
    with alone, _dagster_home_is(folder), explained():
        instance = DagsterInstance.from_config(str(folder))
    with instance:
        with explained():
            settle_dead_runs(instance)
        yield instance


@contextmanager
def instance_if_any(settings: Settings) -> Iterator[DagsterInstance | None]:
    """The shared instance, or None where there never was one: making it takes seconds."""
    folder = settings.dagster_home or settings.home / "dagster"
    if not (folder.expanduser() / CONFIG).exists():
        yield None
        return
    with open_instance(settings) as instance:
        yield instance


def main() -> None:
    """Prints the folder of the instance, made if need be: DAGSTER_HOME for Dagster's commands."""
    from resources.settings import load_settings

    print(dagster_home(load_settings()))


if __name__ == "__main__":
    main()
