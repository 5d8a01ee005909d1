"""An instance of Dagster on a Postgres database of the test's own, as infra/dagster/ sets it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from resources.settings import Settings
from sparknet_assets.instance import open_instance
from tests.doubles.postgres_server import Database, PostgresServer

AWS_CONFIG = Path("infra/dagster/dagster.yaml")


@pytest.fixture(scope="session")
def with_tables(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database in which Dagster has made its tables, over a second of work, to be copied."""
    database, folder = postgres.create_database(), tmp_path_factory.mktemp("with-tables")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in database.environment.items():
            patch.setenv(name, value)
        home = write_config(folder / "dagster", run_launcher=None)
        with open_instance(Settings(home=folder / "data", dagster_home=home)):
            return database


@pytest.fixture
def database(
    request: pytest.FixtureRequest, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """A database of the test's own with Dagster's tables, and the environment that leads to it.

    Without tables where it is parametrized with "empty".
    """
    empty = getattr(request, "param", "") == "empty"
    tables = None if empty else request.getfixturevalue("with_tables")
    database = postgres.create_database(tables)
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)
    return database


def write_config(folder: Path, **changes: object) -> Path:
    """The configuration for AWS in a folder of its own; a part that is None is left out."""
    config = yaml.safe_load(AWS_CONFIG.read_text()) | changes
    folder.mkdir(parents=True)
    kept = {name: part for name, part in config.items() if part is not None}
    (folder / "dagster.yaml").write_text(yaml.safe_dump(kept))
    return folder


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """With that configuration, but that runs start as processes of this machine."""
    folder = write_config(tmp_path / "dagster", run_launcher=None)
    return Settings(home=tmp_path / "data", workers=2, dagster_home=folder)


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened
