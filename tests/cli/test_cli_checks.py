"""verify and doctor: what they print and return."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cli_fakes import Cli

from resources.catalog import DocumentRecord, DocumentStatus
from resources.failure import Failure, FailureKind
from sparknet_assets import diagnosis
from sparknet_assets.diagnosis import Check


def test_verify_says_that_all_agree(cli: Cli) -> None:
    result = cli("verify")
    assert result.exit_code == 0
    assert "All agree" in result.stdout
    assert cli.json("verify") == {"ok": True, "problems": [], "warnings": []}


def test_verify_lists_problems_and_warnings(cli: Cli) -> None:
    cli.deployment.storage.put("raw/a-txt/a.txt", b"x")
    now = datetime.now(UTC)
    failure = Failure(kind=FailureKind.TOO_LARGE, message="b is too large", retryable=False)
    refused = DocumentRecord(
        doc_id="b-txt", partition_key="b-txt", raw_key="raw/b-txt/b.txt", filename="b.txt",
        status=DocumentStatus.FAILED, failure=failure, created_at=now, updated_at=now,
    )  # fmt: skip
    cli.deployment.catalog.put([refused])
    result = cli("verify")
    assert result.exit_code == 1
    assert "raw/a-txt/a.txt is in no record" in result.stdout
    assert "b is too large" in result.stdout
    found = cli.json("verify")
    assert found["ok"] is False
    assert [(item["doc_id"], item["kind"]) for item in found["problems"]] == [
        ("a-txt", "unregistered_raw")
    ]
    assert [(item["doc_id"], item["kind"]) for item in found["warnings"]] == [("b-txt", "failed")]
    assert set(found["problems"][0]) == {"doc_id", "kind", "detail", "stage"}


def test_warnings_alone_are_no_failure(cli: Cli) -> None:
    test_verify_lists_problems_and_warnings(cli)
    cli.deployment.storage.delete("raw/a-txt/a.txt")
    assert cli("verify").exit_code == 0
    assert cli.json("verify")["ok"] is True


def test_verify_repairs_what_it_can(cli: Cli) -> None:
    cli.deployment.storage.put("processed/ghost/text.json", b"x")
    assert "--repair" in cli("verify").stdout
    found = cli.json("verify", "--repair")
    assert found["ok"] is True
    assert (found["problems"], found["failed"]) == ([], [])
    assert [(item["doc_id"], item["kind"]) for item in found["repaired"]] == [
        ("ghost", "orphan_files")
    ]
    assert cli("verify").exit_code == 0


def test_verify_says_what_it_needs(cli: Cli) -> None:
    now = datetime.now(UTC)
    lost = DocumentRecord(
        doc_id="b-txt", partition_key="b-txt", raw_key="raw/b-txt/b.txt", filename="b.txt",
        created_at=now, updated_at=now,
    )  # fmt: skip
    cli.deployment.catalog.put([lost])
    result = cli("verify", "--repair")
    assert result.exit_code == 1
    assert "missing_raw needs you: put the original back" in result.stdout
    assert "pending is there" not in result.stdout
    assert cli.deployment.catalog.get("b-txt") == lost


def test_verify_goes_on_when_the_ui_can_not_be_told(cli: Cli) -> None:
    (cli.home / "dagster").mkdir(parents=True)
    (cli.home / "dagster" / "dagster.yaml").write_text("not: [valid")
    result = cli("verify")
    assert result.exit_code == 0
    assert "The UI was not told" in result.stderr


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
