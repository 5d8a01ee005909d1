"""A quote is found where it stands word for word, with its numbers, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.answers.quotes import find_quote, numbers

PASSAGE = (
    "The ten\u00adant pays a rent of 1,840.50 euros\non the first day"
    " \u2013 \u201cpromptly\u201d \u2013 of each month."
    " Year- over-year, the \ufb01rst docu-\nment\u2019s fee rose.\n\n"
    "Total net sales | $ 81,797 | $ 82,959\nNot due before 2027. "
    "\u79df\u91d1\u4e3a\u516b\u767e\u6b27\u5143\u3002"
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("pays a rent of 1,840.50 euros on the FIRST day", "pays a rent of 1,840.50 euros\non the"),
        ('first day - "promptly" - of each month.', "first day"),
        ("year-over-year, the first document's fee", "Year- over-year, the \ufb01rst docu-"),
        ("Total net sales $ 81,797", "Total net sales | $ 81,797"),
        ("...rent of 1,840.50 euros", "rent of"),
        ("pays a rent of 1840.50 euros", "pays a rent of 1,840.50 euros"),
        ("Total net sales $81,797", "Total net sales | $ 81,797"),
        ("net sales $81797 $82959", "net sales | $ 81,797 | $ 82,959"),
        ("The tenant pays", "The ten\u00adant pays"),
        ("\u79df\u91d1\u4e3a\u516b\u767e", "\u79df\u91d1\u4e3a\u516b\u767e"),
    ],
)
def test_found(quote: str, found: str) -> None:
    there = find_quote(quote, PASSAGE)
    assert there is not None
    assert there in PASSAGE
    assert there.startswith(found)


@pytest.mark.parametrize(
    "quote",
    [
        "pays a rent of 1,840 euros",
        "a rent of 1,840",
        "840.50 euros",
        "a rent of 18,40.50",
        "a rent of 184,0.50",
        "net sales | $ 81,79",
        "enant pays a rent",
        "pays a ren",
        "pays rent of 1,840.50",
        "due before 2027 only",
        "the",
        "rent",
        "...",
        "",
        "pays a rent ... each month",
    ],
)
def test_not_found(quote: str) -> None:
    assert find_quote(quote, PASSAGE) is None


def test_numbers_are_exact() -> None:
    assert numbers("1,234,567.5 in 2023 (10-Q), 3.5%") == ["1234567.5", "2023", "10", "3.5"]


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_what_is_found_is_of_the_passage(before: str, quote: str, after: str) -> None:
    passage = before + quote + after
    found = find_quote(quote, passage)
    assert found is None or found in passage
