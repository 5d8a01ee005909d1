"""Passages that say the same as better ones, put behind those that say something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from resources.vector_store import SearchHit
from resources.vector_store.words import indexed_form

# Carbonell and Goldstein, SIGIR 1998: how much relevance weighs against novelty.
RELEVANCE = 0.7
_WORD = re.compile(r"\w+")
# Broder 1997 takes sequences of words to compare texts: single ones are shared by any two.
_SHINGLE = 3


def diversified(ranking: Sequence[SearchHit], top_k: int) -> list[SearchHit]:
    """The `top_k` hits of the highest maximal marginal relevance, in the order they are chosen.

    Each time the hit with the highest `0.7 relevance - 0.3 likeness` comes next, where relevance
    is its score as a share of the best one's, and likeness the largest share of its sequences of
    three words that a hit chosen before has too (Carbonell and Goldstein, SIGIR 1998; the measure
    is the containment of Broder, 1997). Scores stay what they were.

    Args:
        ranking: Best first.
    """
    left = [(hit, _relevance(hit, ranking[0]), _shingles(hit.chunk.text)) for hit in ranking]
    likeness = [0.0] * len(left)
    chosen: list[SearchHit] = []
    while left and len(chosen) < top_k:
        marginal = [
            RELEVANCE * relevance - (1 - RELEVANCE) * like
            for (_, relevance, _), like in zip(left, likeness, strict=True)
        ]
        best = max(range(len(left)), key=lambda n: (marginal[n], -n))
        hit, _, said = left.pop(best)
        likeness.pop(best)
        chosen.append(hit)
        likeness = [
            max(like, _contained(shingles, said))
            for (_, _, shingles), like in zip(left, likeness, strict=True)
        ]
    return chosen


def _relevance(hit: SearchHit, best: SearchHit) -> float:
    return max(hit.score, 0.0) / best.score if best.score > 0 else 0.0


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(indexed_form(text).casefold())
    if len(words) < _SHINGLE:
        return frozenset([tuple(words)])
    return frozenset(zip(*(words[n:] for n in range(_SHINGLE)), strict=False))


def _contained(shingles: frozenset[tuple[str, ...]], said: frozenset[tuple[str, ...]]) -> float:
    return len(shingles & said) / len(shingles)
