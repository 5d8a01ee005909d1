"""What counts as evidence: rows with their headings, names of documents, no running lines."""

from __future__ import annotations

import pytest

from sparknet_assets.answers.evidence import Passage, weigh
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
