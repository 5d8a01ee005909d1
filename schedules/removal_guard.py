"""When so many documents are missing that the storage is more likely at fault than a person."""

from __future__ import annotations

FEW = 20
"""As many documents may always go: a small collection is emptied in a moment."""


def excessive(removed: int, known: int, share: float) -> bool:
    """Whether removing so many of the known documents needs a person's word.

    Args:
        removed: Documents that are missing from raw/.
        known: Documents that the catalog knows, the missing ones included.
        share: Of the known documents, that may go unasked; 1.0 lets all go.
    """
    return removed > FEW and removed > share * known


def vanished(removed: int, known: int, share: float) -> bool:
    """Whether what a listing of raw/ lacks needs a person's word: too many documents, or all.

    All of several: another disk in place of raw/, or none, looks like that, however few they are.
    """
    return excessive(removed, known, share) or (share < 1 and removed >= known > 1)


def refusal(removed: int, known: int) -> str:
    """What is said to people instead of removing."""
    return (
        f"{removed} of {known} documents are missing from raw/: nothing is removed, in case the "
        "storage is at fault. If they are to go, run `sparknet materialize --stale "
        "--allow-removals` or `sparknet delete`"
    )
