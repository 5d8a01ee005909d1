"""How many fields of documents were found right: precision, recall and F1.

Strict, as task 3 of SROIE (ICDAR 2019) defines it: "An extract text is marked as correct if both
submitted content and category of the extracted text matches the groundtruth", over all texts of
all receipts. Here a text matches when it is the same, character for character; letter case and
runs of white space do not count, as the key of that set is in capitals whatever a receipt shows,
and lines are joined there by a space.

Normalised: dates and amounts match when they mean the same, other texts when their letters and
digits are the same, without accents.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from sparknet_assets.fields.schema import FieldType
from sparknet_assets.fields.typed import Conventions, read
from sparknet_assets.fields.typed.amounts import read_amount

Rule = Literal["strict", "normalised"]
# The key of a date says no more than the page; both are read in the same way.
_DAY_FIRST = Conventions(day_first=True)


@dataclass(frozen=True, slots=True)
class FieldScore:
    """Counts of one field, or of all.

    Attributes:
        right: Texts found that are the expected ones.
        found: Texts found.
        expected: Texts in the ground truth.
    """

    right: int
    found: int
    expected: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.found + self.expected
        return 2 * self.right / both if both else 0.0

    def __add__(self, other: FieldScore) -> FieldScore:
        return FieldScore(
            self.right + other.right, self.found + other.found, self.expected + other.expected
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """One document: texts found and expected, by field; empty texts are absent ones."""

    found: Mapping[str, str]
    expected: Mapping[str, str]


def score_fields(
    documents: Iterable[Comparison],
    fields: Mapping[str, FieldType],
    rule: Rule = "strict",
) -> dict[str, FieldScore]:
    """The score of each field over all documents. `overall` of them is the micro average."""
    scores = {name: FieldScore(0, 0, 0) for name in fields}
    for document in documents:
        for name, kind in fields.items():
            found = document.found.get(name, "").strip()
            expected = document.expected.get(name, "").strip()
            right = bool(found and expected) and matches(found, expected, kind, rule)
            scores[name] += FieldScore(int(right), int(bool(found)), int(bool(expected)))
    return scores


def overall(scores: Mapping[str, FieldScore]) -> FieldScore:
    """All fields together: counts are added up (micro average)."""
    return sum(scores.values(), FieldScore(0, 0, 0))


def matches(found: str, expected: str, kind: FieldType, rule: Rule) -> bool:
    """Whether a text found is the expected one."""
    if _folded(found) == _folded(expected):
        return True
    return rule == "normalised" and normalised(found, kind) == normalised(expected, kind)


def normalised(text: str, kind: FieldType) -> str:
    """What a text means, as far as its type tells; its letters and digits otherwise."""
    if kind is FieldType.AMOUNT:
        amount = read_amount(text)
        if amount is not None:
            return f"{amount.value.quantize(Decimal('0.0001')):f}"
    if kind is FieldType.DATE:
        reading = read(kind, text, _DAY_FIRST)
        if reading is not None:
            return str(reading.value)
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def calibration(
    sure: Sequence[tuple[float, bool]], edges: Sequence[float]
) -> list[tuple[float, float, int, int]]:
    """How often values are right by how sure they were said to be.

    Args:
        sure: Confidence, and whether the value was right.
        edges: Bounds of the bins, ascending.

    Returns:
        For each bin its lower and upper bound, how many are right, and how many there are.
    """
    bins = []
    for low, high in pairwise(edges):
        last = high == edges[-1]
        inside = [right for c, right in sure if low <= c and (c < high or (last and c <= high))]
        bins.append((low, high, sum(inside), len(inside)))
    return bins
