"""What counts as evidence: rows with their headings, names of documents, no running lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from sparknet_assets.answers.evidence import Passage, Support, Wanted, weigh
from sparknet_assets.answers.tables import heading_of
from tests.doubles.embedder import WordEmbedder

TABLE = (
    "Statements\n\n(In millions, except per share amounts)\n\n"
    "| Three Months Ended\n| June 25, | June 26,\n| 2022 | 2021\n"
    "Net sales | $ 82,959 | $ 81,434\nNet income | 19,442 | 21,744\n\nSee the notes."
)


def test_a_row_comes_with_columns_and_units() -> None:
    heading = heading_of(TABLE, "Net income | 19,442 | 21,744")
    assert heading.split("\n") == [
        "(In millions, except per share amounts)",
        "| Three Months Ended",
        "| June 25, | June 26,",
        "| 2022 | 2021",
    ]
    assert all(line in TABLE for line in heading.split("\n"))


@pytest.mark.parametrize("text", ["See the notes.", "Not | there", "| 2022 | 2021\nNet | 1"])
def test_what_is_no_row_of_the_passage_has_none(text: str) -> None:
    assert heading_of(TABLE, text) == ""


def test_headings_and_running_lines_are_not_quoted() -> None:
    texts = [f"Gross margin\n\nMargin rose in part {n}.\n\nAcme | Report | {n}" for n in (1, 2)]
    texts.append("| Cost | Price\nApples | 3 | 4")
    embedder = WordEmbedder()
    passages = [
        Passage(str(n), text, 0.5, "Gross margin", ("Gross margin",))
        for n, text in enumerate(texts)
    ]
    [vector] = embedder.embed(["gross margin"])
    found = weigh("gross margin", vector, passages, texts, embedder)
    assert sorted(support.sentence.text for support in found) == [
        "Apples | 3 | 4",
        "Margin rose in part 1.",
        "Margin rose in part 2.",
    ]


def test_a_currency_is_no_part_of_a_rows_label() -> None:
    text = "Yard hire, invoice of the dock | 1 | 250.00\nTotal EUR | 1,250.00"
    embedder = WordEmbedder()
    question = "What is the total of the invoice of the yard?"
    [vector] = embedder.embed([question])
    best = weigh(question, vector, [Passage("1", text, 0.5)], [text, "unlike"], embedder)[0]
    assert best.sentence.text == "Total EUR | 1,250.00"


class Counting(WordEmbedder):
    """Counts the texts that are embedded."""

    texts = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        return super().embed(texts)


def test_what_can_not_be_wanted_is_not_embedded_and_what_is_wanted_stays() -> None:
    """Places of sentences without a word of the question are beyond what any vector could add."""
    alike = "The ferry Halden sails to Nordby at noon."
    texts = [
        f"{alike} The ferry {n} rests. " + " ".join(f"Word{n}{k} is unlike." for k in range(9))
        for n in range(3)
    ]
    embedder = Counting(dimension=256)
    question = "When does the ferry Halden sail to Nordby at noon?"
    [vector] = embedder.embed([question])
    passages = [
        Passage(str(n), text, 0.9 - 0.8 * n, stranger=n > 0) for n, text in enumerate(texts)
    ]

    def weighed(wanted: Wanted | None) -> tuple[list[Support], int]:
        embedder.texts = 0
        found = weigh(question, vector, passages, texts, embedder, wanted=wanted)
        return found, embedder.texts

    everything, all_texts = weighed(None)
    for wanted in (Wanted(0.95, 0.99), Wanted(0.95, 0.85), Wanted(9.0, 0.85)):
        found, embedded = weighed(wanted)
        best = max((s.place for s in everything if s.score >= wanted.least), default=0.0)
        assert embedded == len(found) <= all_texts
        least = wanted.nearly * best
        assert _said(found, least) == _said(everything, least)
    assert weighed(Wanted(0.95, 0.99))[1] < all_texts


def _said(supports: Sequence[Support], least: float) -> list[str]:
    return [support.sentence.text for support in supports if support.place >= least + 1e-6]
