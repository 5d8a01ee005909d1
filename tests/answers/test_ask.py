"""Questions answered by quoting, with a real model over a few documents."""

from __future__ import annotations

import json
from pathlib import Path

import pymupdf
import pytest
from click.testing import CliRunner

from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.settings import Settings
from sparknet_assets.answers.answer import NOTHING, ask
from sparknet_assets.answers.verification import verify_answer
from sparknet_assets.artifacts import DocumentRef, read_chunks
from sparknet_assets.cli import main
from sparknet_assets.retrieval import Filters


@pytest.mark.parametrize(
    ("question", "doc_id", "page", "says"),
    [
        ("When does the lease end?", "lease", 2, "31 October 2027"),
        ("How much rent does the tenant pay?", "lease", 2, "840 euros"),
        ("Who retired in May?", "report", 1, "Ida Brandt"),
        ("How many passengers did the ferry carry in 2025?", "report", 1, "214,000"),
    ],
)
def test_the_sentence_that_answers_is_quoted(
    home: Deployment, question: str, doc_id: str, page: int, says: str
) -> None:
    found = ask(home, question)
    first = found.citations[0]
    assert says in first.quote
    assert says in found.answer
    assert (first.doc_id, first.page) == (doc_id, page)


def test_every_quote_is_in_the_chunk_that_it_cites(home: Deployment) -> None:
    texts = {
        chunk.chunk_id: chunk.text
        for row in home.catalog.documents()
        for chunk in read_chunks(home.storage, DocumentRef(row.doc_id, row.raw_key))
    }
    for question in ("When does the lease end?", "Who took her place?", "Is a dog allowed?"):
        for citation in ask(home, question).citations:
            assert citation.quote in texts[citation.chunk_id]


def test_the_boxes_are_those_of_the_quoted_words(home: Deployment) -> None:
    citation = ask(home, "How much rent does the tenant pay?").citations[0]
    with pymupdf.open("pdf", home.storage.get("raw/lease/lease.pdf")) as document:
        page = document[citation.page - 1]
        [box] = citation.boxes
        width, height = page.rect.width, page.rect.height
        x0, y0, x1, y1 = box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height
        words = page.get_textbox(pymupdf.Rect(x0 - 1, y0 - 1, x1 + 1, y1 + 1)).split()
        assert words == citation.quote.split()


@pytest.mark.parametrize(
    "question", ["How do you bake sourdough bread?", "What is the capital of Mongolia?", "?!"]
)
def test_what_the_documents_do_not_say_is_said_so(home: Deployment, question: str) -> None:
    found = ask(home, question)
    assert found.answer == NOTHING
    assert found.citations == []


def test_only_the_documents_named_are_asked(home: Deployment) -> None:
    assert (
        ask(home, "When does the lease end?", filters=Filters(doc_ids=("report",))).citations == []
    )


def test_an_empty_question_is_refused(home: Deployment) -> None:
    with pytest.raises(SparknetError, match="empty"):
        ask(home, "  ")


def test_nothing_indexed_is_not_an_answer(tmp_path: Path) -> None:
    assert ask(Deployment(Settings(home=tmp_path)), "Who signed?").answer == NOTHING


def test_the_command_shows_quotes_with_their_places(home: Deployment) -> None:
    here = ["--home", str(home.settings.home), "ask", "When does the lease end?"]
    told = CliRunner().invoke(main, here)
    assert told.exit_code == 0, told.output
    assert "31 October 2027" in told.output
    assert "lease.pdf (lease), page 2" in told.output
    as_json = json.loads(CliRunner().invoke(main, [*here, "--json"]).output)
    assert as_json["model"] == "extractive"
    first = as_json["citations"][0]
    assert (first["doc_id"], first["filename"], first["title"]) == ("lease", "lease.pdf", None)
    assert as_json.keys() == {"question", "answer", "citations", "model", "seconds"}
    unknown = CliRunner().invoke(main, [*here, "--doc", "nothing"])
    assert unknown.exit_code != 0
    assert "nothing" in unknown.output


def test_what_is_answered_can_be_verified(home: Deployment) -> None:
    for question in ("When does the lease end?", "Who took her place?", "Who paints the moon?"):
        found = ask(home, question)
        assert verify_answer(home, found) == []


def test_what_does_not_hold_is_named(home: Deployment) -> None:
    found = ask(home, "How much rent does the tenant pay?")
    [citation] = found.citations[:1]
    moved = citation.boxes[0].model_copy(update={"y0": 0.9, "y1": 0.95})
    for change, says in (
        ({"quote": "The tenant pays nothing."}, "not in its chunk"),
        ({"boxes": [moved]}, "boxes do not hold"),
        ({"page": 1}, "not on page 1"),
        ({"chunk_id": "none"}, "no chunk none"),
    ):
        wrong = found.model_copy(update={"citations": [citation.model_copy(update=change)]})
        assert says in str(verify_answer(home, wrong))
    other = found.model_copy(update={"answer": "The tenant pays 900 euros."})
    assert "not made of its quotes" in str(verify_answer(home, other))


def test_the_command_takes_filters_and_an_answerer(home: Deployment) -> None:
    here = ["--home", str(home.settings.home), "ask", "How much rent does the tenant pay?"]
    told = CliRunner().invoke(main, [*here, "--doc", "report", "--answerer", "extractive"])
    assert told.exit_code == 0, told.output
    assert "840" not in told.output
    told = CliRunner().invoke(main, [*here, "--answerer", "llm"])
    assert told.exit_code != 0
    assert "SPARKNET_LLM" in told.output
