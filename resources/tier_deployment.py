"""A deployment as one tier has it: its own settings for pages and its own OCR, all else shared."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from shutil import which
from typing import TYPE_CHECKING, Any, cast

from resources.tiers import SECOND, STANDARD, TierPolicy, policy_of

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from resources.ocr import OCREngine

_FINER = 4 / 3
_FINEST_DPI = 600


class TierDeployment:
    """What `Deployment.of_tier` gives out. What is not stated here is the deployment's own.

    Attributes:
        tier: Name of the tier, or `second` for what is above the highest.
        policy: What the tier does.
    """

    def __init__(self, base: Deployment, tier: str) -> None:
        self._base = base
        self.tier = tier
        self.policy: TierPolicy = policy_of("premium" if tier == SECOND else tier, base.settings)
        own = {name: getattr(self.policy, name) for name in ("render_dpi", "ocr_dpi", "tables")}
        if tier == SECOND and second_engine(base) is None:
            own["ocr_dpi"] = min(_FINEST_DPI, round(_FINER * self.policy.ocr_dpi))
        self.settings = base.settings.model_copy(update=own)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)

    def __reduce__(self) -> tuple[Callable[[Deployment, str], Deployment], tuple[Deployment, str]]:
        return deployment_of, (self._base, self.tier)

    @cached_property
    def ocr(self) -> OCREngine:
        base = self._base
        if self.tier == SECOND:
            return second_engine(base) or base.ocr
        if self.settings.ocr == "textract" and self.policy.textract != base.policy.textract:
            return base.textract(self.policy.textract)
        return base.ocr


def deployment_of(base: Deployment, tier: str) -> Deployment:
    """The deployment for documents of a tier; `base` itself where it is the one of that tier."""
    if tier == STANDARD and "standard" not in base.settings.tiers:
        return base
    return cast("Deployment", TierDeployment(base, tier))


def rungs_above(deployment: Deployment) -> list[Deployment]:
    """What may read a doubtful page again, in order; nothing for a tier that does not climb.

    A second engine comes after the tier above: more pixels are no help with an image file, which
    has those that it has. A service has no second engine beside it.
    """
    above = deployment.policy.climb_to
    if not above:
        return []
    names = [above, SECOND] if above != SECOND else [SECOND]
    local = deployment.settings.ocr != "textract"
    return [deployment.of_tier(name) for name in names if local or name != SECOND]


def second_engine(base: Deployment) -> OCREngine | None:
    """The engine beside the one of the settings, both local; None where there is none."""
    if base.settings.ocr == "paddle" and which("tesseract"):
        from resources.ocr.tesseract import TesseractEngine

        return TesseractEngine(base.settings.ocr_languages)
    if base.settings.ocr == "tesseract":
        from resources.ocr.paddle import PaddleOCREngine

        return PaddleOCREngine()
    return None
