"""Random adds, edits, removals, settings, troubles and kills: a reconciliation puts all right.

`SPARKNET_MODEL_EXAMPLES=1000 python -m pytest tests/model` looks longer.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from resources.failure import SparknetError
from resources.settings import Settings
from resources.storage.local import LocalStorageAdapter
from sparknet_assets.removal.removing import remove
from sparknet_assets.verification import verify
from tests.model import small_stages as stages
from tests.model.expected import ExpectedDocument, Observed, Surroundings, Texts, follow
from tests.model.reconciling import reconcile
from tests.model.small_stages import NAMES
from tests.model.world import (
    Fuse,
    Killed,
    SmallDeployment,
    age,
    close_index,
    free_leases,
    one_thread,
)

DOC_IDS = ("alpha", "beta", "gamma", "delta")
WORDS = (Path(__file__).parent / "words.txt").read_text().split()
TROUBLES = (stages.CORRUPT, stages.AWKWARD, stages.SMUDGE, stages.FLICKER, stages.POISON)
PAGE_TROUBLES = (stages.SMUDGE, stages.FLICKER)
EXAMPLES = int(os.environ.get("SPARKNET_MODEL_EXAMPLES", "12"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.timeout(60 + 20 * EXAMPLES),
]

doc_ids = st.sampled_from(DOC_IDS)
page_numbers = st.integers(0, 3)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """A page: its length and its words follow from two small numbers, so that pages recur."""
    length, salt = draw(st.sampled_from((0, 3, 12, 40))), draw(st.integers(0, 30))
    if not length:
        return ""
    chosen = random.Random(salt).choices(WORDS, k=length)
    lines = [chosen[start : start + 7] for start in range(0, length, 7)]
    trouble = draw(st.sampled_from(("", "", "", *PAGE_TROUBLES)))
    return "\n".join([f"marker{salt:02}q", *(" ".join(line) for line in lines), trouble])


contents = st.lists(pages(), min_size=1, max_size=4)


class Reconciliation(RuleBasedStateMachine):
    """A deployment beside what is expected of it."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="sparknet-model-"))
        self.around = Surroundings(chunk_tokens=32, chunk_overlap=0)
        self.documents = {doc_id: ExpectedDocument(doc_id) for doc_id in DOC_IDS}
        self.texts = Texts()
        self.raw = LocalStorageAdapter(self.home)
        self.writes = 0
        self.deployment = self.opened()
        self.began = time.time() - 3600
        self.inline = one_thread()
        self.inline.__enter__()

    def teardown(self) -> None:
        close_index(self.deployment)
        self.inline.__exit__(None, None, None)
        shutil.rmtree(self.home)

    # What the user does.

    @initialize(contents=st.fixed_dictionaries({d: contents for d in DOC_IDS[:3]}))
    def start(self, contents: dict[str, list[str]]) -> None:
        for doc_id, content in contents.items():
            self.put(doc_id, content)

    @rule(doc_id=doc_ids, content=contents)
    def write(self, doc_id: str, content: list[str]) -> None:
        self.put(doc_id, content)

    @rule(doc_id=doc_ids, number=page_numbers, page=pages())
    def edit_a_page(self, doc_id: str, number: int, page: str) -> None:
        content = self.content(doc_id)
        content[number % len(content)] = page
        self.put(doc_id, content)

    @rule(doc_id=doc_ids, other=doc_ids)
    def copy(self, doc_id: str, other: str) -> None:
        self.put(doc_id, self.content(other))

    @rule(doc_id=doc_ids, number=page_numbers, word=st.sampled_from(TROUBLES))
    def spoil(self, doc_id: str, number: int, word: str) -> None:
        content = self.content(doc_id)
        content[number % len(content)] += f"\n{word}"
        self.put(doc_id, content)

    @rule(doc_id=doc_ids)
    def mend(self, doc_id: str) -> None:
        kept = [[w for w in page.split("\n") if w not in TROUBLES] for page in self.content(doc_id)]
        self.put(doc_id, ["\n".join(lines) for lines in kept])

    @rule(doc_id=doc_ids)
    def touch(self, doc_id: str) -> None:
        document = self.documents[doc_id]
        if document.data is not None:
            self.store(document, document.data, document.filename)

    @rule(doc_id=doc_ids, name=st.sampled_from(("a.txt", "b.txt")))
    def rename(self, doc_id: str, name: str) -> None:
        document = self.documents[doc_id]
        if document.data is not None and document.filename != name:
            self.raw.delete(document.raw_key)
            self.store(document, document.data, name)

    @rule(doc_id=doc_ids)
    def delete_the_folder(self, doc_id: str) -> None:
        document = self.documents[doc_id]
        if document.data is not None:
            self.raw.delete(document.raw_key)
            document.data = None

    @rule(tokens=st.sampled_from((16, 32, 64)))
    def set_the_chunk_size(self, tokens: int) -> None:
        self.around.chunk_tokens = tokens
        self.open()

    @rule(stage=st.sampled_from(NAMES))
    def change_the_code(self, stage: str) -> None:
        self.around.versions[stage] += 1

    @rule(name=st.sampled_from(("reader", "pages", "embedder")))
    def trouble_begins_or_ends(self, name: str) -> None:
        trouble = self.around.trouble
        setattr(trouble, name, not getattr(trouble, name))

    # What the pipeline does.

    @rule(writes=st.integers(0, 60))
    def be_killed_while_reconciling(self, writes: int) -> None:
        self.deployment.fuse.left = writes
        try:
            self.reconcile_once()
        except Killed:
            self.after_a_kill(self.documents.values())
        else:
            self.check()
        self.deployment.fuse.left = None

    def run_out_of_space(self, writes: int, full: Literal["once", "lasting"]) -> None:
        """No rule: what is expected of any state after it is not worked out."""
        fuse = self.deployment.fuse
        fuse.left, fuse.full = writes, full
        with suppress(SparknetError):
            self.reconcile_once()
        hit = fuse.left < 0
        fuse.left, fuse.full = None, ""
        if hit:
            self.after_a_kill(self.documents.values())
        else:
            self.check()

    @rule(doc_id=doc_ids, writes=st.none() | st.integers(0, 30))
    def delete(self, doc_id: str, writes: int | None) -> None:
        document = self.documents[doc_id]
        if self.deployment.catalog.get(doc_id) is None and document.data is None:
            return
        document.back &= self.is_being_removed(doc_id)
        self.deployment.fuse.left = writes
        try:
            remove(self.deployment, [doc_id], reason="a test", requested_by="a test")
        except Killed:
            if self.raw.stat(document.raw_key) is None:
                document.data = None
            self.after_a_kill([document])
            document.doomed = self.is_being_removed(doc_id) and not document.back
        else:
            self.deployment.fuse.left = None
            self.deployment.calls.clear()
            # What was brought back while a removal was unfinished is a new document.
            if self.raw.stat(document.raw_key) is None:
                document.data = None
            self.check_gone(document, self.seen())

    @rule()
    def reconcile(self) -> None:
        self.reconcile_once()
        self.check()

    @rule(name=st.sampled_from(("reader", "pages", "embedder")))
    def reconcile_during_trouble_and_after(self, name: str) -> None:
        setattr(self.around.trouble, name, True)
        self.reconcile()
        setattr(self.around.trouble, name, False)
        self.reconcile()

    @rule()
    def reconcile_with_nothing_changed(self) -> None:
        self.around.trouble.reader = self.around.trouble.pages = False
        self.around.trouble.embedder = False
        self.reconcile()
        self.reconcile()
        assert not self.deployment.calls, "the same again was not nothing"
        assert not self.deployment.embedded

    @rule(
        doc_id=doc_ids, other=doc_ids, tokens=st.sampled_from((16, 32)), writes=st.integers(2, 60)
    )
    def be_killed_and_want_the_old_back(
        self, doc_id: str, other: str, tokens: int, writes: int
    ) -> None:
        """An output that was half replaced must not pass for the one that is wanted again."""
        before, size = self.documents[doc_id].data, self.around.chunk_tokens
        if before is None:
            return
        self.reconcile()
        self.put(doc_id, [*self.content(other), f"marker{writes}q"])
        self.set_the_chunk_size(tokens)
        self.be_killed_while_reconciling(writes)
        self.put(doc_id, stages.pages_of(before))
        self.set_the_chunk_size(size)
        self.reconcile()

    # How that is done.

    def open(self) -> None:
        close_index(self.deployment)
        self.deployment = self.opened()

    def opened(self) -> SmallDeployment:
        chosen = Settings(
            home=self.home,
            chunk_tokens=self.around.chunk_tokens,
            chunk_overlap=self.around.chunk_overlap,
            embedder="ollama",
            ollama_embedding_model="words-32",
            retry_attempts=10**6,
            retry_seconds=1e-9,
        )
        return SmallDeployment(chosen, self.around.trouble, Fuse())

    def content(self, doc_id: str) -> list[str]:
        data = self.documents[doc_id].data
        return stages.pages_of(data) if data is not None else [f"marker{doc_id}q"]

    def put(self, doc_id: str, content: list[str]) -> None:
        document = self.documents[doc_id]
        self.store(document, "\f".join(content).encode(), document.filename or "a.txt")

    def store(self, document: ExpectedDocument, data: bytes, filename: str) -> None:
        document.filename = filename
        self.raw.put(document.raw_key, data)
        self.writes += 1
        age(self.deployment, document.raw_key, self.began + self.writes)
        document.data, document.touched, document.doomed = data, True, False
        document.back = self.is_being_removed(document.doc_id)
        document.markers |= document.current_markers

    def is_being_removed(self, doc_id: str) -> bool:
        row = self.deployment.catalog.get(doc_id)
        return row is not None and row.status == "deleted" and not row.receipt

    def reconcile_once(self) -> None:
        self.deployment.calls.clear()
        self.deployment.embedded.clear()
        reconcile(self.deployment, stages.graph(self.around.versions))

    def after_a_kill(self, touched: Iterable[ExpectedDocument]) -> None:
        free_leases(self.deployment)
        self.open()
        for document in touched:
            row = self.deployment.catalog.get(document.doc_id)
            if document.data is None or (row and row.status == "deleted"):
                document.may_be_half_removed()
                self.texts.forget(document.doc_id)
            if document.data is not None:
                document.may_be_half_done(self.around)
        shown = self.deployment.vector_store.chunk_ids(DOC_IDS)
        for document in self.documents.values():
            assert frozenset(shown[document.doc_id]) in document.shown, "a gap"

    def seen(self) -> Observed:
        deployment = self.deployment
        rows = deployment.catalog.get_many(DOC_IDS)
        return Observed(
            calls=deployment.calls,
            embedded=Counter({text: n for (_, text), n in deployment.embedded.items()}),
            status={doc_id: row.status.value for doc_id, row in rows.items()},
            shown={d: frozenset(i) for d, i in deployment.vector_store.chunk_ids(DOC_IDS).items()},
        )

    def check(self) -> None:
        """All that is true after a reconciliation that was let finish."""
        deployment, seen = self.deployment, self.seen()
        for doc_id in self.removed_before_the_rest():
            self.texts.forget(doc_id)
        again = {text for text, n in seen.embedded.items() if n > 1 or text in self.texts.known}
        assert not again, f"embedded though they were in the cache: {again}"
        for document in self.documents.values():
            if document.doomed:
                assert self.raw.stat(document.raw_key) is None, "its removal was not finished"
                document.data, document.doomed = None, False
            if document.data is not None:
                follow(document, seen, self.around, self.texts)
                document.touched = False
                self.check_record(document, seen)
        for document in self.documents.values():
            if document.data is None:
                self.check_gone(document, seen)
        vectors = sum(len(ids) for ids in seen.shown.values())
        assert deployment.vector_store.count() == (vectors, vectors)
        assert deployment.vector_store.document_ids() == {d for d, i in seen.shown.items() if i}
        self.check_cache()
        assert list(verify(deployment, stages.graph(self.around.versions))) == []

    def removed_before_the_rest(self) -> set[str]:
        """What is gone, but for documents that are there under another name now."""
        there = {document.data for document in self.documents.values()}
        gone = (document for document in self.documents.values() if document.data is None)
        return {document.doc_id for document in gone if document.read not in there - {None}}

    def check_record(self, document: ExpectedDocument, seen: Observed) -> None:
        doc_id = document.doc_id
        row = self.deployment.catalog.get(doc_id)
        records = self.deployment.catalog.stages([doc_id])[doc_id]
        answers_of_old = row.status == "failed" and bool(seen.shown[doc_id])
        # Of what a kill left in the index before a record of chunks, the catalog knows nothing.
        index = records.get("vector_index")
        known = index is not None and bool(index.metadata.get("chunks"))
        assert bool(row.stale) == (answers_of_old and known), f"{doc_id}: stale is {row.stale!r}"
        assert row.filename == document.filename
        worked = any(seen.calls[doc_id, stage] for stage in NAMES)
        reached = True
        for stage in NAMES:
            record = records.get(stage)
            if record is None or not reached:
                continue
            reached = record.status != "failed"
            if seen.calls[doc_id, stage]:
                assert not record.reused, f"{doc_id}: {stage} was done, and shows as reused"
            elif worked and reached:
                assert record.reused, f"{doc_id}: {stage} was not done, and shows as done"

    def check_cache(self) -> None:
        """What is in use is there, and nothing is that no document uses."""
        hashes = {hashlib.sha256(text.encode()).hexdigest() for text in self.texts.known}
        namespace = f"embeddings/{self.deployment.embedder.identity}"
        assert set(self.deployment.cache.get_many(namespace, hashes)) == hashes
        self.deployment.cache.used("")  # opens the file
        with sqlite3.connect(self.deployment.state / "cache.db") as cache:
            unused = "SELECT key FROM entries EXCEPT SELECT key FROM users"
            assert cache.execute(unused).fetchall() == []
        cache.close()

    def check_gone(self, document: ExpectedDocument, seen: Observed) -> None:
        """Nothing of a removed document is left, but for what others use as well."""
        doc_id = document.doc_id
        assert not any(seen.calls[doc_id, stage] for stage in NAMES)
        assert not seen.shown[doc_id]
        assert seen.status.get(doc_id, "deleted") == "deleted"
        assert not self.deployment.catalog.stages([doc_id])[doc_id]
        assert not list(self.raw.list(f"processed/{doc_id}/"))
        assert not self.deployment.cache.used(doc_id)
        others = [other.markers for other in self.documents.values() if other is not document]
        others.append(document.current_markers)
        for marker in document.markers.difference(*others):
            for path in (path for path in self.home.rglob("*") if path.is_file()):
                assert marker.encode() not in path.read_bytes(), f"{marker} is still in {path}"
        document.forget()
        self.texts.forget(doc_id)


Reconciliation.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=list(HealthCheck),
)
TestReconciliation = Reconciliation.TestCase
