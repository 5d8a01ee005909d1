"""Evaluations of a real index: figures, history, accepted figures, the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.cli import eval as command
from sparknet_assets.cli import main
from sparknet_assets.evaluation import history
from sparknet_assets.evaluation.evaluate import Outcome, evaluate, settings_sha256
from sparknet_assets.evaluation.measured import KINDS, Sample
from tests.evaluation.conftest import LEASE, MANUAL, QUESTIONS, REPORT, WriteSet


def by_kind(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {outcome.entry.kind: outcome for outcome in outcomes}


def test_each_kind_is_measured_where_there_is_truth(home: Deployment, write_set: WriteSet) -> None:
    texts = {"lease": "\f".join(LEASE), "report": REPORT.replace("Brandt", "Brand")}
    found = by_kind(evaluate(home, str(write_set(QUESTIONS, texts))))
    assert list(found) == ["ocr", "retrieval", "answers"]
    live = home.live
    for outcome in found.values():
        assert outcome.ok
        assert live and outcome.entry.generation == live.name
        assert outcome.entry.set_name == "truths"

    ocr = found["ocr"].measured
    assert ocr.scores.keys() == {"lease page 1", "lease page 2", "report"}
    assert ocr.scores["lease page 1"]["cer"] == 0
    assert ocr.scores["report"]["cer"] == pytest.approx(1 / (len(REPORT.strip()) - 1))
    assert ocr.scores["report"]["wer"] == pytest.approx(1 / len(REPORT.split()))

    retrieval = found["retrieval"].measured
    assert retrieval.scores.keys() == {"rent", "end", "captain"}
    assert retrieval.figures["document.recall@5"] == 1
    assert retrieval.scores["end"]["page.recall@5"] == 1
    assert retrieval.scores["rent"]["passage.mrr@10"] == 1
    assert "page.mrr@10" not in retrieval.scores["captain"]
    assert 0 < retrieval.figures["latency_p50_ms"] <= retrieval.figures["latency_p95_ms"]

    answers = found["answers"].measured
    assert answers.figures["refused"] == 1
    assert answers.scores["bread"] == {"refused": 1}
    assert answers.scores["end"] == dict.fromkeys(
        ("answered", "document_hit", "page_hit", "any_page_hit", "first_quote", "any_quote",
         "quotes_verified"),
        1.0,
    )  # fmt: skip


def test_a_truth_without_a_document_is_a_problem(home: Deployment, write_set: WriteSet) -> None:
    texts = {"lease": "one\ftwo\fthree", "gone": "text", "manual": MANUAL}
    [outcome] = evaluate(home, str(write_set(texts=texts)))
    assert not outcome.ok
    assert outcome.entry.items == 1
    assert [problem.split(".txt")[0] for problem in outcome.measured.problems] == [
        "texts/gone",
        "texts/lease",
    ]


def test_a_sample_is_of_each_kind(home: Deployment, write_set: WriteSet) -> None:
    where = str(write_set(QUESTIONS, {"manual": MANUAL, "report": REPORT}))
    found = by_kind(evaluate(home, where, sample=Sample(1, seed=3)))
    assert {kind: outcome.entry.items for kind, outcome in found.items()} == {
        "ocr": 1,
        "retrieval": 1,
        "answers": 1,
    }
    again = by_kind(evaluate(home, where, sample=Sample(1, seed=3)))
    assert again["answers"].measured.scores == found["answers"].measured.scores


def test_only_what_shapes_figures_is_in_the_digest_of_the_settings(tmp_path: Path) -> None:
    def digest(**given: Any) -> str:
        return settings_sha256(Deployment(Settings(home=tmp_path, **given)))

    plain = digest()
    assert plain == digest(workers=7, batch_size=3) == digest(pdf_passwords=["secret"])
    assert plain != digest(chunk_tokens=128)


def run(home: Deployment, *arguments: str | Path) -> Result:
    words = ["--home", str(home.settings.home), "eval", *map(str, arguments)]
    return CliRunner().invoke(main, words, prog_name="sparknet")


def test_a_regression_is_said_and_the_history_kept(home: Deployment, write_set: WriteSet) -> None:
    folder = write_set(texts={"report": REPORT}, name="kept")
    first = run(home, folder)
    assert first.exit_code == 0, first.output
    assert "No figures are accepted yet" in first.output
    assert "are what later ones are held against" in run(home, folder, "--accept").output
    assert run(home, folder).exit_code == 0

    (folder / "texts" / "report.txt").write_text(REPORT.upper(), "utf-8")
    worse = run(home, folder)
    assert worse.exit_code == 1
    assert "2 figures worse than accepted" in worse.output
    as_json = json.loads(run(home, folder, "--json").stdout)
    [made] = as_json["evaluations"]
    assert not made["ok"]
    assert {c["name"] for c in made["changes"] if c["regressed"]} == {"cer", "wer"}

    assert run(home, folder, "--accept").exit_code == 0
    assert run(home, folder).exit_code == 0
    kept = json.loads(run(home, "history", "--set", "kept", "--json").stdout)["entries"]
    assert [entry["accepted"] for entry in kept] == [False, True, False, False, False, True, False]
    assert len({entry["set_sha256"] for entry in kept}) == 2
    listed = run(home, "history", "--set", "kept", "--last", "1").output
    assert "cer" in listed
    assert "ocr" in listed


def test_accepting_one_kind_keeps_what_is_accepted_of_the_others(
    home: Deployment, write_set: WriteSet
) -> None:
    folder = str(write_set(QUESTIONS, {"report": REPORT}, name="parts"))
    evaluate(home, folder, accept=True)
    before = history.accepted(home.storage, "parts", "ocr")
    evaluate(home, folder, only=["retrieval"], accept=True)
    assert before is not None
    assert history.accepted(home.storage, "parts", "ocr") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing-here"], "no evaluation set"),
        (["--only", "speed"], "--only takes ocr"),
        (["history", "--only", "speed"], "--only takes ocr"),
    ],
)
def test_what_can_t_be_done_is_said(home: Deployment, arguments: list[str], said: str) -> None:
    done = run(home, *arguments)
    assert done.exit_code != 0
    assert said in done.output


def test_a_set_without_the_truth_asked_for_is_no_success(
    home: Deployment, write_set: WriteSet
) -> None:
    done = run(home, write_set(QUESTIONS), "--only", "ocr")
    assert done.exit_code == 1
    assert "no truth for what was asked for" in done.output


def test_the_kinds_spelled_out_are_those_of_the_code() -> None:
    assert command.KINDS == KINDS
