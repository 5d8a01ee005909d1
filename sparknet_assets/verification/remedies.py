"""What is to be done about what was found. Pure: problems in, repairs out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sparknet_assets.verification.contract import Disagreement


class Action(StrEnum):
    """What `sparknet verify --repair` does; in this order."""

    FINISH = "finish the removal"
    REMOVE = "remove what is left, with a receipt"
    MEND = "mend the index"
    REGISTER = "register the document and index it"
    REWRITE = "write the document to the index again"
    REDO = "redo the stage"
    UPDATE = "bring the document up to date"
    ASK = "needs you"


class Remedy(NamedTuple):
    """What helps against a kind of problem; `advice` is what a person can do about it."""

    action: Action
    advice: str = ""


_PUT_BACK = (
    "put the original back, or let `sparknet materialize --stale` remove the document"
    " (`sparknet plan` shows what it would do)"
)

REMEDIES: Mapping[str, Remedy] = {
    "unfinished_removal": Remedy(Action.FINISH),
    "leftovers": Remedy(Action.REMOVE),
    "missing_receipt": Remedy(Action.REMOVE),
    "orphan_files": Remedy(Action.REMOVE),
    "orphan_vectors": Remedy(Action.REMOVE),
    "orphan_holding": Remedy(Action.REMOVE),
    "keyword_rows": Remedy(Action.MEND),
    "unregistered_raw": Remedy(Action.REGISTER),
    "missing_vectors": Remedy(Action.REWRITE),
    "extra_vectors": Remedy(Action.REWRITE),
    "holding": Remedy(Action.REWRITE),
    "missing_artifact": Remedy(Action.REDO),
    "unreadable_artifact": Remedy(Action.REDO),
    "altered_artifact": Remedy(Action.REDO),
    "page_count": Remedy(Action.REDO),
    "chunk_count": Remedy(Action.REDO),
    "stale_artifact": Remedy(Action.UPDATE),
    "changed_raw": Remedy(Action.UPDATE),
    "pending": Remedy(Action.UPDATE),
    "interrupted": Remedy(Action.UPDATE),
    "status": Remedy(Action.UPDATE),
    "missing_raw": Remedy(Action.ASK, _PUT_BACK),
    "unreadable_raw": Remedy(
        Action.ASK,
        "let this user read the file and its folder; in place of a link, put the file there itself",
    ),
    "extra_raw": Remedy(Action.ASK, "remove the file that is not the document"),
    "failed": Remedy(Action.ASK, "see `sparknet status DOC` for the reason, then `sparknet retry`"),
    "partial": Remedy(Action.ASK, "see `sparknet status DOC` for the pages, then `sparknet retry`"),
    "stale": Remedy(Action.ASK, "see `sparknet status DOC`; `sparknet plan` says what is next"),
    "outdated": Remedy(Action.ASK, "`sparknet materialize --stale` brings it up to date"),
    "fields_differ": Remedy(
        Action.ASK, "`sparknet extract DOC` shows them, `sparknet correct` mends"
    ),
    "lost_corrections": Remedy(
        Action.ASK, "put the file back; to do without it, `sparknet correct` the fields again"
    ),
    "low_confidence": Remedy(Action.ASK, "compare the text with the page; a better scan may help"),
}
"""Kind -> remedy, for all kinds that checks find."""


@dataclass(frozen=True)
class Repairs:
    """What is to be done, each document once.

    Attributes:
        finish, remove, register, rewrite: Documents.
        mend: The index has to be made to agree with itself.
        redo: Document -> stages whose outputs are not to be trusted; none of them where bringing
            the document up to date is enough.
        ask: What nobody but a person can decide, with what that person can do.
    """

    finish: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    mend: bool = False
    register: tuple[str, ...] = ()
    rewrite: tuple[str, ...] = ()
    redo: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ask: tuple[tuple[Disagreement, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.finish or self.remove or self.mend or self.register or self.redo)


def repairs_for(problems: Iterable[Disagreement], busy: Iterable[str] = ()) -> Repairs:
    """The repairs that these problems take.

    What is removed needs no other repair, and neither does what has no record: it is made anew,
    and takes over what there is. A document without its original is left as it is.

    Args:
        busy: Documents that others work on: a run waits for them.
    """
    by_document: dict[str, list[Disagreement]] = {}
    for problem in problems:
        by_document.setdefault(problem.doc_id, []).append(problem)
    chosen: dict[Action, list[str]] = {action: [] for action in Action}
    redo: dict[str, frozenset[str]] = dict.fromkeys(busy, frozenset())
    for doc_id, found in sorted(by_document.items()):
        actions = {REMEDIES[problem.kind].action for problem in found}
        first = _first(actions, found)
        if first in (Action.REDO, Action.REWRITE, Action.UPDATE):
            redo[doc_id] = frozenset(p.stage for p in found if _distrusts(p))
            if Action.REWRITE in actions:
                chosen[Action.REWRITE].append(doc_id)
        elif first is not None:
            chosen[first].append(doc_id)
    return Repairs(
        finish=tuple(chosen[Action.FINISH]),
        remove=tuple(chosen[Action.REMOVE]),
        mend=any(REMEDIES[p.kind].action is Action.MEND for p in by_document.get("", ())),
        register=tuple(chosen[Action.REGISTER]),
        rewrite=tuple(chosen[Action.REWRITE]),
        redo=redo,
        ask=tuple(
            (problem, REMEDIES[problem.kind].advice)
            for _, found in sorted(by_document.items())
            for problem in found
            if REMEDIES[problem.kind].action is Action.ASK
        ),
    )


def advice_for(kind: str) -> str:
    """One line for a person: what to do about a kind of problem or warning."""
    remedy = REMEDIES[kind]
    return remedy.advice or f"`sparknet verify --repair`: {remedy.action}"


def _first(actions: set[Action], found: Iterable[Disagreement]) -> Action | None:
    """The action that makes the others needless; None when nothing can be done."""
    for action in (Action.FINISH, Action.REGISTER, Action.REMOVE):
        if action in actions:
            return action
    if any(problem.kind in ("missing_raw", "unreadable_raw") for problem in found):
        return None
    for action in (Action.REDO, Action.REWRITE, Action.UPDATE):
        if action in actions:
            return action
    return None


def _distrusts(problem: Disagreement) -> bool:
    return REMEDIES[problem.kind].action in (Action.REDO, Action.REWRITE) and bool(problem.stage)
