"""How well a ranking puts first what is relevant. Relevance is yes or no; ranks start at 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

Relevance = Sequence[bool]
"""Of each place of a ranking, the best first; every relevant thing stands there once at most."""


DEPTHS = (1, 5, 10)


def ranking_scores(ranking: Relevance, relevant: int = 1) -> dict[str, float]:
    """All scores of one question: `recall@1`, `recall@5`, `recall@10`, `mrr@10`, `ndcg@10`."""
    deepest = DEPTHS[-1]
    return {
        **{f"recall@{depth}": recall_at(depth, ranking, relevant) for depth in DEPTHS},
        f"mrr@{deepest}": reciprocal_rank(ranking, deepest),
        f"ndcg@{deepest}": ndcg_at(deepest, ranking, relevant),
    }


def means(scores: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over the questions that have it."""
    columns: dict[str, list[float]] = {}
    for each in scores:
        for name, value in each.items():
            columns.setdefault(name, []).append(value)
    return {name: fmean(values) for name, values in columns.items()}


def recall_at(depth: int, ranking: Relevance, relevant: int) -> float:
    """Share of all that is relevant that is among the first `depth`: 0 to 1.

    With one relevant thing a question, its mean is the success (or hit) rate at that depth.

    Args:
        relevant: How many relevant things there are, found or not; at least 1.
    """
    return sum(ranking[:depth]) / _known(relevant, ranking)


def reciprocal_rank(ranking: Relevance, depth: int | None = None) -> float:
    """1 / rank of the first that is relevant; 0 where none is, or none within `depth`.

    The mean over questions is MRR (Voorhees, TREC-8 question answering track, 1999).
    """
    for rank, hit in enumerate(ranking[:depth], 1):
        if hit:
            return 1 / rank
    return 0.0


def ndcg_at(depth: int, ranking: Relevance, relevant: int) -> float:
    """Normalised discounted cumulative gain with gains of 0 and 1: 0 to 1.

    DCG = sum of 1 / log2(1 + rank) over the relevant ranks within `depth`, by the DCG of a ranking
    that has all `relevant` ones first (Järvelin and Kekäläinen, ACM TOIS 20:4, 2002).
    """
    gained = _discounted(rank for rank, hit in enumerate(ranking[:depth], 1) if hit)
    ideal = _discounted(range(1, min(depth, _known(relevant, ranking)) + 1))
    return gained / ideal


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that `share` of all are not above.

    Raises:
        ValueError: There are no values, or the share is not within 0 and 1.
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("a percentile needs values, and a share from 0 to 1")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _discounted(ranks: Iterable[int]) -> float:
    return sum(1 / math.log2(1 + rank) for rank in ranks)


def _known(relevant: int, ranking: Relevance) -> int:
    if relevant < max(1, sum(ranking)):
        raise ValueError(f"{sum(ranking)} relevant places, of {relevant} that there are")
    return relevant
