"""Search over what was indexed: by meaning, by words, or both fused."""

from sparknet_assets.retrieval.filters import Filters, PageSpan, scope_of
from sparknet_assets.retrieval.fusion import RRF_K, fuse
from sparknet_assets.retrieval.known import known_hits
from sparknet_assets.retrieval.results import (
    Context,
    Explanation,
    Hit,
    HitBox,
    Part,
    SearchMode,
    SearchResponse,
)
from sparknet_assets.retrieval.searching import search

__all__ = [
    "RRF_K",
    "Context",
    "Explanation",
    "Filters",
    "Hit",
    "HitBox",
    "PageSpan",
    "Part",
    "SearchMode",
    "SearchResponse",
    "fuse",
    "known_hits",
    "scope_of",
    "search",
]
