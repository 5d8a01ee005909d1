"""How far a text that was read is from the true one: characters, words, and words as a multiset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple


class WordScores(NamedTuple):
    """Precision, recall and their harmonic mean, each 0 to 1."""

    precision: float
    recall: float
    f1: float


def edit_distance(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> int:
    """Levenshtein distance: fewest insertions, deletions and substitutions (each costs 1).

    The dynamic programme of Wagner and Fischer (J. ACM 21:1, 1974), a row at a time; time grows
    with the product of the lengths, memory with `ours`.
    """
    import numpy as np

    numbers: dict[Hashable, int] = {}
    row_of = [numbers.setdefault(item, len(numbers)) for item in ours]
    left = np.array(row_of, dtype=np.int64)
    steps = np.arange(len(left) + 1)
    row = steps.copy()
    for index, item in enumerate(theirs, start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (left != numbers.get(item, -1)))
        best = np.concatenate(([index], best))
        # An insertion costs 1 a step from the best place to its left.
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


def character_error_rate(text: str, truth: str) -> float:
    """CER: edit distance of the characters by the length of the truth; may exceed 1.

    White space is folded to single spaces; letter case and line order count. Without any truth
    there is nothing to be wrong about but what was read: the rate is its length.
    """
    theirs = " ".join(truth.split())
    return edit_distance(" ".join(text.split()), theirs) / max(1, len(theirs))


def word_error_rate(text: str, truth: str) -> float:
    """WER: edit distance of the words, as white space parts them, by the number of true ones.

    Letter case, punctuation and order count; may exceed 1.
    """
    theirs = truth.split()
    return edit_distance(text.split(), theirs) / max(1, len(theirs))


def word_scores(pairs: Iterable[tuple[str, str]]) -> WordScores:
    """Words as multisets, letter case and order ignored: what hits, of what was read and is true.

    P = hits / words read, R = hits / true words, F1 = 2PR / (P + R), where a word hits as often as
    both sides have it. Counts are added up over all pairs (micro average).

    Args:
        pairs: Text read, true text.
    """
    hits = found = there = 0
    for text, truth in pairs:
        ours, theirs = Counter(text.lower().split()), Counter(truth.lower().split())
        hits += (ours & theirs).total()
        found += ours.total()
        there += theirs.total()
    precision, recall = hits / max(1, found), hits / max(1, there)
    return WordScores(precision, recall, 2 * precision * recall / max(1e-9, precision + recall))
