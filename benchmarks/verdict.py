"""A measured figure beside its budget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured, and the most it may be; both in `unit`."""

    name: str
    value: float
    budget: float
    unit: str

    @property
    def kept(self) -> bool:
        return self.value <= self.budget

    def __str__(self) -> str:
        verdict = "within budget" if self.kept else "OVER BUDGET"
        return f"{self.name}: {self.value:.2f} {self.unit} of {self.budget:.2f}: {verdict}"
