"""What an evaluation gives: figures, and the score of each item that they are the means of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, Field

Kind = Literal["ocr", "retrieval", "answers", "fields"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# All other figures are the better the higher they are.
_LOWER_IS_BETTER = ("cer", "wer", "latency_p50_ms", "latency_p95_ms")
T = TypeVar("T")


class Sample(NamedTuple):
    """At most `size` items of each kind, the same ones for the same seed.

    Samples of one seed are nested, and an item that joins the set moves no other one out but the
    last: items are ordered by sha256(seed, item).
    """

    size: int | None = None
    seed: int = 0

    def of(self, items: Iterable[T], key: Callable[[T], str]) -> list[T]:
        """The chosen items, in the order in which they were given."""
        given = list(items)
        if self.size is None or self.size >= len(given):
            return given

        def place(item: T) -> str:
            return hashlib.sha256(f"{self.seed}:{key(item)}".encode()).hexdigest()

        kept = {key(item) for item in sorted(given, key=place)[: self.size]}
        return [item for item in given if key(item) in kept]


class Measured(BaseModel):
    """Figures of one kind.

    Attributes:
        items: How many questions, pages or fields were looked at.
        figures: Name -> value.
        scores: Item -> score -> value. A figure of the same name is the mean of a score over the
            items that have it.
        problems: Truths that could not be held against anything, and why.
    """

    kind: Kind
    items: int = 0
    figures: dict[str, float] = Field(default_factory=dict)
    scores: dict[str, dict[str, float]] = Field(default_factory=dict)
    problems: list[str] = Field(default_factory=list)


class Entry(BaseModel):
    """One line of the history: figures of one kind, and of what they are.

    Attributes:
        set_sha256: Of the files of the set; other truths give other figures.
        deployment: `local` or `aws`.
        generation: Of the index that answered; empty before there is one.
        settings_sha256: Of the settings that may shape what is read, found and answered.
        code_version: Of the package, and of each stage.
        accepted: These figures became the ones that later ones are held against.
    """

    when: datetime
    kind: Kind
    set_name: str
    set_sha256: str
    sample: int | None = None
    seed: int = 0
    deployment: str
    generation: str
    settings_sha256: str
    code_version: str
    items: int
    figures: dict[str, float]
    problems: int = 0
    accepted: bool = False


class Accepted(BaseModel):
    """Figures that later ones are held against, with the score of each item."""

    entry: Entry
    scores: dict[str, dict[str, float]]


def lower_is_better(figure: str) -> bool:
    return figure.rpartition(".")[2] in _LOWER_IS_BETTER


def in_order(kinds: Sequence[str]) -> list[Kind]:
    """Those kinds in the order in which documents pass them."""
    return [kind for kind in KINDS if kind in kinds]
