"""A process that is killed while a job is under way: the next goes on, nothing is paid twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pymupdf
import pytest

from sparknet_assets.artifacts import read_text
from tests.doubles import processes
from tests.doubles.aws_shapes import ShapeProcess, shape_process
from tests.textract.reading import DOCUMENT, PRICE, deployed, ingest, work

PAGES = 40
WAIT_SECONDS = 100.0


def start(home: Path, server: ShapeProcess, *, stands_still: bool = False) -> BaseProcess:
    process = processes.process(work, home, server.url, home.with_name("cost"), stands_still)
    process.start()
    return process


def killed_when(there: Callable[[], bool], process: BaseProcess) -> None:
    """SIGKILL, as soon as something is seen from outside."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not there():
        assert process.is_alive(), "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.join()


def paid_jobs(server: ShapeProcess) -> list[int]:
    return [pages for name, pages in server.control("paid").items() if name != "sync"]


def document() -> bytes:
    with pymupdf.open() as made:
        for number in range(PAGES):
            page = made.new_page(width=300, height=400)
            page.insert_text((20, 60), f"This is sheet {number} of forty.", fontsize=11)
        return bytes(made.tobytes())


def test_a_killed_process_pays_once(tmp_path: Path) -> None:
    home = tmp_path / "data"
    environment = {"TEXTRACT_JOB_SECONDS": "3600", "TEXTRACT_OBJECTS": str(home)}
    with shape_process("tests.doubles.textract", environment=environment) as server:
        deployment = deployed(home, server.url, text_layer="never")
        ingest(deployment, document())
        stored = home / DOCUMENT.key("ocr_job")

        killed_when(lambda: bool(paid_jobs(server)), start(home, server))
        running = b'"state":"running"'
        killed_when(lambda: running in (stored / "job.json").read_bytes(), start(home, server))
        server.control("finish")
        killed_when(
            lambda: any(stored.glob("*/page_*.json")), start(home, server, stands_still=True)
        )

        last = start(home, server)
        last.join(WAIT_SECONDS)

        assert last.exitcode == 0
        assert float(home.with_name("cost").read_text()) == pytest.approx(PAGES * PRICE)
        assert paid_jobs(server) == [PAGES]
        assert server.control("paid")["sync"] == 0
    texts = [page.text for page in read_text(deployment.storage, DOCUMENT)]
    assert texts == [f"This is sheet {number} of forty." for number in range(PAGES)]
