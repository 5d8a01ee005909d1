"""The arithmetic of the OCR benchmarks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ocr_accuracy import character_error_rate, word_scores


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
    ],
)
def test_character_error_rate(text: str, truth: str, rate: float) -> None:
    assert character_error_rate(text, truth) == pytest.approx(rate)


@given(st.text("abc", max_size=12), st.text("abc", min_size=1, max_size=12))
def test_an_error_rate_is_bounded_by_the_longer_text(text: str, truth: str) -> None:
    rate = character_error_rate(text, truth)

    assert abs(len(text) - len(truth)) <= round(rate * len(truth)) <= max(len(text), len(truth))


def test_words_count_as_often_as_they_stand_there() -> None:
    precision, recall, f1 = word_scores([("Tea tea cake", "TEA cake cake jam")])

    assert precision == pytest.approx(2 / 3)
    assert recall == pytest.approx(2 / 4)
    assert f1 == pytest.approx(4 / 7)
