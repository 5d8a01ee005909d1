"""generations: what is listed, said and exited with."""

from __future__ import annotations

import pytest
from cli_fakes import Cli
from click.testing import Result

from resources.settings import Settings
from tests.generations.home import Home


@pytest.fixture
def home(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two documents, one of them in the generation that the settings name now."""
    home = Home(Settings(home=cli.home, workers=2), monkeypatch)
    home.put(lease="the tenant pays rent on the first day", report="net revenue grew by a half")
    home.run("lease", "report")
    home.precision = "fp32"
    monkeypatch.setenv("SPARKNET_EMBEDDER_PRECISION", "fp32")
    home.run("lease")
    return home


def lines(result: Result) -> list[str]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]


def test_a_fresh_home(cli: Cli) -> None:
    [row] = cli.json("generations")["generations"]
    assert (row["roles"], row["documents"], row["retirable"]) == (["live", "target"], 0, False)
    assert not (cli.home / "state" / "index").exists()


def test_the_list_says_what_to_do_next(cli: Cli, home: Home) -> None:
    shown = lines(cli("generations"))
    assert any(line.startswith(f"{home.old} live 2 of 2") for line in shown)
    assert any(line.startswith(f"{home.new} target 1 of 2") for line in shown)
    assert shown[-1] == f"`sparknet materialize` adds the 1 document that {home.new} lacks."
    home.run("report")
    assert "`sparknet generations switch` lets it answer" in lines(cli("generations", "list"))[-1]
    for words in (["generations"], ["generations", "list"]):
        names = [row["name"] for row in cli.json(*words)["generations"]]
        assert names == [home.old, home.new]


def test_searches_say_on_stderr_that_another_index_answers(cli: Cli, home: Home) -> None:
    found = cli("search", "revenue")
    assert "report" in found.stdout
    assert f"The index {home.old} answers" in found.stderr
    assert f"The index {home.old} answers" not in found.stdout
    assert home.old in cli.json("search", "revenue")["note"]


def test_refused_built_switched_rolled_back_and_retired(cli: Cli, home: Home) -> None:
    refused = cli("generations", "switch")
    assert refused.exit_code == 1
    shown = lines(refused)
    assert any("complete fail 1 of 2 documents are in it; run `sparknet" in s for s in shown)
    assert shown[-1] == f"{home.old} goes on answering."

    home.run("report")
    switched = cli("generations", "switch")
    assert switched.exit_code == 0
    assert lines(switched)[-1] == f"{home.new} answers now, instead of {home.old}."
    assert f"`sparknet generations rollback` goes back to {home.old}" in cli("generations").stdout
    again = cli.json("generations", "switch")
    assert (again["switched"], again["live"], again["gates"]) == (False, home.new, [])

    home.put(report="net revenue fell by a third")
    home.run("report")
    back = cli("generations", "rollback")
    assert lines(back)[-1].endswith(
        "It lacks the current text of 1 document; `sparknet materialize` adds it."
    )
    kept = cli("generations", "retire", home.old)
    assert kept.exit_code == 1
    assert "is the index that answers" in kept.stderr
    forced = cli.json("generations", "switch", "--force")
    assert forced["switched"]
    assert [gate["passed"] for gate in forced["gates"]] == [True, True, True]
    gone = cli.json("generations", "retire", home.old)
    assert gone["freed"] > 0
    unknown = cli("generations", "retire", home.old)
    assert unknown.exit_code == 1
    assert f"There is no generation {home.old}. There are: {home.new}." in unknown.stderr
