"""Figures beside the accepted ones, and samples."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.evaluation.comparison import compare, tolerance_of
from sparknet_assets.evaluation.measured import Accepted, Entry, Measured, Sample
from sparknet_assets.evaluation.ranking_metrics import means

Scores = dict[str, dict[str, float]]


def measured(scores: Scores, **figures: float) -> Measured:
    return Measured(kind="ocr", figures={**means(scores.values()), **figures}, scores=scores)


def accepted(scores: Scores, **figures: float) -> Accepted:
    entry = Entry(
        when=datetime(2026, 1, 1, tzinfo=UTC),
        kind="ocr",
        set_name="s",
        set_sha256="",
        deployment="local",
        generation="",
        settings_sha256="",
        code_version="",
        items=len(scores),
        figures={**means(scores.values()), **figures},
    )
    return Accepted(entry=entry, scores=scores)


def hits(right: int, of: int, name: str = "page_hit") -> Scores:
    return {str(item): {name: float(item < right)} for item in range(of)}


@pytest.mark.parametrize(
    ("before", "now", "regressed"),
    [(90, 90, False), (90, 95, False), (90, 87, False), (90, 86, True), (90, 10, True)],
)
def test_four_questions_lost_of_a_hundred_are_a_regression(
    before: int, now: int, regressed: bool
) -> None:
    [change] = compare(measured(hits(now, 100)), accepted(hits(before, 100)))
    assert change.regressed is regressed
    assert change.worse == pytest.approx((before - now) / 100)
    assert change.items == 100


def test_as_many_won_as_lost_are_none() -> None:
    now = {item: {"page_hit": 1 - score["page_hit"]} for item, score in hits(50, 100).items()}
    [change] = compare(measured(now), accepted(hits(50, 100)))
    assert not change.regressed


def test_error_rates_are_worse_when_they_rise() -> None:
    low = {str(item): {"cer": 0.01 * (item % 3)} for item in range(30)}
    high = {item: {"cer": score["cer"] + 0.02} for item, score in low.items()}
    [risen] = compare(measured(high), accepted(low))
    assert risen.regressed
    [fallen] = compare(measured(low), accepted(high))
    assert not fallen.regressed
    assert fallen.worse == pytest.approx(-0.02)


def test_only_items_that_both_have_are_compared() -> None:
    now = {**hits(4, 4), "new": {"page_hit": 0.0}}
    [change] = compare(measured(now), accepted({**hits(4, 4), "gone": {"page_hit": 1.0}}))
    assert (change.items, change.worse, change.regressed) == (4, 0, False)
    assert change.now == pytest.approx(0.8)


def test_latencies_are_shown_and_never_a_regression() -> None:
    found = compare(measured({}, latency_p50_ms=900), accepted({}, latency_p50_ms=9))
    assert [(c.before, c.now, c.tolerance, c.regressed) for c in found] == [(9, 900, None, False)]


def test_without_accepted_figures_nothing_is_compared() -> None:
    [change] = compare(measured(hits(1, 2)), None)
    assert (change.before, change.regressed) == (None, False)


def test_a_figure_is_the_mean_that_a_single_item_can_worsen() -> None:
    [change] = compare(measured(hits(0, 1)), accepted(hits(1, 1)))
    assert (change.tolerance, change.regressed) == (0, True)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=50), st.floats(0.1, 10))
def test_the_tolerance_grows_with_the_differences_and_ignores_their_mean(
    differences: list[float], factor: float
) -> None:
    tolerance = tolerance_of(differences)
    assert tolerance >= 0
    moved = tolerance_of([difference + 3 for difference in differences])
    assert moved == pytest.approx(tolerance, abs=1e-6)
    scaled = tolerance_of([factor * difference for difference in differences])
    assert scaled == pytest.approx(factor * tolerance, abs=1e-6)


@given(st.sets(st.text(max_size=4), max_size=30), st.integers(1, 40), st.integers(0, 3))
def test_samples_are_nested_and_the_same_each_time(items: set[str], size: int, seed: int) -> None:
    given_order = sorted(items)
    chosen = Sample(size, seed).of(given_order, str)
    assert len(chosen) == min(size, len(items))
    assert chosen == [item for item in given_order if item in chosen]
    assert set(chosen) == set(Sample(size, seed).of(given_order[::-1], str))
    assert set(chosen) <= set(Sample(size + 1, seed).of(given_order, str))
    joined = Sample(size, seed).of([*given_order, "joined"], str)
    assert len(set(chosen) - set(joined)) <= 1


def test_another_seed_gives_another_sample() -> None:
    items = [str(number) for number in range(100)]
    assert Sample(10, 1).of(items, str) != Sample(10, 2).of(items, str)
    assert Sample().of(items, str) == items
