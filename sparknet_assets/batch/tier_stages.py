"""Stages whose work in workers is done as the tier of the document has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sparknet_assets.stages.contract import PagedStage


@dataclass(frozen=True)
class InTier:
    """A function of a stage that is given the deployment of a tier. Travels to workers."""

    function: Callable[..., Any]
    tier: str

    def __call__(self, *args: Any) -> Any:
        *rest, deployment = args
        return self.function(*rest, deployment.of_tier(self.tier))


def in_tier(stage: PagedStage, tier: str) -> PagedStage:
    """The stage whose work in workers is done as the tier has it."""
    preparation = stage.preparation
    if preparation is not None:
        preparation = replace(preparation, survey=InTier(preparation.survey, tier))
    return replace(stage, run_pages=InTier(stage.run_pages, tier), preparation=preparation)
