"""Scores of rankings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.evaluation.ranking_metrics import (
    means,
    ndcg_at,
    percentile,
    ranking_scores,
    recall_at,
    reciprocal_rank,
)

RANKINGS = st.lists(st.booleans(), max_size=15)
DEPTHS = st.integers(1, 15)


@pytest.mark.parametrize(
    ("ranking", "relevant", "recall", "reciprocal", "ndcg"),
    [
        ([True], 1, 1, 1, 1),
        ([False, True], 1, 1, 1 / 2, 1 / math.log2(3)),
        ([False, False, False], 1, 0, 0, 0),
        ([], 1, 0, 0, 0),
        # Two of three relevant ones, at ranks 1 and 3, of which the second is within the depth.
        ([True, False, True], 3, 2 / 3, 1, (1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)),
        ([False, False, False, True], 1, 0, 0, 0),
    ],
)
def test_scores_by_hand(
    ranking: list[bool], relevant: int, recall: float, reciprocal: float, ndcg: float
) -> None:
    assert recall_at(3, ranking, relevant) == pytest.approx(recall)
    assert reciprocal_rank(ranking, 3) == pytest.approx(reciprocal)
    assert ndcg_at(3, ranking, relevant) == pytest.approx(ndcg)


@given(RANKINGS, DEPTHS, st.integers(0, 5))
def test_scores_are_shares_and_grow_with_the_depth(
    ranking: list[bool], depth: int, missed: int
) -> None:
    relevant = max(1, sum(ranking) + missed)
    for score in (recall_at, ndcg_at):
        assert 0 <= score(depth, ranking, relevant) <= 1
    assert recall_at(depth, ranking, relevant) <= recall_at(depth + 1, ranking, relevant)
    assert reciprocal_rank(ranking, depth) <= reciprocal_rank(ranking) <= 1


@given(RANKINGS, DEPTHS)
def test_all_that_is_relevant_first_is_the_best(ranking: list[bool], depth: int) -> None:
    relevant = max(1, sum(ranking))
    best = sorted(ranking, reverse=True)
    for score in (recall_at, ndcg_at):
        assert score(depth, ranking, relevant) <= score(depth, best, relevant)
    if any(ranking):
        assert ndcg_at(depth, best, relevant) == pytest.approx(1)
        assert reciprocal_rank(best) == 1


@given(RANKINGS.filter(lambda ranking: sum(ranking) == 1), DEPTHS)
def test_one_relevant_thing_gains_by_its_rank_alone(ranking: list[bool], depth: int) -> None:
    rank = ranking.index(True) + 1
    gained = 1 / math.log2(1 + rank) if rank <= depth else 0
    assert ndcg_at(depth, ranking, 1) == pytest.approx(gained)
    assert recall_at(depth, ranking, 1) == (rank <= depth)


def test_more_relevant_places_than_there_are_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 relevant places, of 1"):
        recall_at(5, [True, True], 1)
    with pytest.raises(ValueError, match="of 0"):
        ndcg_at(5, [], 0)


def test_means_are_over_the_questions_that_have_a_score() -> None:
    found = means([ranking_scores([True]), ranking_scores([False, True]), {"answered": 1.0}])
    assert found["recall@1"] == 0.5
    assert found["mrr@10"] == 0.75
    assert found["answered"] == 1
    assert means([]) == {}


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_that_was_measured(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_percentiles_by_hand() -> None:
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile([4, 1, 3, 2], 0.95) == 4
    with pytest.raises(ValueError, match="needs values"):
        percentile([], 0.5)
