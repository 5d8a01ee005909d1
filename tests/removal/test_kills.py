"""A removal that is killed between any two writes is finished by the next one."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from resources.catalog import DocumentStatus
from sparknet_assets.removal.intents import unfinished
from sparknet_assets.removal.receipts import read_receipt
from sparknet_assets.removal.removing import remove
from tests.model.world import Fuse, Killed, close_index, free_leases
from tests.removal.homes import (
    SECRET,
    add,
    files_with,
    found,
    index,
    small_deployment,
    state_of,
)

ASKED = {"reason": "a test", "requested_by": "pytest"}
# A removal of two documents makes fewer.
MOST_WRITES = 80


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with documents, two of them equal, that tests copy."""
    folder = tmp_path_factory.mktemp("prepared")
    deployment = small_deployment(folder / "data")
    text = f"The same words about the {SECRET}."
    add(
        deployment,
        folder / "in",
        a=text,
        b=f"More on the {SECRET}\fand a page",
        a_b=text,
        z="Fine.",
    )
    close_index(deployment)
    return folder / "data"


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(prepared, tmp_path / "data")
    yield tmp_path / "data"
    close_index(small_deployment(tmp_path / "data"))


def writes_of_a_removal(home: Path) -> int:
    fuse = Fuse(MOST_WRITES)
    remove(small_deployment(home, fuse), ["a", "b"], **ASKED)
    assert fuse.left is not None
    return MOST_WRITES - fuse.left


def killed_after(home: Path, writes: int, *doc_ids: str) -> None:
    """Removes documents until the process is gone; frees what it held, as its end would."""
    deployment = small_deployment(home, Fuse(writes))
    with pytest.raises(Killed):
        remove(deployment, doc_ids, **ASKED)
    close_index(deployment)
    free_leases(deployment)


def test_a_kill_between_any_two_writes_costs_nothing(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path / "whole")
    writes = writes_of_a_removal(tmp_path / "whole")
    assert 20 < writes < MOST_WRITES
    others = {d: state_of(small_deployment(tmp_path / "whole"), d) for d in ("a-b", "z")}
    for left in range(writes):
        home = tmp_path / str(left)
        shutil.copytree(prepared, home)
        killed_after(home, left, "a", "b")
        deployment = small_deployment(home)
        receipts = remove(deployment, ["a", "b"], reason="again", requested_by="again")
        # A kill after the tombstones: finished for the reason it was begun for.
        assert {receipt.reason for receipt in receipts} <= {"a test", "again"}
        for receipt in receipts:
            assert [each.complete for each in receipt.compaction] == [True]
            assert receipt.kept == []
            assert receipt.removed["vectors"].count == 1
            assert receipt.removed["stages"].count == 5
            stored = list(deployment.storage.list(f"receipts/{receipt.doc_id}/"))
            assert [info.key for info in stored] == [receipt.key]
            assert read_receipt(deployment.storage, receipt.key) == receipt
        assert unfinished(deployment.catalog) == []
        assert {d: state_of(deployment, d) for d in ("a-b", "z")} == others, left
        assert found(deployment, SECRET) <= {"a-b", "z"}
        assert deployment.cache.used("a") == deployment.cache.used("b") == 0
        close_index(deployment)
        shutil.rmtree(home)


@pytest.mark.parametrize("left", range(4, 36, 4))
def test_a_kill_of_the_last_that_had_the_text(home: Path, left: int) -> None:
    deployment = small_deployment(home)
    remove(deployment, ["a-b", "b"], **ASKED)
    close_index(deployment)
    try:
        remove(small_deployment(home, Fuse(left)), ["a"], **ASKED)
    except Killed:
        close_index(deployment)
        free_leases(deployment)
    deployment = small_deployment(home)
    remove(deployment, ["a"], **ASKED)
    assert files_with(home, SECRET, "quokka") == []


class Removals(RuleBasedStateMachine):
    """Documents are added, put back by hand, removed and removed half-way, in any order.

    Attributes:
        raw: What is in raw/: doc_id -> marker.
        indexed: What the index should answer with.
        dead: Markers of documents that were removed.
        past: Markers that each document had since it was last removed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sparknet-removals-"))
        self.home = self.folder / "data"
        self.raw: dict[str, str] = {}
        self.indexed: dict[str, str] = {}
        self.past: dict[str, set[str]] = {}
        self.dead: set[str] = set()
        self.begun: set[str] = set()
        self.receipts: Counter[str] = Counter()
        self.number = 0

    doc_ids = st.sampled_from(["a", "a-b", "c"])

    @initialize()
    def open(self) -> None:
        self.deployment = small_deployment(self.home)

    def teardown(self) -> None:
        close_index(self.deployment)
        shutil.rmtree(self.folder)

    def _marked(self, doc_id: str) -> tuple[str, str]:
        self.number += 1
        marker = f"marker{self.number:03}q"
        self.past.setdefault(doc_id, set()).add(marker)
        return marker, f"The words of all and {marker} alone."

    def _finished(self, doc_ids: set[str]) -> None:
        for doc_id in doc_ids:
            new = {self.raw[doc_id]} if doc_id in self.begun and doc_id in self.raw else set()
            self.dead |= self.past.pop(doc_id, set()) - new
            if new:
                self.past[doc_id] = new
            else:
                self.raw.pop(doc_id, None)
            self.indexed.pop(doc_id, None)
            self.begun.discard(doc_id)
            self.receipts[doc_id] += 1

    @rule(doc_id=doc_ids)
    def ingest(self, doc_id: str) -> None:
        """An intake finishes what was broken off before it begins."""
        self._finished(set(self.begun))
        marker, text = self._marked(doc_id)
        add(self.deployment, self.folder / "in", **{doc_id.replace("-", "_"): text})
        (self.folder / "in" / f"{doc_id}.txt").unlink()
        self.raw[doc_id] = self.indexed[doc_id] = marker

    @rule(doc_id=doc_ids)
    def put(self, doc_id: str) -> None:
        marker, text = self._marked(doc_id)
        self.deployment.storage.put(f"raw/{doc_id}/{doc_id}.txt", text.encode())
        self.raw[doc_id] = marker

    @precondition(lambda self: set(self.raw) - self.begun)
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        """Indexes what was put into raw/ by hand."""
        doc_id = data.draw(st.sampled_from(sorted(set(self.raw) - self.begun)))
        index(self.deployment, doc_id)
        self.indexed[doc_id] = self.raw[doc_id]

    @precondition(lambda self: set(self.raw) | self.begun)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        doc_ids = data.draw(
            st.sets(st.sampled_from(sorted(set(self.raw) | self.begun)), min_size=1)
        )
        remove(self.deployment, sorted(doc_ids), **ASKED)
        self._finished(doc_ids)

    @precondition(lambda self: set(self.raw) - self.begun)
    @rule(data=st.data(), writes=st.integers(5, 30))
    def break_off(self, data: st.DataObject, writes: int) -> None:
        doc_id = data.draw(st.sampled_from(sorted(set(self.raw) - self.begun)))
        close_index(self.deployment)
        try:
            remove(small_deployment(self.home, Fuse(writes)), [doc_id], **ASKED)
        except Killed:
            close_index(self.deployment)
            free_leases(self.deployment)
        self.deployment = small_deployment(self.home)
        record = self.deployment.catalog.get(doc_id)
        if record is not None and record.status is DocumentStatus.DELETED:
            if record.receipt:
                self._finished({doc_id})
            else:
                self.begun.add(doc_id)
                self.indexed.pop(doc_id, None)
                if self.deployment.storage.stat(f"raw/{doc_id}/{doc_id}.txt") is None:
                    self.raw.pop(doc_id, None)

    @invariant()
    def the_stores_agree(self) -> None:
        if not hasattr(self, "deployment"):
            return
        assert set(unfinished(self.deployment.catalog)) == self.begun
        for doc_id, marker in self.indexed.items():
            assert doc_id in found(self.deployment, marker)
        listed = {key.split("/")[1] for key in self._keys("raw/")}
        assert listed == set(self.raw)
        written = Counter(key.split("/")[1] for key in self._keys("receipts/"))
        # One that was killed right after the receipt writes the same one again.
        for doc_id in set(written | self.receipts) - self.begun:
            assert written[doc_id] == self.receipts[doc_id]
        if not self.begun:
            assert self.deployment.vector_store.document_ids() <= set(self.raw)
            if self.dead:
                assert files_with(self.home, *self.dead) == []

    def _keys(self, prefix: str) -> list[str]:
        return [info.key for info in self.deployment.storage.list(prefix)]


TestRemovals = pytest.mark.long(Removals.TestCase)
TestRemovals.settings = settings(
    max_examples=15,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
