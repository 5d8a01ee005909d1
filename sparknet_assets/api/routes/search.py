"""Passages and answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sparknet_assets.api.context import Api, ApiDep, requires
from sparknet_assets.retrieval import Filters, SearchMode, SearchResponse

router = APIRouter(tags=["search"], dependencies=[Depends(requires("read"))])
LONGEST_QUERY = 10_000
# Neighbours are read for each passage: ten for each of a thousand took minutes, and 34 MB.
_MOST_NEIGHBOURS = 1000
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY, pattern=r"\S")]


class SearchRequest(BaseModel):
    """What to look for.

    Attributes:
        k: Passages at most.
        mode: `vector` by meaning, `keyword` by words, `hybrid` by both.
        diversity: Prefer passages that say something new.
        context: How many neighbouring passages come with each; times `k`, 1,000 at most.
        explain: Say how each passage got its rank.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"query": "notice period", "k": 5, "filters": {"tiers": ["standard"]}}]
        },
    )

    query: Text
    k: int = Field(default=10, ge=1, le=1000)
    mode: SearchMode = "hybrid"
    filters: Filters = Field(default_factory=Filters)
    diversity: bool = False
    context: int = Field(default=0, ge=0, le=10)
    explain: bool = False

    @model_validator(mode="after")
    def _not_too_many_neighbours(self) -> SearchRequest:
        if self.k * self.context > _MOST_NEIGHBOURS:
            raise ValueError(f"k times context may be {_MOST_NEIGHBOURS:,} at most")
        return self


@router.post("/search", operation_id="search")
def post_search(api: ApiDep, body: SearchRequest) -> SearchResponse:
    """Finds the passages that answer a query best, each with document, page and place."""
    return _search(api, body)


@router.get("/search", operation_id="searchByAddress")
def get_search(
    api: ApiDep,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, pattern=r"\S")],
    k: Annotated[int, Query(ge=1, le=1000)] = 10,
    mode: SearchMode = "hybrid",
    doc: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> SearchResponse:
    """The same for a browser's address line: `?q=notice+period&doc=contract-pdf`."""
    filters = Filters(doc_ids=tuple(doc) if doc else None)
    return _search(api, SearchRequest(query=q, k=k, mode=mode, filters=filters))


def _search(api: Api, asked: SearchRequest) -> SearchResponse:
    from sparknet_assets import retrieval

    return retrieval.search(
        api.deployment,
        asked.query,
        top_k=asked.k,
        mode=asked.mode,
        filters=asked.filters,
        diversity=asked.diversity,
        context=asked.context,
        explain=asked.explain,
    )
