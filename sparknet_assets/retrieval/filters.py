"""Which passages a search may find: said by document, by kind, by date, by page."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

from resources.vector_store import PageRange, Scope

if TYPE_CHECKING:
    from resources.deployment import Deployment

# What every index takes as a number.
_LAST_PAGE = 2**31 - 1


class PageSpan(BaseModel):
    """Pages `first` to `last`, both included, 1-based; to the end of the document without `last`.

    A passage is within it when one of its pages is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: int = Field(default=1, ge=1, le=_LAST_PAGE)
    last: int | None = Field(default=None, ge=1, le=_LAST_PAGE)

    @model_validator(mode="after")
    def _in_order(self) -> PageSpan:
        if self.last is not None and self.last < self.first:
            raise ValueError(f"the last page ({self.last}) is before the first ({self.first})")
        return self


class Filters(BaseModel):
    """What all passages found must fulfil. Without a value a filter is off; an empty list of values
    lets nothing pass.

    Attributes:
        media_types: As `metadata.json` names them: `application/pdf`, `image/png`, ...
        tiers: Of the documents.
        created_from, created_to: Days (UTC) on which the document was first taken in, both
            included: `created_at` of its row in the catalog. What a file says of its own date is
            too often missing or wrong to be relied on.
        pages: Of the passages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    doc_ids: tuple[str, ...] | None = None
    media_types: tuple[str, ...] | None = None
    tiers: tuple[str, ...] | None = None
    created_from: date | None = None
    created_to: date | None = None
    pages: PageSpan | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Filters:
        if self.created_from and self.created_to and self.created_to < self.created_from:
            raise ValueError(
                f"created_to ({self.created_to}) is before created_from ({self.created_from})"
            )
        return self

    @property
    def of_rows(self) -> bool:
        """Whether the catalog has to be asked which documents pass."""
        asked = (self.media_types, self.tiers, self.created_from, self.created_to)
        return any(value is not None for value in asked)


def scope_of(deployment: Deployment, filters: Filters | None) -> Scope:
    """The filters as the index takes them: which documents, which pages.

    Media type, tier and date are looked up in the catalog, so that a change of them counts at once
    and no index has to be written for it.
    """
    if filters is None:
        return Scope()
    pages = PageRange(filters.pages.first, filters.pages.last) if filters.pages else None
    if not filters.of_rows:
        return Scope(filters.doc_ids, pages)
    found = deployment.catalog.select(
        media_types=filters.media_types,
        tiers=filters.tiers,
        created_from=filters.created_from,
        created_to=filters.created_to,
    )
    return Scope(found if filters.doc_ids is None else found & {*filters.doc_ids}, pages)
