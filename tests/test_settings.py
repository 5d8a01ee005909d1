"""A wrong setting is one clear sentence, and never shows a password."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from resources.settings import Settings, SettingsError, load_settings, unknown_variables


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


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "SPARKNET_OCR",
            "foo",
            "SPARKNET_OCR should be 'paddle', 'tesseract' or 'textract', not 'foo'",
        ),
        ("SPARKNET_WORKERS", "two", "SPARKNET_WORKERS should be a valid integer, not 'two'"),
        (
            "SPARKNET_CHUNK_OVERLAP",
            "200",
            "SPARKNET_CHUNK_OVERLAP must be less than half of SPARKNET_CHUNK_TOKENS, which is 256,"
            " not '200'",
        ),
        (
            "SPARKNET_RETRY_CRON",
            "daily",
            "SPARKNET_RETRY_CRON must have five fields (minute, hour, day, month, day of the week),"
            " or be `off`, not 'daily'",
        ),
        (
            "SPARKNET_VERIFY_CRON",
            "61 * * * *",
            "SPARKNET_VERIFY_CRON has the minute '61', which is no number, range, list or step of"
            " 0 to 59, not '61 * * * *'",
        ),
    ],
)
def test_a_wrong_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("workers = 0", "sparknet.toml: workers should be greater than or equal to 1, not 0"),
        ("ocrr = 'paddle'", "sparknet.toml: ocrr is not a setting; did you mean ocr?"),
        ("zzz = 1", "sparknet.toml: zzz is not a setting"),
    ],
)
def test_a_wrong_line_in_the_file(folder: Path, line: str, sentence: str) -> None:
    (folder / "sparknet.toml").write_text(line)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value) == sentence


def test_variables_that_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SPARKNET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPARKNET_WORKER", "4")
    monkeypatch.setenv("SPARKNET_QQQQQQQQQQQQ", "4")
    monkeypatch.setenv("SPARKNET_DAGSTER_HOME", "/tmp")
    assert unknown_variables() == {
        "SPARKNET_QQQQQQQQQQQQ": "",
        "SPARKNET_WORKER": "SPARKNET_WORKERS",
    }


def test_empty_variables_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPARKNET_HOME", "SPARKNET_WORKERS", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert settings.home == Path("data")
    assert settings.dagster_home is None


@pytest.mark.parametrize("given", ["*/10 * * * *", "0 2 * * 1-5", "5,35 0-6/2 1 */3 *", "off"])
def test_times_of_schedules(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SPARKNET_RECONCILE_CRON", given)
    assert load_settings().reconcile_cron == ("" if given == "off" else given)


def test_a_default_that_no_longer_fits_is_not_blamed_on_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKNET_CHUNK_TOKENS", "64")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    expected = (
        "SPARKNET_CHUNK_OVERLAP must be less than half of SPARKNET_CHUNK_TOKENS, which is 64, "
        "not 32"
    )
    assert str(caught.value) == expected


def test_the_handbook_names_every_setting() -> None:
    handbook = Path(__file__).parent.parent / "docs" / "operations.md"
    named = set(re.findall(r"`([a-z0-9_*]+)`", handbook.read_text("utf-8")))
    families = tuple(name[:-1] for name in named if name.endswith("_*"))
    assert [
        name
        for name in Settings.model_fields
        if name not in named and not name.startswith(families)
    ] == []
