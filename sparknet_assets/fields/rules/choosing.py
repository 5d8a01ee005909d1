"""The best of the candidates of a field, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.schema import FieldSpec, FieldType
from sparknet_assets.fields.typed import check
from sparknet_assets.fields.typed.tidying import tidy
from sparknet_assets.fields.values import FieldValue

# What a value gains when it stands beside another of its labels as well.
_AGAIN = 0.06
_RIVAL = 0.03  # a rival that scores within this much makes a choice doubtful
# The later of two totals is the one that counts: roundings and charges come before it.
_LATER = 0.02


def ranked(spec: FieldSpec, candidates: Sequence[Candidate]) -> list[Candidate]:
    """One candidate for each value, the best first."""
    by_value: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_value.setdefault(_key(candidate.value), []).append(candidate)
    merged = []
    for same in by_value.values():
        best = max(same, key=lambda c: (c.score, c.row))
        rows = {c.row for c in same}
        score = best.score + _AGAIN * min(2, len(rows) - 1)
        if spec.type is FieldType.AMOUNT:
            score -= 0.25 if _is_zero(best.value) else 0.0
        merged.append(replace(best, score=min(0.99, max(0.01, score))))
    last = max((c.row for c in merged), default=0)

    def order(candidate: Candidate) -> tuple[float, int]:
        later = spec.type is FieldType.AMOUNT and candidate.row == last
        return candidate.score + (_LATER if later else 0.0), -candidate.row

    return sorted(merged, key=order, reverse=True)


def as_value(spec: FieldSpec, candidates: Sequence[Candidate]) -> FieldValue:
    """The first of ranked candidates, with its confidence and problems.

    Args:
        candidates: At least one.
    """
    best = candidates[0]
    return field_value(spec, best, confidence(best, candidates[1:]))


def field_value(spec: FieldSpec, candidate: Candidate, sure: float) -> FieldValue:
    """A candidate as a value, checked against what the schema says of the field."""
    boxes = [box for cut in candidate.cuts if (box := cut.box) is not None]
    value = candidate.value
    if spec.type in (FieldType.NAME, FieldType.ADDRESS) and isinstance(value, str):
        value = tidy(value)
    return FieldValue(
        value=value,
        text=candidate.text,
        confidence=round(min(1.0, max(0.0, sure)), 4),
        page=candidate.cuts[0].page if candidate.cuts else None,
        boxes=boxes,
        problems=[*candidate.problems, *check(spec, candidate.value)],
    )


def confidence(best: Candidate, others: Iterable[Candidate]) -> float:
    """The chance that a candidate is right.

    Its score times what the engine says of its least certain word; less where another value is
    nearly as good, and where the value can be read in two ways.
    """
    engine = min((cut.confidence for cut in best.cuts), default=0.0)
    sure = best.score * min(1.0, max(0.0, engine))
    if any(best.score - other.score < _RIVAL for other in others):
        sure *= 0.75
    return sure * 0.7 if best.problems else sure


def _key(value: object) -> str:
    if isinstance(value, dict):
        value = str(value.get("amount"))
    return json.dumps(value, sort_keys=True, default=str).casefold()


def _is_zero(value: object) -> bool:
    return isinstance(value, dict) and not str(value.get("amount", "")).strip("-0.")
