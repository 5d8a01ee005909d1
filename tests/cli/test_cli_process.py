"""ingest, materialize and retry: what they run, print and return."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_fakes import Cli, Runs

from resources.catalog import DocumentStatus
from resources.failure import FailureKind, SparknetError


def test_ingest_reports_every_document(cli: Cli, runs: Runs, inbox: Path) -> None:
    result = cli("ingest", inbox)
    assert result.exit_code == 1
    assert runs.calls == [(["a-txt", "b-txt", "locked-txt", "torn-txt"], None, False)]
    assert "2 indexed, 1 partial, 1 failed" in result.stdout
    assert "encrypted: it is encrypted" in result.stdout
    assert "missing page 2" in result.stdout
    assert "a-txt" not in result.stdout


def test_ingest_of_good_documents_succeeds_quietly(cli: Cli, runs: Runs, inbox: Path) -> None:
    result = cli("ingest", inbox / "a.txt", inbox / "b.txt")
    assert result.exit_code == 0
    assert "2 indexed: 6 pages, 8 chunks" in result.stdout
    assert result.stderr == ""


def test_ingest_json(cli: Cli, runs: Runs, inbox: Path) -> None:
    found = cli.json("ingest", inbox, inbox / "missing.pdf")
    assert found["totals"] == {"indexed": 2, "failed": 1, "partial": 1}
    assert [d["doc_id"] for d in found["documents"]] == ["a-txt", "b-txt", "locked-txt", "torn-txt"]
    assert found["problems"][0]["kind"] == "unreadable"
    assert found["problems"][0]["path"].endswith("missing.pdf")


def test_a_missing_path_alone_fails_without_a_run(cli: Cli, runs: Runs, tmp_path: Path) -> None:
    result = cli("ingest", tmp_path / "missing.pdf")
    assert result.exit_code == 1
    assert "does not exist" in result.stderr
    assert runs.calls == []


def test_a_missing_path_fails_although_the_rest_is_well(cli: Cli, runs: Runs, inbox: Path) -> None:
    assert cli("ingest", inbox / "a.txt", inbox / "missing.pdf").exit_code == 1
    assert cli.json("status")["totals"] == {"indexed": 1}


def test_ingest_takes_a_name_and_a_tier(cli: Cli, runs: Runs, inbox: Path) -> None:
    assert cli("ingest", inbox / "a.txt", "--doc-id", "mine", "--tier", "basic").exit_code == 0
    record = cli.deployment.catalog.get("mine")
    assert record is not None
    assert record.tier == "basic"


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest"],
        ["ingest", "x", "--doc-id", "Not Safe"],
        ["ingest", "x", "--tier", "golden"],
        ["materialize", "--stage", "nonsense"],
        ["materialize", "--allow-removals"],
        ["retry", "--kind", "nonsense"],
        ["search"],
        ["search", "x", "-k", "0"],
        ["nonsense"],
    ],
)
def test_wrong_usage_exits_with_2(cli: Cli, runs: Runs, arguments: list[str]) -> None:
    assert cli(*arguments).exit_code == 2
    assert runs.calls == []


def test_a_file_too_large_fails_in_the_report(
    cli: Cli, runs: Runs, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKNET_MAX_BYTES", "5")
    found = cli.json("ingest", inbox / "a.txt", inbox / "locked.txt")
    assert [(d["doc_id"], d["status"]) for d in found["documents"]] == [
        ("a-txt", "indexed"),
        ("locked-txt", "failed"),
    ]
    assert found["documents"][1]["failure"]["kind"] == "too_large"
    assert runs.calls[0][0] == ["a-txt"]


def test_materialize_takes_all_documents_unless_named(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt", inbox / "b.txt")
    runs.calls.clear()
    assert cli("materialize").exit_code == 0
    assert cli("materialize", "b-txt", "--force").exit_code == 0
    assert cli("materialize", "--stage", "chunks", "--stage", "embeddings").exit_code == 0
    assert runs.calls == [
        (["a-txt", "b-txt"], None, False),
        (["b-txt"], None, True),
        (["a-txt", "b-txt"], ("chunks", "embeddings"), False),
    ]


def test_materialize_names_the_nearest_document(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt")
    result = cli("materialize", "a-tx")
    assert result.exit_code == 1
    assert "did you mean a-txt?" in result.stderr


def test_materialize_of_nothing_is_well(cli: Cli, runs: Runs) -> None:
    assert cli("materialize").exit_code == 0
    assert runs.calls == []


def test_one_stage_alone_may_leave_documents_pending(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt")
    record = cli.deployment.catalog.get("a-txt")
    assert record is not None
    cli.deployment.catalog.delete("a-txt")
    cli.deployment.catalog.put([record.model_copy(update={"status": DocumentStatus.PENDING})])
    assert cli("materialize", "--stage", "documents").exit_code == 0
    assert cli.json("status")["totals"] == {"pending": 1}


def test_retry_takes_what_failed_or_misses_pages(cli: Cli, runs: Runs, inbox: Path) -> None:
    (inbox / "slow.txt").write_bytes(b"timed_out")
    cli("ingest", inbox)
    runs.calls.clear()
    assert cli("retry").exit_code == 1
    assert cli("retry", "--kind", "timed_out").exit_code == 1
    assert [sorted(call[0]) for call in runs.calls] == [
        ["locked-txt", "slow-txt", "torn-txt"],
        ["slow-txt"],
    ]


def test_retry_with_nothing_to_do(cli: Cli, runs: Runs, inbox: Path) -> None:
    cli("ingest", inbox / "a.txt")
    result = cli("retry")
    assert result.exit_code == 0
    assert result.stdout == "Nothing to retry.\n"
    assert cli.json("retry")["documents"] == []


def test_retry_takes_in_what_was_too_large_before(
    cli: Cli, runs: Runs, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKNET_MAX_BYTES", "3")
    assert cli("ingest", inbox / "a.txt").exit_code == 1
    assert cli("retry").exit_code == 1
    assert cli("materialize").exit_code == 1
    assert not runs.calls
    monkeypatch.delenv("SPARKNET_MAX_BYTES")
    assert cli("retry").exit_code == 0
    assert cli.json("status")["totals"] == {"indexed": 1}


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SparknetError(FailureKind.UNAVAILABLE, "The home is locked."), 1, "The home is locked."),
        (OSError(28, "No space left on device"), 1, "disk is full"),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x: Permission denied."),
        (KeyboardInterrupt(), 130, "run the same command again to go on"),
        (RuntimeError("boom"), 1, "--traceback"),
    ],
)
def test_errors_are_a_sentence(
    cli: Cli, runs: Runs, inbox: Path, error: BaseException, code: int, said: str
) -> None:
    runs.error = error
    result = cli("ingest", inbox / "a.txt")
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_traceback_can_be_asked_for(cli: Cli, runs: Runs, inbox: Path) -> None:
    runs.error = RuntimeError("boom")
    assert isinstance(cli("--traceback", "ingest", inbox / "a.txt").exception, RuntimeError)
