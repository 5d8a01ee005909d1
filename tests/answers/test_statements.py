"""What can answer by itself: lists with what leads to them, rows with captions and groups."""

from __future__ import annotations

import pytest

from sparknet_assets.answers.amounts import asks_amount, has_figures, must_count
from sparknet_assets.answers.evidence import Passage, weigh
from sparknet_assets.answers.statements import statements
from sparknet_assets.answers.tables import heading_of
from tests.doubles.embedder import WordEmbedder

SERVERS = (
    "Energy of servers in kWh a year\n\nImproved scenario\nServers in: | 2007 | 2008\n"
    "Closets | 1,505 | 1,580\nRooms | 1,512 | 1,586\nBest scenario\nClosets | 1,456 | 1,439"
)


def best(question: str, *texts: str) -> str:
    embedder = WordEmbedder()
    passages = [Passage(str(n), text, 0.5) for n, text in enumerate(texts)]
    [vector] = embedder.embed([question])
    return weigh(question, vector, passages, texts, embedder)[0].sentence.text


def test_a_list_is_quoted_with_what_leads_to_it() -> None:
    passage = "The fleet got new boats:\n\n• the Auk, for 12 men\n\n• the Tern.\n\nAll are paid."
    assert [each.text for each in statements(passage)] == [
        "The fleet got new boats:\n\n• the Auk, for 12 men\n\n• the Tern.",
        "All are paid.",
    ]


def test_what_leads_to_rows_is_their_caption() -> None:
    passage = "Sales were as follows (in millions):\n\n| 2022 | 2021\nBoats | 12.5 | 11.0"
    found = list(statements(passage))
    assert [each.text for each in found] == ["| 2022 | 2021", "Boats | 12.5 | 11.0"]
    assert "Sales were as follows" in found[-1].above


def test_what_leads_out_of_the_passage_is_marked() -> None:
    [first, last] = statements("It is paid. The following table shows sales:")
    assert not first.leads
    assert last.leads


def test_a_row_comes_with_the_years_of_its_columns_and_its_group() -> None:
    assert heading_of(SERVERS, "Closets | 1,505 | 1,580").split("\n") == [
        "Improved scenario",
        "Servers in: | 2007 | 2008",
    ]
    assert heading_of(SERVERS, "Closets | 1,456 | 1,439").split("\n")[-1] == "Best scenario"


def test_a_row_that_stands_in_several_reports_is_no_running_line() -> None:
    reports = [f"| {y} | {y - 1}\nNet income | 19,4{y % 100} | 21,7{y % 90}" for y in (2021, 2022)]
    assert best("What was net income?", *reports).startswith("Net income | ")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What were boat sales?", "Boat | 12.5"),
        ("Why did boat sales fall?", "Boat sales fell due to lower prices of boats."),
    ],
)
def test_figures_answer_what_asks_for_an_amount(question: str, answer: str) -> None:
    texts = (
        "Boat sales fell due to lower prices of boats.",
        "Sales were as follows:\n\n| 2022\nBoat | 12.5\nNets | 3.5",
    )
    assert best(question, *texts) == answer


@pytest.mark.parametrize(
    ("question", "counted", "amount"),
    [
        ("How many men sail?", True, True),
        ("Wie hoch ist die Miete?", True, True),
        ("Combien est dû ?", True, True),
        ("What was net income in 2022?", False, True),
        ("Why did net income fall?", False, False),
        ("Who sails?", False, False),
    ],
)
def test_what_asks_for_an_amount(question: str, counted: bool, amount: bool) -> None:
    assert must_count(question) == counted
    assert asks_amount(question) == amount


@pytest.mark.parametrize(
    ("text", "has"),
    [("| June 25, | 2022", False), ("Net (1) | 2021", False), ("Net | 19,442", True)],
)
def test_dates_and_footnotes_are_no_figures(text: str, has: bool) -> None:
    assert has_figures(text) == has
