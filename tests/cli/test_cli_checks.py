"""verify and doctor: what they print and return."""

from __future__ import annotations

import pytest
from cli_fakes import Cli

from sparknet_assets import diagnosis, verification
from sparknet_assets.diagnosis import Check
from sparknet_assets.verification import Disagreement


def test_verify_says_that_all_agree(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "verify", lambda _: iter(()))
    assert cli("verify").exit_code == 0
    assert cli.json("verify") == {"ok": True, "problems": []}


def test_verify_lists_problems(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Disagreement("a-txt", "missing_raw", "raw/a-txt/a.txt is not there")
    monkeypatch.setattr(verification, "verify", lambda _: iter([problem]))
    result = cli("verify")
    assert result.exit_code == 1
    assert "raw/a-txt/a.txt is not there" in result.stdout
    assert cli.json("verify") == {
        "ok": False,
        "problems": [
            {"doc_id": "a-txt", "kind": "missing_raw", "detail": "raw/a-txt/a.txt is not there"}
        ],
    }


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_doctor(cli: Cli, monkeypatch: pytest.MonkeyPatch, level: str, code: int) -> None:
    check = Check("disk", level, "1 GiB free", "free some space")  # type: ignore[arg-type]
    monkeypatch.setattr(diagnosis, "diagnose", lambda _: iter([check]))
    monkeypatch.setenv("SPARKNET_PDF_PASSWORDS", '["hush"]')
    shown = cli("doctor")
    assert shown.exit_code == code
    assert "free some space" in shown.stdout
    assert "hush" not in shown.stdout
    found = cli.json("doctor")
    assert set(found) == {"ok", "checks", "settings", "versions"}
    assert found["ok"] is (code == 0)
    assert found["checks"] == [check._asdict()]
    assert found["settings"]["pdf_passwords"] == ["***"]
