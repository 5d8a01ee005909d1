"""`sparknet plan` and `materialize --stale`: what is said before, and what is done."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from schedules.plan_words import duration
from sparknet_assets.stage_names import STAGE_NAMES
from tests.cli.cli_fakes import Cli, Runs


def put(cli: Cli, doc_id: str, text: str) -> Path:
    path = cli.home / "raw" / doc_id / "file.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - 60
    os.utime(path, (then, then))
    return path


def test_an_empty_home_has_nothing_to_do(cli: Cli) -> None:
    result = cli("plan")
    assert result.exit_code == 0
    assert "Nothing to do: no documents yet." in result.stdout


def test_json_shape(cli: Cli) -> None:
    put(cli, "a", "text")
    found = cli.json("plan")
    assert found["documents"] == [
        {
            "doc_id": "a",
            "change": "new",
            "tier": "standard",
            "stages": list(STAGE_NAMES),
            "reason": "new in raw/",
            "pages": None,
            "seconds": None,
            "cost_usd": None,
        }
    ]
    assert found["totals"]["documents"] == 1
    assert found["totals"]["new"] == 1
    assert found["held_back"] == ""


def test_a_plan_changes_nothing(cli: Cli) -> None:
    put(cli, "a", "text")
    cli("plan")
    assert cli.deployment.catalog.get("a") is None


def test_what_is_planned_is_done(cli: Cli, runs: Runs) -> None:
    put(cli, "a", "text")
    put(cli, "b", "encrypted")
    result = cli("materialize", "--stale", "--json")
    assert result.exit_code == 1
    assert runs.calls == [(["a", "b"], None, False)]
    assert cli.json("status")["totals"] == {"failed": 1, "indexed": 1}


def test_a_loose_file_is_pointed_at(cli: Cli) -> None:
    (cli.home / "raw").mkdir(parents=True)
    (cli.home / "raw" / "loose.txt").write_text("text")
    assert "raw/loose.txt: a loose file; move it" in cli("plan").stdout


@pytest.mark.parametrize("other", ["--force", "--stage=chunks", "a"])
def test_stale_stands_alone(cli: Cli, other: str) -> None:
    result = cli("materialize", "--stale", other)
    assert result.exit_code == 2
    assert "--stale takes no documents" in result.stderr


def test_stale_with_nothing_to_do_says_so_once(cli: Cli) -> None:
    result = cli("materialize", "--stale")
    assert result.exit_code == 0
    assert result.stdout.strip() == "Nothing to do: no documents yet."


def test_many_missing_originals_are_not_believed(cli: Cli, runs: Runs) -> None:
    paths = [put(cli, f"d{number:02}", "text") for number in range(30)]
    assert cli("materialize", "--stale").exit_code == 0
    for path in paths[:25]:
        path.unlink()
    result = cli("materialize", "--stale")
    assert result.exit_code == 1
    assert "25 of 30 documents are missing from raw/" in result.stdout
    assert len(cli.json("status")["documents"]) == 30


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.04, "0.0 s"), (9.96, "10.0 s"), (42, "42 s"), (600, "10 min"), (9000, "2.5 h")],
)
def test_times_for_people(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_long_plan_is_summed_up_first(cli: Cli) -> None:
    for number in range(12):
        put(cli, f"d{number:02}", "text")
    lines = cli("plan", "--limit", "3").stdout.splitlines()
    assert lines[0].split() == ["documents", "change", "pages", "about", "why"]
    assert lines[2].split() == ["12", "new", "new", "in", "raw/"]
    assert [line.split()[0] for line in lines if line.startswith("d0")] == ["d00", "d01", "d02"]
    assert lines[-1] == "The first 3 are listed; --all lists every document."
    only = cli("plan", "--limit", "0").stdout
    assert only.splitlines()[2].split()[:2] == ["12", "new"]
    assert "d00" not in only
    assert cli("plan", "--all").stdout.count("\nd") >= 12


def test_json_has_all_whatever_the_limit(cli: Cli) -> None:
    for number in range(12):
        put(cli, f"d{number:02}", "text")
    found = cli.json("plan", "--limit", "3")
    assert len(found["documents"]) == 12
    assert [each["documents"] for each in found["reasons"]] == [12]


def test_of_what_is_left_aside_the_first_are_named(cli: Cli) -> None:
    (cli.home / "raw").mkdir(parents=True)
    for number in range(23):
        (cli.home / "raw" / f"loose{number:02}.txt").write_text("text")
    said = cli("plan").stdout
    assert said.count("a loose file") == 20
    assert "3 more, which `sparknet plan --json` lists." in said
    assert len(cli.json("plan")["ignored"]) == 23
