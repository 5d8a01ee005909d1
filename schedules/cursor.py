"""What the sensors remember from one tick to the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from pydantic import BaseModel, Field, ValidationError


class Cursor(BaseModel):
    """How far a pass over raw/ has come. A new one begins when the listing has ended.

    Attributes:
        after: Where the next window begins; empty at the start of a pass.
        missing: Known documents that the windows of this pass did not have.
        removed: The first of them that are gone on a second look, as many as one request takes.
        held_back: Why the last whole pass removed nothing.
        recent: Key -> change mark of the objects whose time of writing says that they may still be
            written to, as the last look found them.
    """

    version: Literal[1] = 1
    after: str = ""
    missing: int = 0
    removed: list[str] = Field(default_factory=list)
    held_back: str = ""
    recent: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """The cursor in `text`; a fresh one when that is of another version or none at all."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()

    def dump(self) -> str:
        """JSON, as Dagster keeps it."""
        return self.model_dump_json()


def remembered(
    before: Mapping[str, str], recent: Mapping[str, str], seen: Collection[str], most: int
) -> dict[str, str]:
    """Change marks of objects that may still be written to, after a look at some of them.

    Args:
        before: Key -> mark, as the looks before left them.
        recent: Those of this look, which has `seen` these keys.
        most: The newest ones that are kept.
    """
    marks = {key: mark for key, mark in before.items() if key not in seen}
    marks |= recent
    return dict(list(marks.items())[-most:])
