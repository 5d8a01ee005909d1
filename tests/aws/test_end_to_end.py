"""The whole pipeline on the AWS deployment, and held against the local one."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from examples.make_examples import DOCUMENTS
from resources.deployment import Deployment
from resources.ocr import OCRResult
from resources.ocr.paddle import PaddleOCREngine
from resources.settings import Settings
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.runs.execution import execute
from sparknet_assets.verification.parity import Parity, compare
from tests.aws.cloud import PASSWORD, Cloud, cloud
from tests.doubles.moto_server import CREDENTIALS, MotoServer

CHOSEN = (
    "annual-report.pdf",
    "corrupt.pdf",
    "encrypted.pdf",
    "fax.tif",
    "minutes.docx",
    "mixed.pdf",
    "notes.txt",
    "receipt.png",
    "scanned-letter.pdf",
    "tables.pdf",
)
"""Text layers, scans, both in one, no pages of their own, and documents that have to fail."""
BAD = {"corrupt-pdf", "encrypted-pdf"}
SCANNED = {"fax-tif", "mixed-pdf", "receipt-png", "scanned-letter-pdf"}


@dataclass
class Run:
    """An AWS deployment with the documents in it, and all that its commands said."""

    cloud: Cloud
    home: Path
    aws: Deployment
    said: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `sparknet`."""
        done = self.cloud.run(self.home, *arguments)
        self.said.append(done)
        return done

    def json(self, *arguments: str) -> Any:
        """What a command gives out."""
        return json.loads(self.command(*arguments, "--json").stdout)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents, as files."""
    folder = tmp_path_factory.mktemp("inbox")
    for name in CHOSEN:
        (folder / name).write_bytes(DOCUMENTS[name]())
    return folder


@pytest.fixture(scope="module")
def run(
    running_moto: MotoServer, inbox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """The documents taken in on AWS by the command; Textract reads as well as PP-OCR."""
    folder = tmp_path_factory.mktemp("cloud")
    engine, lock = PaddleOCREngine(), threading.Lock()

    def reader(image: Any) -> OCRResult:
        with lock:
            return engine.recognize(image)

    running_moto.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in running_moto.environment.items():
            patch.setenv(name, value)
        with cloud(running_moto, folder, reader) as made:
            for name, value in made.environment.items():
                patch.setenv(name, value)
            whole = Run(made, folder / "home", made.deployment(folder / "home"))
            whole.command("ingest", str(inbox))
            yield whole


@pytest.fixture(scope="module")
def parity(run: Run, inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """The same documents taken in locally, compared."""
    local = Deployment(Settings(home=tmp_path_factory.mktemp("local"), workers=2))
    execute(local, take_in(local, [inbox]).doc_ids)
    return compare(local, run.aws)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_every_document_ends_as_it_should(run: Run) -> None:
    found = {each["doc_id"]: each for each in run.json("status")["documents"]}
    assert len(found) == len(CHOSEN)
    failed = {doc_id for doc_id, each in found.items() if each["status"] == "failed"}
    assert failed == BAD
    assert all(each["status"] == "indexed" for doc_id, each in found.items() if doc_id not in BAD)
    assert run.json("verify")["ok"]
    assert run.json("plan")["documents"] == []


@pytest.mark.long
@pytest.mark.timeout(400)
def test_what_was_paid_is_recorded_with_the_document(run: Run) -> None:
    paid = {
        each["doc_id"]: each["stages"].get("ocr_text", {}).get("cost_usd", 0.0)
        for each in run.json("status")["documents"]
    }
    assert {doc_id for doc_id, cost in paid.items() if cost} == SCANNED
    pages = sum(run.cloud.textract.paid_pages.values())
    price = run.aws.prices.textract_page("standard")
    assert price is not None
    assert sum(paid.values()) == pytest.approx(pages * price)
    assert len(run.cloud.textract.jobs) == 1  # the letter of two pages; half of `mixed` has text


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_state_is_that_of_the_local_deployment(parity: Parity) -> None:
    assert parity.ok, [d for d in parity.differences if not d.explained]
    assert parity.documents == len(CHOSEN)
    counts = parity.stages
    assert counts["", "equal"] == len(CHOSEN)
    assert counts["documents", "equal"] == counts["page_images", "equal"] == len(CHOSEN)
    changed = {d.doc_id for d in parity.differences if d.stage == "ocr_text"}
    assert changed <= SCANNED
    # Other vectors, and the same chunks wherever the text is the same.
    assert counts["chunks", "equal"] >= len(CHOSEN) - len(SCANNED)
    assert counts["vector_index", "equal"] >= len(CHOSEN) - len(SCANNED)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_removal_leaves_nothing_on_any_service(run: Run) -> None:
    found = run.json("search", "landing stage", "-k", "3")["hits"]
    assert found
    told = run.json("delete", "scanned-letter-pdf", "--yes")
    assert told["failures"] == []
    [receipt] = told["documents"]
    assert not any(receipt["remaining"].values()), receipt
    client = run.aws.aws.client("s3")
    listed = client.list_object_versions(Bucket=run.aws.settings.s3_bucket)
    keys = {each["Key"] for each in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]}
    left = [key for key in keys if "scanned-letter" in key and not key.startswith("receipts/")]
    assert left == []
    assert run.aws.live_store.chunk_ids(["scanned-letter-pdf"]) == {"scanned-letter-pdf": set()}
    assert run.aws.cache.used("scanned-letter-pdf") == 0
    assert run.json("verify")["ok"]


@pytest.mark.long
@pytest.mark.timeout(400)
def test_no_secret_and_no_word_of_a_document_is_in_logs_or_events(run: Run) -> None:
    run.command("doctor")
    run.command("status")
    said = "".join(done.stdout + done.stderr for done in run.said if "search" not in done.args)
    secrets = [CREDENTIALS["AWS_SECRET_ACCESS_KEY"], PASSWORD, "X-Amz-Signature"]
    words = ["landing stage", "Thornwick", "running aground", "floating pier"]
    for text in (*secrets, *words):
        assert text not in said
    instance = run.home / "dagster"
    files = [path for path in instance.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    for path in files:
        content = path.read_bytes()
        for text in (*secrets, *words):
            assert text.encode() not in content, f"{text} in {path}"
