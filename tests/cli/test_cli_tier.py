"""tier: what a person says of documents is recorded, shown, and redoes nothing by itself."""

from __future__ import annotations

from pathlib import Path

from cli_fakes import Cli, Runs


def test_a_tier_is_set_and_shown(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt", inbox / "b.txt")
    done = cli.json("tier", "a-txt", "b-txt", "premium")
    assert done == {
        "documents": [
            {"doc_id": doc, "tier": "premium", "tier_source": "explicit", "before": "standard"}
            for doc in ("a-txt", "b-txt")
        ]
    }
    assert "tier    premium (explicit)" in cli("status", "a-txt").stdout
    shown = {d["doc_id"]: (d["tier"], d["tier_source"]) for d in cli.json("status")["documents"]}
    assert shown["b-txt"] == ("premium", "explicit")
    assert "0 changed" in cli("tier", "a-txt", "premium").stdout


def test_what_is_no_document_or_no_tier_is_refused(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt")
    assert cli("tier", "a-text", "basic").exit_code != 0
    assert cli("tier", "a-txt", "golden").exit_code == 2
    assert "tier    standard (default)" in cli("status", "a-txt").stdout
