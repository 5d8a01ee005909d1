"""Pages whose reading is doubtful are read once more, a tier up; the better reading is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resources.failure import SparknetError
from resources.ocr import PageText
from resources.spending import BudgetError
from resources.tier_deployment import rungs_above
from resources.tiers import SECOND
from sparknet_assets.artifacts import DocumentMetadata, DocumentRef, PageImage
from sparknet_assets.source.pages import open_source
from sparknet_assets.source.text.page_text import drawn, from_ocr, recognise
from sparknet_assets.source.text.text_layer import TextLayer
from sparknet_assets.source.text.text_quality import is_garbled
from sparknet_assets.unclimbed import WITHOUT_BUDGET, second_reading_price

if TYPE_CHECKING:
    from resources.deployment import Deployment


@dataclass(frozen=True)
class Reading:
    """What was read on a page.

    Attributes:
        cost_usd: Paid for it now.
        layer: Why OCR was asked; None for a page that it was not asked for, which never climbs.
        image: Of the page, as it is stored.
    """

    text: PageText
    cost_usd: float
    image: PageImage
    layer: TextLayer | None = None


def climbed(
    ref: DocumentRef,
    metadata: DocumentMetadata,
    readings: Sequence[Reading],
    deployment: Deployment,
) -> list[Reading]:
    """The readings, the doubtful ones among them exchanged for better ones where there are any.

    A page is read again at most once. What goes wrong with that, or a budget that does not allow
    it, leaves the first reading and is said in its `reason`.
    """
    rungs = rungs_above(deployment)
    floor = deployment.settings.ocr_confidence_floor
    found = list(readings)
    for place, reading in enumerate(readings):
        if rungs and is_doubtful(reading, floor):
            try:
                found[place] = _again(ref, metadata, reading, rungs, deployment)
            except SparknetError as error:
                refused = isinstance(error, BudgetError)
                why = WITHOUT_BUDGET if refused else f"not read again: {error.kind.value}"
                found[place] = _said(reading, why, reading.cost_usd)
    return found


def is_doubtful(reading: Reading, floor: float) -> bool:
    """Whether OCR read the page with less confidence than `floor`, or read what is no text."""
    confidence = reading.text.confidence
    if reading.layer is None or confidence is None:
        return False
    return confidence < floor or _garbled(reading.text)


def is_better(second: PageText, first: PageText) -> bool:
    """Whether a second reading is to be kept: text rather than none, then the more evidence.

    Evidence is the number of letters, each weighted by the square of its word's confidence: a
    reading that is surer of less has to be much surer.
    """
    garbled = _garbled(second), _garbled(first)
    if garbled[0] != garbled[1]:
        return garbled[1]
    return _evidence(second) > _evidence(first)


def _again(
    ref: DocumentRef,
    metadata: DocumentMetadata,
    first: Reading,
    rungs: Sequence[Deployment],
    deployment: Deployment,
) -> Reading:
    assert first.layer is not None
    for higher in rungs:
        with open_source(ref, metadata, higher) as source:
            pixels = source.render(first.image.page).pixels
        same = pixels.shape[:2] == (first.image.height, first.image.width)
        if not same or higher.ocr.identity != deployment.ocr.identity:
            break
    else:
        return first
    _check_budget(higher)
    result = recognise(ref, drawn(first.image, pixels), higher, pixels=lambda: pixels)
    tables = higher.settings.tables
    second = from_ocr(result, higher.ocr.name, first.layer, first.image, tables)
    cost = first.cost_usd + result.cost_usd
    before = f"{deployment.tier} {_told(first.text)}"
    after = f"{_name(higher, deployment)} {_told(second)}"
    if not is_better(second, first.text):
        return _said(first, f"kept: {before} over {after}", cost)
    better = replace(first, text=second.model_copy(update={"tier": higher.tier}))
    return _said(better, f"climbed: {before} -> {after}", cost)


def _said(reading: Reading, what: str, cost_usd: float) -> Reading:
    reason = f"{reading.text.reason}; {what}"
    text = reading.text.model_copy(update={"reason": reason})
    return replace(reading, text=text, cost_usd=cost_usd)


def _check_budget(higher: Deployment) -> None:
    """Before a page is paid for that has been read: the run goes on whatever the answer.

    Raises:
        BudgetError: The budget does not allow it.
    """
    price = second_reading_price(higher)
    if price and higher.ledger is not None and not higher.ledger.allows(price):
        raise BudgetError("the budget does not allow a second reading")


def _name(higher: Deployment, deployment: Deployment) -> str:
    if higher.tier != SECOND:
        return higher.tier
    other = higher.ocr.name != deployment.ocr.name
    return higher.ocr.name if other else f"{higher.settings.ocr_dpi} dpi"


def climbing_shape(deployment: Deployment) -> dict[str, object]:
    """What climbing adds to the recipe of the stage; nothing for a tier that doesn't climb."""
    rungs = rungs_above(deployment)
    if not rungs or deployment.settings.text_layer == "always":
        return {}
    shape: dict[str, object] = {"below": deployment.settings.ocr_confidence_floor}
    for higher in rungs:
        own = higher.settings
        dpi, tables, engine = own.ocr_dpi, own.tables, higher.ocr.identity
        shape[higher.tier] = {"ocr_dpi": dpi, "tables": tables, "ocr": engine}
    return {"climb": shape}


def _told(text: PageText) -> str:
    return "nothing" if text.confidence is None else f"{text.confidence:.2f}"


def _garbled(text: PageText) -> bool:
    return is_garbled(word.text for line in text.lines for word in line.words)


def _evidence(text: PageText) -> float:
    words = (word for line in text.lines for word in line.words)
    return sum(len(word.text) * word.confidence**2 for word in words)
