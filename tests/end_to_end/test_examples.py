"""The example documents through the command: what each must become, and what search must find."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from resources.deployment import Deployment
from resources.settings import Settings
from resources.vector_store import Chunk
from sparknet_assets.artifacts import CHUNKS, ChunkList, DocumentRef, read_text
from sparknet_assets.intake.naming import derive_doc_id
from tests.end_to_end.command import Outcome, Sparknet

EXPECTED = json.loads((Path(__file__).parents[2] / "examples" / "expected.json").read_text())
DOCUMENTS: dict[str, dict[str, Any]] = EXPECTED["documents"]
READABLE = [name for name, facts in DOCUMENTS.items() if facts["status"] == "indexed"]
# Two pages each to recognize, which is half of the time; other scans, images and a photo stay.
LONG_TO_READ = {"scanned-letter.pdf", "fax.tif"}
TAKEN = DOCUMENTS.keys() - (set() if os.environ.get("SPARKNET_TEST_LONG") else LONG_TO_READ)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def each(names: Collection[str]) -> list[Any]:
    """Parameters for these documents."""
    return [
        pytest.param(name, marks=pytest.mark.long) if name in LONG_TO_READ else name
        for name in names
    ]


def command(sparknet: Sparknet, *arguments: str | Path) -> Outcome:
    """The command in this process, which has the libraries loaded."""
    from sparknet_assets.cli import main

    words = ["--home", str(sparknet.home), *map(str, arguments)]
    result = CliRunner().invoke(main, words, prog_name="sparknet")
    return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from examples.make_examples import make_examples

    folder = tmp_path_factory.mktemp("examples")
    make_examples(folder)
    for name in DOCUMENTS.keys() - TAKEN:
        (folder / name).unlink()
    return folder


@pytest.fixture(scope="module")
def sparknet(tmp_path_factory: pytest.TempPathFactory) -> Sparknet:
    return Sparknet(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def ingested(sparknet: Sparknet, documents: Path) -> Outcome:
    return sparknet.run("ingest", documents, "--json")


@pytest.fixture
def found(ingested: Outcome) -> dict[str, dict[str, Any]]:
    return {document["doc_id"]: document for document in ingested.json["documents"]}


def test_ingest_says_that_some_documents_failed(ingested: Outcome) -> None:
    assert ingested.code == 1, ingested.stderr
    assert len(ingested.json["documents"]) == len(TAKEN)


@pytest.mark.parametrize("name", each(DOCUMENTS))
def test_each_document_ends_as_expected(found: dict[str, dict[str, Any]], name: str) -> None:
    document = found[derive_doc_id(name)]
    expected = DOCUMENTS[name]
    failure = document["failure"]
    assert document["status"] == expected["status"], failure
    assert (failure and failure["kind"]) == expected.get("failure")
    if expected["status"] == "indexed":
        assert document["chunks"] > 0
        if expected["pages"]:
            assert document["pages"] == expected["pages"]
    else:
        assert derive_doc_id(name) in failure["message"] or name in failure["message"]


def letters(text: str) -> str:
    """Text without what OCR and line breaks may change."""
    return re.sub(r"\W+", "", text).casefold()


@pytest.mark.parametrize("name", each(READABLE))
def test_phrases_stand_on_their_pages(ingested: Outcome, sparknet: Sparknet, name: str) -> None:
    deployment = Deployment(Settings(home=sparknet.home))
    ref = DocumentRef(derive_doc_id(name), f"raw/{derive_doc_id(name)}/{name}")
    pages = {page.page: page for page in read_text(deployment.storage, ref)}
    chunks = ChunkList.model_validate_json(deployment.storage.get(ref.key(CHUNKS))).chunks
    for phrase in DOCUMENTS[name].get("phrases", []):
        wanted = letters(phrase["text"])
        on = [number for number, page in pages.items() if wanted in letters(page.text)]
        assert on if phrase["page"] is None else phrase["page"] in on, phrase
        assert any(wanted in letters(chunk.text) for chunk in _neighbours(chunks)), phrase
    text = " ".join(page.text for page in pages.values())
    for absent in DOCUMENTS[name].get("absent", []):
        assert absent not in text
        assert not any(absent in chunk.text for chunk in chunks)


def _neighbours(chunks: list[Chunk]) -> list[Chunk]:
    """The chunks, and each pair of them: a phrase may lie across a border."""
    pairs = pairwise(chunks)
    return [*chunks, *(a.model_copy(update={"text": a.text + b.text}) for a, b in pairs)]


def test_search_finds_the_page(ingested: Outcome, sparknet: Sparknet) -> None:
    from sparknet_assets.retrieval import search

    deployment = Deployment(Settings(home=sparknet.home))
    missed = []
    queries = [query for query in EXPECTED["queries"] if query["document"] in TAKEN]
    for query in queries:
        hits = search(deployment, query["query"], top_k=5).hits
        wanted = (derive_doc_id(query["document"]), query["page"])
        if not any(h.doc_id == wanted[0] and wanted[1] in (None, h.page) for h in hits):
            missed.append((query["query"], [(h.doc_id, h.page) for h in hits]))
    # Five hits over two dozen documents of one company: a rare miss is retrieval's, not a fault.
    assert len(missed) <= len(queries) // 10, missed


def test_boxes_lie_on_the_page(ingested: Outcome, sparknet: Sparknet) -> None:
    outcome = command(sparknet, "search", "Avocet", "--json")
    assert outcome.code == 0
    hits = outcome.json["hits"]
    assert hits
    for hit in hits:
        assert hit["boxes"]
        for box in hit["boxes"]:
            assert 0 <= box["x0"] < box["x1"] <= 1
            assert 0 <= box["y0"] < box["y1"] <= 1


def test_everything_agrees(ingested: Outcome, sparknet: Sparknet) -> None:
    outcome = command(sparknet, "verify", "--json")
    assert outcome.code == 0
    assert outcome.json["ok"] is True
    assert outcome.json["problems"] == []
    warned = {(warning["doc_id"], warning["kind"]) for warning in outcome.json["warnings"]}
    assert warned == {(derive_doc_id(name), "failed") for name in TAKEN - {*READABLE}}


def test_a_second_ingest_reuses_every_stage(
    ingested: Outcome, sparknet: Sparknet, documents: Path
) -> None:
    again = command(sparknet, "ingest", documents, "--json")
    for document in again.json["documents"]:
        if document["status"] == "indexed":
            assert all(stage["reused"] for stage in document["stages"].values()), document
