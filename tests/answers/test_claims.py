"""Text of a language model is cut into sentences with what they cite, however it arrives."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sparknet_assets.answers.claims import Claim, ClaimReader, Mark, claims_of


def one(text: str) -> Claim:
    [claim] = claims_of(text)
    return claim


@pytest.mark.parametrize(
    "written",
    [
        'Rent is 840 euros. [1: "a rent of 840 euros"]',
        'Rent is 840 euros [1: "a rent of 840 euros"].',
        "Rent is 840 euros. [1: \u201ca rent of 840 euros\u201d]",
        "Rent is 840 euros. [1: a rent of 840 euros]",
        'Rent is 840 euros.\n[1: "a rent of 840 euros"]',
        '- Rent is **840** euros. [Passage 1: "a rent of 840 euros"].',
        '1. Rent is 840 euros. [ 1 : "a rent of 840 euros" ]\n\n',
        'Rent is 840 euros. [Source 1: "a rent of 840 euros"]',
        'Rent is 840 euros. [#1: "a rent of 840 euros"]',
        'Rent is 840 euros. [^1: "a rent of 840 euros"]',
        'Rent is 840 euros. [1 - "a rent of 840 euros"]',
        'Rent is 840 euros. \u30101: "a rent of 840 euros"\u3011',
        'Rent is 840 euros. (1: "a rent of 840 euros")',
        'Rent is 840 euros (Source 1: "a rent of 840 euros").',
        'Rent is *840* `euros`. **[1: "a rent of 840 euros"]**',
    ],
)
def test_a_sentence_and_its_evidence(written: str) -> None:
    claim = claims_of(written)[0]
    assert claim.text == "Rent is 840 euros."
    assert claim.marks == (Mark(1, "a rent of 840 euros"),)
    assert claim.ended


def test_each_sentence_has_its_own_evidence() -> None:
    found = claims_of('It ends. [2: "ends on"] Dogs may stay. Cats [1] may not. [3: "no cats"]')
    assert [(claim.text, claim.marks) for claim in found] == [
        ("It ends.", (Mark(2, "ends on"),)),
        ("Dogs may stay.", ()),
        ("Cats may not.", (Mark(1, None), Mark(3, "no cats"))),
    ]


def test_quotes_may_hold_quotes_brackets_and_lines() -> None:
    assert one('He agreed. [1: "he said "yes" [sic]\nat once"]').marks == (
        Mark(1, 'he said "yes" [sic]\nat once'),
    )


@pytest.mark.parametrize(
    ("written", "marks"),
    [
        ("[1, 2]", [(1, None), (2, None)]),
        ("[1][2]", [(1, None), (2, None)]),
        ("[Source 3]", [(3, None)]),
        ("(Passage 3)", [(3, None)]),
        ('[1: "a rent"; 2: "it ends"]', [(1, "a rent"), (2, "it ends")]),
        ("[1: 840]", [(1, "840")]),
        ("(1)", []),
        ("(2027: a year)", []),
    ],
)
def test_marks_in_other_forms(written: str, marks: list[tuple[int, str | None]]) -> None:
    found = claims_of(f"Rent is due. {written}")
    assert [tuple(mark) for claim in found for mark in claim.marks] == marks


def test_what_is_no_mark_stays_text() -> None:
    assert one("Section 3 (1) costs 4 * 5 euros [sic], see (a) and file_name_1.").text == (
        "Section 3 (1) costs 4 * 5 euros [sic], see (a) and file_name_1."
    )


def test_what_is_not_ended_is_told() -> None:
    assert not one("The rent is").ended
    assert not one('The rent is 840 [1: "a rent of').ended


PARTS = (
    *("The rent is 840. ", '[1: "a rent"]', "\n", "[2", ': "x y"]', " It ends", ".", "[", "]"),
    *("(", ")", "Source 1", "(2: ", "**", "[1, 2]", "(Source 2)", "; 3: ", "[#1]", "`a`"),
    *("U.S. ", "- ", "No. 5 ", '"', " [3]", "\u3002", "a [b] c"),
)
PIECES = st.lists(st.sampled_from(PARTS), max_size=12)


@given(PIECES, st.integers(1, 9))
@example(["The rent is 840. ", " [3]", '"', "a [b] c"], 2)
def test_pieces_of_any_size_give_the_same_claims(parts: list[str], size: int) -> None:
    text = "".join(parts)
    reader = ClaimReader()
    found = []
    for start in range(0, len(text), size):
        found += reader.feed(text[start : start + size])
    assert found + reader.finish() == claims_of(text)


def test_a_sentence_is_given_once_the_next_cannot_change_it() -> None:
    reader = ClaimReader()
    assert reader.feed('It ends. [2: "ends on"]') == []
    assert [claim.text for claim in reader.feed("\nDogs")] == ["It ends."]
    assert reader.feed(" may stay") == []
    assert [claim.text for claim in reader.finish()] == ["Dogs may stay"]
