"""Is a figure worse than the accepted one by more than the choice of items explains?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean, stdev

from pydantic import BaseModel

from sparknet_assets.evaluation.measured import Accepted, Measured, lower_is_better

# One-sided, so about one false alarm in 44 figures whose true values have not changed.
STANDARD_ERRORS = 2.0
_ROUNDING = 1e-9


class Change(BaseModel):
    """A figure beside the accepted one.

    Attributes:
        before: The accepted figure; None when none was accepted.
        tolerance: By how much it may be worse, see `compare`; None for figures that no items make
            up, such as latencies: these are shown and never a regression.
        items: Items that both have.
        worse: How much worse it is over these items; negative when it is better.
        regressed: It is worse by more than the tolerance.
    """

    name: str
    now: float
    before: float | None = None
    tolerance: float | None = None
    items: int = 0
    worse: float = 0.0
    regressed: bool = False


def compare(measured: Measured, accepted: Accepted | None) -> list[Change]:
    """Every figure beside the accepted one.

    Both are over the same items, as far as the set is the same, so their differences are looked at
    item by item (a paired comparison): with d the worsening of each of the n items that both have,
    the figure has regressed if mean(d) > 2 s(d) / sqrt(n), where s is the sample standard
    deviation. For shares of questions this is close to McNemar's test: with few others changed, it
    takes four questions lost and none won. With one item, any worsening is a regression.
    """
    return [
        _change(name, value, measured.scores, accepted) for name, value in measured.figures.items()
    ]


def _change(
    name: str,
    now: float,
    scores: Mapping[str, Mapping[str, float]],
    accepted: Accepted | None,
) -> Change:
    if accepted is None:
        return Change(name=name, now=now)
    before = accepted.entry.figures.get(name)
    sign = 1 if lower_is_better(name) else -1
    differences = [
        sign * (score[name] - there[name])
        for item, score in scores.items()
        if name in score and name in (there := accepted.scores.get(item, {}))
    ]
    if not differences or before is None:
        return Change(name=name, now=now, before=before)
    worse, tolerance = fmean(differences), tolerance_of(differences)
    return Change(
        name=name,
        now=now,
        before=before,
        tolerance=tolerance,
        items=len(differences),
        worse=worse,
        regressed=worse > tolerance + _ROUNDING,
    )


def tolerance_of(differences: list[float]) -> float:
    """Two standard errors of the mean of paired differences; 0 for a single one."""
    if len(differences) < 2:
        return 0.0
    return STANDARD_ERRORS * stdev(differences) / math.sqrt(len(differences))
