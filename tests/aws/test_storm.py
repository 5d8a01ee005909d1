"""A storm: calls that fail at random, processes that are killed, and every document done once."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageDraw

from resources.ocr import Line, OCRResult, Word
from sparknet_assets.artifacts import DocumentRef, read_chunks
from tests.aws.cloud import Cloud, cloud
from tests.doubles.moto_server import MotoServer

KILLS = 10
SHARE = 0.3
LETTERS, SCANS, PHOTOS = 4, 4, 4
PAGES = 3


def words_of(image: Any) -> OCRResult:
    """Text that only this image has: what a page says depends on nothing else."""
    digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
    texts = ["page", *(digest[at : at + 6] for at in range(0, 48, 6))]
    width = 0.8 / len(texts)
    words = [
        Word(text, 0.1 + at * width, 0.1, 0.1 + (at + 0.9) * width, 0.12, 0.99)
        for at, text in enumerate(texts)
    ]
    return OCRResult(lines=[Line(words=words)])


def picture(text: str) -> Image.Image:
    """A page with a line of text and nothing else."""
    image = Image.new("L", (850, 1100), 255)
    ImageDraw.Draw(image).text((80, 120), text, fill=0, font_size=40)
    return image


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Letters with a text layer, scans of several pages, photos of one."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(LETTERS):
        with pymupdf.open() as document:
            document.new_page().insert_text((72, 90), f"Letter {number} about the ferry. " * 3)
            document.save(folder / f"letter-{number}.pdf")
    for number in range(SCANS):
        pages = [picture(f"scan {number}, page {page}") for page in range(PAGES)]
        pages[0].save(folder / f"scan-{number}.pdf", save_all=True, append_images=pages[1:])
    for number in range(PHOTOS):
        picture(f"photo {number}").save(folder / f"photo-{number}.png")
    return folder


@pytest.fixture
def storm(moto: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The AWS deployment; jobs of Textract take a while, so that kills find them at work."""
    with cloud(moto, tmp_path, words_of, job_seconds=4.0) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def killed(storm: Cloud, home: Path, after: float, *arguments: str) -> bool:
    """Runs the command and kills it, with its workers, unless it ended before."""
    process = storm.start(home, *arguments)
    deadline = time.monotonic() + after
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    was_alive = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_alive


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_storm_ends_with_every_document_indexed_once(
    storm: Cloud, inbox: Path, tmp_path: Path
) -> None:
    home, chance = tmp_path / "home", Random(7)
    storm.fail(SHARE, seed=1)
    kills = 0
    for _ in range(3 * KILLS):  # on a fast machine all is done before there were so many
        kills += killed(storm, home, chance.uniform(4, 12), "ingest", str(inbox))
        if kills == KILLS:
            break
    assert kills
    for _ in range(8):
        if storm.run(home, "ingest", str(inbox)).returncode == 0:
            break
        storm.run(home, "retry")
    failed = sum(1 for call in storm.shapes.calls if call.error)
    assert failed > 20
    assert sum(storm.dynamodb.failed.values()) > 100
    storm.heal()

    status = json.loads(storm.run(home, "status", "--json").stdout)
    assert status["totals"] == {"indexed": LETTERS + SCANS + PHOTOS}
    verified = json.loads(storm.run(home, "verify", "--deep", "--json").stdout)
    assert verified["ok"], verified
    deployment = storm.deployment(home)
    store = deployment.live_store
    expected = {
        row.doc_id: {
            chunk.chunk_id
            for chunk in read_chunks(deployment.storage, DocumentRef(row.doc_id, row.raw_key))
        }
        for row in deployment.catalog.documents()
    }
    assert store.chunk_ids(list(expected)) == expected
    assert store.count() == (len(set().union(*expected.values())),) * 2

    jobs = storm.textract.jobs
    assert len(jobs) == SCANS
    assert sorted(job.pages for job in jobs.values()) == [PAGES] * SCANS
