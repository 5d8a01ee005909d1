"""Periods as questions, file names and covers name them, in English and German."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.retrieval.asking import asked_of
from sparknet_assets.retrieval.periods import (
    Period,
    agreement,
    latest,
    own_periods,
    periods_in,
    without_periods,
)

Q3 = Period(2022, quarter=3)


@pytest.mark.parametrize(
    "text",
    [
        "Q3 2022",
        "the third quarter of 2022",
        "third-quarter 2022",
        "the 3rd quarter 2022",
        "third fiscal quarter of 2022",
        "third quarter of fiscal year 2022",
        "3Q22",
        "3Q 2022",
        "Q3'22",
        "Q3\u201922",
        "Q3 FY22",
        "Q3/2022",
        "2022Q3",
        "2022_Q3_ACME",
        "2022-q3",
        "Q3_report_2022",
        "ACME-2022-report-Q3",
        "im dritten Quartal 2022",
        "drittes Quartal 2022",
        "3. Quartal 2022",
        "3. Quartal des Geschäftsjahres 2022",
    ],
)
def test_a_quarter(text: str) -> None:
    assert periods_in(text) == [Q3]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("second fiscal quarter", [Period(quarter=2)]),
        ("the quarter ended June 25, 2022", [Period(2022, month=6)]),
        ("in June 2022", [Period(2022, month=6)]),
        ("25 June 2022", [Period(2022, month=6)]),
        ("zum 30. Juni 2022", [Period(2022, month=6)]),
        ("im März 2022", [Period(2022, month=3)]),
        ("30.06.2022", [Period(2022, month=6)]),
        ("2022-06-30", [Period(2022, month=6)]),
        ("minutes 2022-06", [Period(2022, month=6)]),
        ("acme-20220625", [Period(2022, month=6)]),
        ("fiscal year 2023", [Period(2023)]),
        ("FY23", [Period(2023)]),
        ("Geschäftsjahr 2022/23", [Period(2022)]),
        ("report-2022", [Period(2022)]),
        ("H1 2022", [Period(2022, half=1)]),
        ("1. Halbjahr 2022", [Period(2022, half=1)]),
        ("second half of 2022", [Period(2022, half=2)]),
        ("Q1 to Q3 2023", [Period(2023, quarter=1), Period(2023, quarter=3)]),
        ("Q1 2023 and Q1 2022", [Period(2023, quarter=1), Period(2022, quarter=1)]),
        ("2,022 units, $2022, 2022 percent, the 2020s, 12022 and 1.2022", []),
        ("You may march in the first quarterback", []),
        ("", []),
    ],
)
def test_other_periods(text: str, wanted: list[Period]) -> None:
    assert periods_in(text) == wanted


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for period in periods_in(text):
        assert any(period)
    assert periods_in(without_periods("Q3 2022")) == []


def test_a_cover_says_what_it_is_of() -> None:
    cover = (
        "FORM 10-Q\nQUARTERLY REPORT under the Act of 1934\nFor the quarterly period ended"
        " July 1, 2023\nor\nTRANSITION REPORT\n9 shares were held as of July 21, 2024."
    )
    assert own_periods(cover) == [Period(2023, month=7)]
    assert own_periods("Bericht für das Quartal zum 30. Juni 2022, gedruckt 2023") == [
        Period(2022, month=6)
    ]
    assert own_periods("Acme\nThird quarter 2022 results\nPrinted in May 2024") == [Q3]
    assert own_periods("A novel, first published in 1934") == []


def test_periods_are_compared_as_far_as_they_are_named() -> None:
    assert agreement([Q3], [Q3]) == 1
    assert agreement([Period(2022)], [Q3]) == 1
    assert agreement([Period(quarter=3)], [Q3]) == 1
    assert agreement([Q3], [Period(2022, quarter=2)]) == 0
    assert agreement([Q3], [Period(2023, quarter=3)]) == 0
    assert 0 < agreement([Q3], [Period(2022)]) < agreement([Q3], [Period(2022, month=9)]) < 1
    assert agreement([Q3], [Period(2022), Q3]) == 1
    assert agreement([], [Q3]) == agreement([Q3], []) == 0


def test_the_latest_is_told_by_what_all_name() -> None:
    ended = Period(2023, month=7)
    assert latest([[Q3], [Period(2023, quarter=1)], [Period(2022, quarter=4)]]) == 1
    assert latest([[Q3], [Period(2023, quarter=1), ended]]) == 1
    assert latest([[Period(2022, month=6)], [ended]]) == 1
    assert latest([[Q3], [ended]]) == 1
    assert latest([[Q3], [Q3]]) is None
    assert latest([[Q3], [Period(quarter=4)]]) is None
    assert latest([]) is None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (
            "How did sales change from the first to the third quarter of 2022?",
            ["2022 Q1", "2022 Q3"],
        ),
        ("Sales in the 1st, 2nd and 3rd fiscal quarter 2022", ["2022 Q1", "2022 Q2", "2022 Q3"]),
        ("Umsatz im ersten und zweiten Halbjahr 2022", ["2022 H1", "2022 H2"]),
        ("Who was the first and what did the third quarter of 2022 bring?", ["2022 Q3"]),
    ],
)
def test_what_a_list_of_quarters_leaves_out_is_understood(question: str, wanted: list[str]) -> None:
    assert [str(period) for period in asked_of(question).periods] == wanted


@pytest.mark.parametrize(
    ("question", "is_latest", "several"),
    [
        ("What was the margin in the latest report?", True, False),
        ("Sales in the most recent quarter?", True, False),
        ("Revenue of the current period?", True, False),
        ("Wie hoch war der Umsatz im letzten Quartal?", True, False),
        ("Was sagt der neueste Bericht?", True, False),
        ("What are the current assets?", False, False),
        ("How did sales change over the reported quarters?", False, True),
        ("Compare sales in the latest quarter to previous quarters.", True, True),
        ("Sales in Q3 2022 and Q3 2023?", False, True),
        ("How have sales changed over time?", False, True),
        ("Margin in the latest report against Q3 2022?", True, True),
        ("Margin in the latest report of 2022?", True, False),
        ("Wie hat sich der Umsatz gegenüber dem Vorquartal entwickelt?", False, True),
        ("How did costs in Q3 2022 compare to sales of the same quarter?", False, False),
        ("Who wrote the report?", False, False),
    ],
)
def test_what_a_question_says_of_time(question: str, is_latest: bool, several: bool) -> None:
    asked = asked_of(question)
    assert (asked.latest, asked.several) == (is_latest, several)
