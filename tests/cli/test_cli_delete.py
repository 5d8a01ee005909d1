"""`sparknet delete`: asks, removes, shows receipts; `status` says what became of the documents."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from cli_fakes import Cli, Runs

from resources.deployment import Deployment
from sparknet_assets.claims import Claims
from sparknet_assets.removal import job as removals
from sparknet_assets.removal.receipts import Receipt
from sparknet_assets.removal.removing import remove


@pytest.fixture(autouse=True)
def no_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removals without Dagster, which takes seconds to begin."""

    def execute(deployment: Deployment, doc_ids: Sequence[str], **options: Any) -> list[Receipt]:
        return remove(deployment, doc_ids, **options, wait_seconds=0.0)

    monkeypatch.setattr(removals, "execute_removal", execute)


@pytest.fixture
def ingested(cli: Cli, runs: Runs, inbox: Path) -> Cli:
    cli("ingest", inbox)
    return cli


def test_it_shows_the_receipt(ingested: Cli) -> None:
    result = ingested("delete", "a-txt")
    assert result.exit_code == 0, result.output
    assert "receipts/a-txt/" in result.stdout
    assert "1 document deleted in" in result.stdout
    assert not (ingested.home / "raw" / "a-txt").exists()
    assert (ingested.home / "raw" / "b-txt").exists()


def test_json(ingested: Cli) -> None:
    found = ingested.json("delete", "a-txt", "b-txt", "--reason", "no longer wanted")
    assert [document["doc_id"] for document in found["documents"]] == ["a-txt", "b-txt"]
    first = found["documents"][0]
    assert first["reason"] == "no longer wanted"
    assert " on " in first["requested_by"]
    assert set(first["remaining"].values()) == {0}
    assert (ingested.home / first["receipt"]).is_file()
    assert found["failures"] == []
    again = ingested.json("delete", "a-txt")
    assert again["documents"] == [first]


def test_unknown_documents_are_refused_before_anything_is_done(ingested: Cli) -> None:
    result = ingested("delete", "a-txt", "b-tx")
    assert result.exit_code == 1
    assert "There is no document b-tx; did you mean b-txt?" in result.stderr
    assert (ingested.home / "raw" / "a-txt").exists()


def test_what_was_dropped_into_raw_can_be_deleted(ingested: Cli) -> None:
    ingested.deployment.storage.put("raw/dropped/file.txt", b"words")
    assert ingested("delete", "dropped").exit_code == 0
    assert not (ingested.home / "raw" / "dropped").exists()


def test_one_that_is_worked_on(ingested: Cli) -> None:
    with Claims(ingested.deployment) as others:
        others.take(["a-txt"])
        result = ingested("delete", "a-txt", "b-txt")
        assert result.exit_code == 1
        assert "not deleted: a-txt is being worked on by process" in result.stderr
        assert "1 document deleted" in result.stdout
        found = ingested.json("delete", "a-txt")
    assert [failure["kind"] for failure in found["failures"]] == ["unavailable"]


@pytest.mark.parametrize("sure", [True, False])
def test_several_are_asked_about_on_a_terminal(
    ingested: Cli, monkeypatch: pytest.MonkeyPatch, sure: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return sure

    monkeypatch.setattr(click, "confirm", confirm)
    # The package's `delete` is the command; the module stands behind it.
    monkeypatch.setattr(sys.modules["sparknet_assets.cli.delete"], "sys", _Terminal())
    result = ingested("delete", "a-txt", "b-txt")
    assert asked == ["Delete 2 documents for good: a-txt, b-txt?"]
    assert (result.exit_code == 0) is sure
    assert (ingested.home / "raw" / "a-txt").exists() is not sure
    assert ingested("delete", "b-txt").exit_code == 0
    assert ingested("delete", "a-txt", "b-txt", "--yes").exit_code == 0
    assert len(asked) == 1


class _Terminal:
    """`sys` with a terminal as stdin."""

    class stdin:
        @staticmethod
        def isatty() -> bool:
            return True

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def test_status_tells_of_deleted_documents(ingested: Cli) -> None:
    ingested("delete", "a-txt")
    listing = ingested("status").stdout
    assert "a-txt" not in listing
    assert "1 deleted" in listing
    assert "Deleted documents are listed with --all." in listing
    assert "a-txt" in ingested("status", "--all").stdout
    one = ingested("status", "a-txt").stdout
    assert "deleted" in one
    assert "receipt receipts/a-txt/" in one
    shown = ingested.json("status", "a-txt")["documents"][0]
    assert shown["receipt"].startswith("receipts/a-txt/")
    assert ingested.json("status")["totals"]["deleted"] == 1


def test_status_of_a_removal_that_was_broken_off(
    ingested: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patch:
        patch.setattr("sparknet_assets.removal.removing.write_receipt", broken)
        assert ingested("delete", "a-txt").exit_code == 1
    assert "`sparknet delete a-txt` finishes the removal" in ingested("status", "a-txt").stdout
    assert ingested("delete", "a-txt").exit_code == 0


def test_a_deleted_document_can_be_ingested_again(ingested: Cli, inbox: Path) -> None:
    ingested("delete", "a-txt")
    assert ingested("ingest", inbox / "a.txt").exit_code == 0
    assert ingested.json("status", "a-txt")["documents"][0]["status"] == "indexed"
