"""What the progress bar counts, and when it is shown."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime

import pytest

from resources.catalog import StageRecord, StageStatus
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.cli.progress import Counter, chosen_stages, progress_view


def result(doc_id: str, stage: str, status: str = "done", pages: int = 2) -> StageResult:
    record = StageRecord(
        doc_id=doc_id, stage=stage, status=StageStatus(status), pages=pages,
        updated_at=datetime.now(UTC),
    )  # fmt: skip
    return StageResult(DocumentRef(doc_id, ""), doc_id, stage, record)


def test_a_document_is_done_at_the_last_stage_or_its_failure() -> None:
    counter = Counter(["documents", "chunks"])
    counter.add(result("a", "documents"))
    counter.add(result("b", "documents", "failed", pages=0))
    assert (counter.done, counter.failed, counter.pages) == ({"b"}, {"b"}, 2)
    assert counter.progress == 1.5
    counter.add(result("a", "chunks", "partial", pages=3))
    assert (counter.done, counter.failed, counter.pages) == ({"a", "b"}, {"b"}, 3)
    assert counter.stage == "chunks"
    assert counter.progress == 2


def test_chosen_stages() -> None:
    order = ("x", "y", "z")
    assert chosen_stages(None, order) == ["x", "y", "z"]
    assert chosen_stages(("y", "x"), order) == ["x", "y"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for stream, shown in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_view() as view:
            counter = Counter(["chunks"])
            view.start("starting", 2)
            counter.add(result("a", "chunks"))
            view.show(counter)
        assert bool(stream.getvalue()) is shown
