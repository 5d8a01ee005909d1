"""Tiers: how much to spend on a document, as what is done for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from resources.settings import Settings

Tier = Literal["basic", "standard", "premium"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From the cheapest to the dearest."""
STANDARD: Tier = "standard"

BASIC_OCR_DPI = 150
PREMIUM_OCR_DPI = 300


class TierChanges(BaseModel):
    """What the setting `tiers` changes of one tier; None leaves it as it comes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    render_dpi: int | None = Field(None, ge=36, le=600)
    ocr_dpi: int | None = Field(None, ge=72, le=600)
    tables: bool | None = None
    textract: Tier | None = None
    llm_fields: bool | None = None
    climb: bool | None = None


class TierRule(BaseModel):
    """An element of the setting `tier_rules`.

    Attributes:
        match: Shell pattern of the doc_id or the file name; letter case does not count.
        media_type: Shell pattern of the kind of file by its content, `image/*` for instance.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str = Field(min_length=1)
    media_type: str | None = None
    tier: Tier


@dataclass(frozen=True)
class TierPolicy:
    """What is done for the documents of a tier.

    Attributes:
        render_dpi: Of page images with a good text layer.
        ocr_dpi: Of page images that OCR reads.
        tables: Whether tables are looked for on pages.
        textract: Which features Textract is asked for, by the name that the price table has.
        llm_fields: Whether a language model, where one is set, may be asked for fields.
        climb_to: What reads a page again whose reading is doubtful: the tier above, or `second`, a
            second engine beside the first. Empty where nothing does.
    """

    tier: Tier
    render_dpi: int
    ocr_dpi: int
    tables: bool
    textract: Tier
    llm_fields: bool
    climb_to: str


SECOND = "second"
"""Above the highest tier: a second engine reads what the first one was unsure of."""


def policy_of(tier: str, settings: Settings) -> TierPolicy:
    """What a tier means under these settings.

    `standard` is what the settings say by themselves; the others begin there.

    Raises:
        ValueError: There is no such tier.
    """
    if tier not in TIERS:
        raise ValueError(f"no tier is called {tier}; there are {', '.join(TIERS)}")
    own = next(name for name in TIERS if name == tier)
    policy = TierPolicy(
        tier=own,
        render_dpi=settings.render_dpi,
        ocr_dpi=settings.ocr_dpi,
        tables=settings.tables,
        textract=own,
        llm_fields=own != "basic",
        climb_to="",
    )
    if own == "basic":
        coarse = min(settings.ocr_dpi, BASIC_OCR_DPI)
        policy = replace(policy, ocr_dpi=coarse, tables=False)
    elif own == "premium":
        fine = max(settings.ocr_dpi, PREMIUM_OCR_DPI)
        policy = replace(policy, ocr_dpi=fine, tables=True)
    changes = settings.tiers.get(own, TierChanges()).model_dump(exclude_none=True)
    climbs = changes.pop("climb", own == "premium")
    above = {"basic": "standard", "standard": "premium", "premium": SECOND}
    climb_to = above[own] if settings.climb and climbs else ""
    return replace(policy, **changes, climb_to=climb_to)
