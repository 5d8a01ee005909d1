"""`sparknet delete` on real documents: no file of the home holds their words afterwards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.command import Sparknet
from tests.removal.homes import files_with

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

GONE = {
    "invoice.pdf": ["251,954.88", "BY-2025-0142"],
    "minutes.docx": ["22:40 to 22:10"],
    "receipt.png": ["Cinnamon"],
}
KEPT = {"notes.txt": "Port generator hunts", "report-misnamed.txt": "chain had parted"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from examples.make_examples import make_examples

    everything = tmp_path_factory.mktemp("examples")
    make_examples(everything)
    chosen = tmp_path_factory.mktemp("chosen")
    for name in (*GONE, *KEPT, "corrupt.pdf"):
        shutil.copy(everything / name, chosen)
    shutil.copy(everything / "receipt.png", chosen / "receipt-copy.png")
    return chosen


def test_deleting_documents(folder: Path, tmp_path: Path) -> None:
    sparknet = Sparknet(tmp_path / "home")
    phrases = [phrase for found in GONE.values() for phrase in found]
    ingested = sparknet.run("ingest", folder, "--json").json
    assert ingested["totals"] == {"indexed": 6, "failed": 1}
    for phrase in phrases:
        assert files_with(sparknet.home, phrase), phrase

    outcome = sparknet.run(
        "delete", "invoice-pdf", "minutes-docx", "receipt-png", "corrupt-pdf", "--json"
    )
    assert outcome.code == 0, outcome.stderr
    receipts = {receipt["doc_id"]: receipt for receipt in outcome.json["documents"]}
    assert receipts["receipt-png"]["removed"]["cache"]["count"] == 0
    for receipt in receipts.values():
        assert receipt["complete"], receipt["notes"]
        assert set(receipt["remaining"].values()) == {0}
        assert json.loads((sparknet.home / receipt["receipt"]).read_text())["doc_id"]
    assert files_with(sparknet.home, *GONE["invoice.pdf"], *GONE["minutes.docx"]) == []
    # Its copy still has the words.
    assert sparknet.run("delete", "receipt-copy-png").code == 0
    assert files_with(sparknet.home, *phrases) == []

    for name, phrase in KEPT.items():
        hits = sparknet.run("search", phrase, "--json").json["hits"]
        assert hits[0]["doc_id"] == name.replace(".", "-")
        assert {hit["doc_id"] for hit in hits} <= {"notes-txt", "report-misnamed-txt"}
    assert sparknet.run("verify", "--json").json["problems"] == []

    again = sparknet.run("ingest", folder / "invoice.pdf", folder / "notes.txt", "--json").json
    stages = {document["doc_id"]: document["stages"] for document in again["documents"]}
    assert all(stage["reused"] for stage in stages["notes-txt"].values())
    assert not any(stage["reused"] for stage in stages["invoice-pdf"].values())
    assert files_with(sparknet.home, *GONE["invoice.pdf"])
