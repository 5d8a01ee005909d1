"""status: the JSON shape that others rely on, and tables for people."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_fakes import Cli, Runs
from click.testing import CliRunner

from sparknet_assets.cli import main
from sparknet_assets.cli.output import table
from sparknet_assets.stage_names import STAGE_NAMES


def test_nothing_yet(cli: Cli) -> None:
    result = cli("status")
    assert result.exit_code == 0
    assert "sparknet ingest" in result.stdout
    assert cli.json("status") == {"documents": [], "totals": {}}


def test_json_shape(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox)
    found = cli.json("status")
    assert set(found) == {"documents", "totals"}
    assert found["totals"] == {"indexed": 2, "failed": 1, "partial": 1}
    good, _, locked, _ = found["documents"]
    assert set(good) == {
        "doc_id",
        "status",
        "pages",
        "chunks",
        "tier",
        "tier_source",
        "stale",
        "receipt",
        "failure",
        "next_retry_at",
        "stages",
    }
    assert (good["doc_id"], good["status"]) == ("a-txt", "indexed")
    assert (good["pages"], good["chunks"], good["failure"]) == (3, 4, None)
    assert (good["stale"], good["next_retry_at"]) == (None, None)
    assert good["stages"]["documents"] == {
        "status": "done",
        "seconds": 0.5,
        "cost_usd": 0.0,
        "reused": False,
    }
    assert locked["failure"] == {
        "kind": "encrypted",
        "message": "it is encrypted",
        "retryable": False,
    }
    assert locked["stages"]["documents"]["status"] == "failed"
    assert tuple(good["stages"]) == STAGE_NAMES


def test_one_document(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox)
    found = cli.json("status", "torn-txt")
    assert found["totals"] == {"partial": 1}
    assert [d["doc_id"] for d in found["documents"]] == ["torn-txt"]
    shown = cli("status", "torn-txt").stdout
    assert "ocr_text" in shown
    assert str(inbox / "torn.txt") in shown
    assert "missing page 2" in shown


def test_table(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox)
    shown = cli("status").stdout
    assert "4 documents: 2 indexed, 1 partial, 1 failed" in shown
    assert all(name in shown for name in ("a-txt", "b-txt", "locked-txt", "torn-txt"))


def test_a_long_list_shows_what_needs_a_look(
    cli: Cli, runs: Runs, inbox: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(201):
        (many / f"n{number}.txt").write_bytes(b"fine")
    cli("ingest", many, inbox)
    shown = cli("status").stdout
    assert "n17-txt" not in shown
    assert "locked-txt" in shown
    assert "n17-txt" in cli("status", "--all").stdout


def test_a_home_that_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = CliRunner().invoke(main, ["--home", str(tmp_path / "file" / "home"), "status"])
    assert result.exit_code == 1
    assert "choose another with --home or SPARKNET_HOME" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_name_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    rows = table("document", "status", "what is wrong")
    rows.add_row("a-long-name-of-a-document-to-be-copied-pdf", "failed", "some words " * 20)
    Console(width=40).print(rows)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "-pdf" in "".join(shown.split())


def test_nothing_is_filled_up_with_blanks(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox)
    lines = cli("status").stdout.splitlines()
    assert lines == [line.rstrip() for line in lines]


def test_an_unknown_document(cli: Cli) -> None:
    result = cli("status", "nope")
    assert result.exit_code == 1
    assert "There is no document nope" in result.stderr


def test_a_wrong_setting_is_one_sentence(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARKNET_WORKERS", "many")
    result = cli("status")
    assert result.exit_code == 2
    assert "SPARKNET_WORKERS" in result.stderr


def test_an_older_version_that_answers_is_said(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt")
    record = cli.deployment.catalog.get("a-txt")
    assert record is not None
    cli.deployment.catalog.put([record.model_copy(update={"stale": "the newer version failed"})])
    assert "the newer version failed" in cli("status").stdout
    assert "stale   the newer version failed" in cli("status", "a-txt").stdout
    assert cli.json("status", "a-txt")["documents"][0]["stale"] == "the newer version failed"


def test_what_was_taken_over_in_part(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox)
    catalog = cli.deployment.catalog
    stages = catalog.stages(["a-txt"])["a-txt"]
    pages = stages["ocr_text"].model_copy(update={"pages": 3, "metadata": {"pages_reused": 2}})
    facts = {"chunks": 4, "cached": 4}
    vectors = stages["embeddings"].model_copy(update={"metadata": facts})
    catalog.put_stages([pages, vectors], [])
    found = cli.json("status", "a-txt")["documents"][0]["stages"]
    assert found["ocr_text"]["taken_over"] == [2, 3]
    assert found["embeddings"]["taken_over"] == [4, 4]
    assert "taken_over" not in found["chunks"]
    shown = cli("status", "a-txt").stdout
    assert "2 of 3" in shown
    assert "4 of 4" in shown
