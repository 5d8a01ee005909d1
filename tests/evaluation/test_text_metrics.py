"""Error rates and word scores of a text that was read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.evaluation.text_metrics import (
    character_error_rate,
    edit_distance,
    word_error_rate,
    word_scores,
)

SHORT = st.text("abc", max_size=12)


@pytest.mark.parametrize(
    ("text", "truth", "rate"),
    [
        ("ferry", "ferry", 0),
        ("", "ferry", 1),
        ("fery", "ferry", 1 / 5),
        ("a  b\nc", "a b c", 0),
        ("kitten", "sitting", 3 / 7),
        ("abcd", "a", 3),
        ("", "", 0),
        ("ab", "", 2),
    ],
)
def test_character_error_rate(text: str, truth: str, rate: float) -> None:
    assert character_error_rate(text, truth) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("text", "truth", "rate"),
    [
        ("the key is kept", "the key is kept", 0),
        ("the key\nis  kept", "the key is kept", 0),
        ("the kay is kept", "the key is kept", 1 / 4),
        ("key the is kept", "the key is kept", 2 / 4),
        ("is kept", "the key is kept", 2 / 4),
        ("The key", "the key", 1 / 2),
    ],
)
def test_word_error_rate(text: str, truth: str, rate: float) -> None:
    assert word_error_rate(text, truth) == pytest.approx(rate)


@given(SHORT, st.text("abc", min_size=1, max_size=12))
def test_an_error_rate_is_bounded_by_the_longer_text(text: str, truth: str) -> None:
    rate = character_error_rate(text, truth)

    assert abs(len(text) - len(truth)) <= round(rate * len(truth)) <= max(len(text), len(truth))


@given(SHORT, SHORT, SHORT)
def test_the_edit_distance_is_a_metric(one: str, other: str, third: str) -> None:
    between = edit_distance(one, other)
    assert (between == 0) == (one == other)
    assert between == edit_distance(other, one)
    assert between <= edit_distance(one, third) + edit_distance(third, other)


@given(SHORT, SHORT, SHORT, SHORT)
def test_what_both_begin_and_end_with_costs_nothing(
    start: str, one: str, other: str, end: str
) -> None:
    assert edit_distance(start + one + end, start + other + end) == edit_distance(one, other)


def test_words_count_as_often_as_they_stand_there() -> None:
    precision, recall, f1 = word_scores([("Tea tea cake", "TEA cake cake jam")])

    assert precision == pytest.approx(2 / 3)
    assert recall == pytest.approx(2 / 4)
    assert f1 == pytest.approx(4 / 7)


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_word_scores_do_not_see_the_order_and_swap_with_the_sides(
    ours: list[str], theirs: list[str]
) -> None:
    scores = word_scores([(" ".join(ours), " ".join(theirs))])
    assert scores == word_scores([(" ".join(sorted(ours)), " ".join(theirs[::-1]))])
    swapped = word_scores([(" ".join(theirs), " ".join(ours))])
    assert (scores.precision, scores.recall) == (swapped.recall, swapped.precision)
    assert all(0 <= score <= 1 for score in scores)
