"""Problems in, repairs out: every kind has a remedy, and each document one way to be mended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.verification import Disagreement, Severity, checks_of
from sparknet_assets.verification.remedies import (
    REMEDIES,
    Action,
    Repairs,
    advice_for,
    repairs_for,
)

KINDS = sorted({kind for check in checks_of() for kind in check.kinds})
PROBLEMS = sorted(
    {k for check in checks_of() for k in check.kinds if check.severity is Severity.PROBLEM}
)


def repairs(*kinds: str, stage: str = "chunks") -> Repairs:
    doc_id = "" if kinds == ("keyword_rows",) else "a"
    return repairs_for([Disagreement(doc_id, kind, "", stage) for kind in kinds])


def test_every_kind_has_a_remedy_and_every_remedy_a_kind() -> None:
    assert sorted(REMEDIES) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_to_people_says_what_they_can_do(kind: str) -> None:
    asked = REMEDIES[kind].action is Action.ASK
    assert bool(REMEDIES[kind].advice) == asked
    assert len(advice_for(kind)) > 20


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_problem_is_repaired_or_asked_about(kind: str) -> None:
    made = repairs(kind)
    assert bool(made) != bool(made.ask)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["unfinished_removal", "orphan_vectors"], Repairs(finish=("a",))),
        (["unregistered_raw", "orphan_files", "orphan_vectors"], Repairs(register=("a",))),
        (["unregistered_raw", "leftovers"], Repairs(register=("a",))),
        (["leftovers", "missing_receipt"], Repairs(remove=("a",))),
        (["pending"], Repairs(redo={"a": frozenset()})),
        (["altered_artifact", "pending"], Repairs(redo={"a": frozenset({"chunks"})})),
        (["holding"], Repairs(redo={"a": frozenset({"chunks"})}, rewrite=("a",))),
        (["keyword_rows"], Repairs(mend=True)),
    ],
)
def test_repairs(kinds: list[str], expected: Repairs) -> None:
    assert repairs(*kinds) == expected


def test_a_document_without_its_original_is_left_as_it_is() -> None:
    """Running it would only make it fail."""
    made = repairs("missing_raw", "missing_artifact", "missing_vectors", "pending")
    assert not made
    assert [problem.kind for problem, _ in made.ask] == ["missing_raw"]


@given(
    st.lists(
        st.builds(
            Disagreement,
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from([kind for kind in PROBLEMS if kind != "keyword_rows"]),
            st.just(""),
            st.sampled_from(STAGE_NAMES),
        )
    )
)
def test_each_document_is_mended_in_one_way(problems: list[Disagreement]) -> None:
    made = repairs_for(problems)
    ways = [*made.finish, *made.remove, *made.register, *made.redo]
    assert len(ways) == len(set(ways))
    asked = {problem.doc_id for problem, _ in made.ask}
    assert {problem.doc_id for problem in problems} == asked.union(ways)
    assert set(made.rewrite) <= set(made.redo)
    assert repairs_for(reversed(problems)).redo == made.redo
