"""Cuts a paragraph that is too long for a chunk, between sentences where it has any."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from sparknet_assets.chunking.runs import Run, TokenCounts, cut_runs, text_of

# A paragraph of more words is cut bluntly first, so that the time to split it stays linear.
_MANY_WORDS = 8000


def split_runs(runs: Sequence[Run], most: int, counts: TokenCounts) -> Iterator[list[Run]]:
    """Cuts runs into pieces of at most `most` tokens, in order; no word is cut."""
    words = sum(len(run.words) for run in runs)
    for start in range(0, words, _MANY_WORDS):
        stretch = cut_runs(runs, start, start + _MANY_WORDS)
        offset = 0
        sizes = [count for run in stretch for count in run.counts]
        for stop in _stops(text_of(stretch), sizes, most, counts):
            yield cut_runs(stretch, offset, stop)
            offset = stop


def _stops(text: str, sizes: Sequence[int], most: int, counts: TokenCounts) -> Iterator[int]:
    """Word numbers at which pieces end, the end of the text included."""
    from semantic_text_splitter import TextSplitter

    def count(part: str) -> int:
        return sum(counts[word] for word in part.split())

    starts = list(accumulate((len(word) + 1 for word in text.split(" ")), initial=0))
    pieces = TextSplitter.from_callback(count, most).chunk_indices(text)
    # The splitter may cut "re-elected" at its hyphen: the word stays with the piece it began in.
    edges = [0, *(bisect_left(starts, offset) for offset, _ in pieces), len(sizes)]
    for start, stop in pairwise(edges):
        used = 0
        for word in range(start, stop):
            if used and used + sizes[word] > most:
                yield word
                used = 0
            used += sizes[word]
        if stop > start:
            yield stop
