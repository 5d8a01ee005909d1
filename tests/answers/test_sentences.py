"""Passages cut into sentences and table rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.answers.sentences import sentences

PASSAGES = st.text(
    st.one_of(
        st.sampled_from("aB. \n|!?,1\u3002\uff01\u061f\"')"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=80,
)


def cut(passage: str) -> list[str]:
    return [sentence.text for sentence in sentences(passage)]


@given(PASSAGES)
def test_a_sentence_is_where_it_says_and_nothing_is_lost(passage: str) -> None:
    at = 0
    for sentence in sentences(passage):
        assert passage[sentence.start : sentence.end] == sentence.text
        assert sentence.text.strip() == sentence.text != ""
        assert not passage[at : sentence.start].strip()
        at = sentence.end
    assert not passage[at:].strip()


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("The rent is due. It is paid by mail.", ["The rent is due.", "It is paid by mail."]),
        ("See Dr. Smith of Acme Inc. in May.", ["See Dr. Smith of Acme Inc. in May."]),
        ("J. K. Rowling wrote it.", ["J. K. Rowling wrote it."]),
        ("It costs 3.50 euros. Cheap!", ["It costs 3.50 euros.", "Cheap!"]),
        ('He said "Go." They went.', ['He said "Go."', "They went."]),
        ("Wait... what? No.", ["Wait... what?", "No."]),
        ("So did I. You too.", ["So did I.", "You too."]),
        ("\u4eca\u5929\u3002\u660e\u5929\u3002", ["\u4eca\u5929\u3002", "\u660e\u5929\u3002"]),
        ("A title\n\nThe text.", ["A title", "The text."]),
        ("a | b\nc. D | 2\n\nEnd.", ["a | b", "c. D | 2", "End."]),
    ],
)
def test_where_sentences_end(passage: str, expected: list[str]) -> None:
    assert cut(passage) == expected
