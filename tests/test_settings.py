"""A wrong setting is one clear sentence, and never shows a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("value", ["hunter2", '{"a": "hunter2"}', '["a", ["hunter2"]]'])
def test_passwords_that_are_no_list(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SPARKNET_PDF_PASSWORDS", value)
    with pytest.raises(SettingsError, match=r"SPARKNET_PDF_PASSWORDS.*should be") as error:
        load_settings()
    assert "hunter2" not in str(error.value)


def test_a_file_that_is_no_toml(folder: Path) -> None:
    (folder / "sparknet.toml").write_text("workers = [")
    with pytest.raises(SettingsError, match=r"sparknet\.toml is not valid TOML"):
        load_settings()


def test_empty_variables_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPARKNET_HOME", "SPARKNET_WORKERS", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert settings.home == Path("data")
    assert settings.dagster_home is None
