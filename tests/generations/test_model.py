"""Documents come, change and go while generations are built, switched, rolled back and retired.

Anything may be killed between two writes. No two documents or versions have the same text, so that
a text found in an index tells of which version it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from resources.failure import SparknetError
from resources.settings import Settings
from resources.storage.local import LocalStorageAdapter
from sparknet_assets.generations.switching import finish_retiring, retire, rollback, switch
from sparknet_assets.removal.intents import unfinished
from sparknet_assets.verification import verify
from tests.model import small_stages as stages
from tests.model.reconciling import reconcile
from tests.model.world import (
    Fuse,
    Killed,
    SmallDeployment,
    Trouble,
    age,
    close_index,
    free_leases,
    one_thread,
)

DOC_IDS = ("alpha", "beta", "gamma")
MODELS = ("words-32", "words-48")
EXAMPLES = int(os.environ.get("SPARKNET_MODEL_EXAMPLES", "8"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.timeout(60 + 20 * EXAMPLES),
]

doc_ids = st.sampled_from(DOC_IDS)
fuses = st.none() | st.integers(0, 40)


class Generations(RuleBasedStateMachine):
    """A deployment beside what its indexes should hold.

    Attributes:
        raw: doc_id -> its text.
        answers: doc_id -> what the live generation has, of documents that were left alone since.
        current: Model -> everything in raw/ is in its generation, as it is now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="sparknet-generations-"))
        self.storage = LocalStorageAdapter(self.home)
        self.storage.put("raw/.keep", b"")
        self.raw: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.current: set[str] = set()
        self.number = 0
        self.began = time.time() - 3600
        self.graph = stages.graph(dict.fromkeys(stages.NAMES, 1))
        self.deployment = self.opened(MODELS[0])
        self.inline = one_thread()
        self.inline.__enter__()

    def teardown(self) -> None:
        close_index(self.deployment)
        self.inline.__exit__(None, None, None)
        shutil.rmtree(self.home)

    def opened(self, model: str) -> SmallDeployment:
        chosen = Settings(home=self.home, embedder="ollama", ollama_embedding_model=model)
        return SmallDeployment(chosen, Trouble(), Fuse())

    @property
    def model(self) -> str:
        return self.deployment.settings.ollama_embedding_model

    @property
    def live(self) -> str:
        live = self.deployment.live
        return live.identity if live else ""

    @rule(doc_id=doc_ids)
    def write(self, doc_id: str) -> None:
        version = f"version{self.number + 1}"
        self.put(doc_id, f"{doc_id} {version} of words that tell a harbour from a bridge")

    def put(self, doc_id: str, text: str) -> None:
        self.number += 1
        key = f"raw/{doc_id}/a.txt"
        self.storage.put(key, text.encode())
        age(self.deployment, key, self.began + self.number)
        self.raw[doc_id] = text
        self.answers.pop(doc_id, None)
        self.current.clear()

    @rule(doc_id=doc_ids)
    def delete(self, doc_id: str) -> None:
        self.storage.delete(f"raw/{doc_id}/a.txt")
        self.raw.pop(doc_id, None)
        self.answers.pop(doc_id, None)
        self.current.clear()

    @rule(doc_id=doc_ids, writes=st.integers(10, 40), model=st.sampled_from(MODELS))
    def change_a_text_and_change_it_back(self, doc_id: str, writes: int, model: str) -> None:
        """What was begun to be written must not pass for the text that is wanted again."""
        before = self.raw.get(doc_id)
        if before is None:
            return
        self.reconcile(None)
        self.write(doc_id)
        self.reconcile(writes)
        self.put(doc_id, before)
        self.choose(model)
        self.reconcile(None)

    @rule(model=st.sampled_from(MODELS))
    def choose(self, model: str) -> None:
        self.reopen(model)

    @rule(writes=fuses)
    def reconcile(self, writes: int | None) -> None:
        cached = self.cached()
        self.deployment.fuse.left = writes
        try:
            reconcile(self.deployment, self.graph)
        except Killed:
            self.reopen(self.model)
            return
        embedded = dict(self.deployment.embedded)
        assert set(embedded.values()) <= {1}, "embedded twice"
        again = {(model, text) for model, text in embedded if (model, digest(text)) in cached}
        assert not again, "embedded though it was in the cache"
        self.reopen(self.model)
        self.answers = dict(self.raw)
        self.current |= {self.model, self.live}
        self.check_whole()
        reconcile(self.deployment, self.graph)
        assert not self.deployment.calls
        assert not self.deployment.embedded

    @precondition(lambda self: self.live)
    @rule(writes=fuses)
    def switch(self, writes: int | None) -> None:
        before, complete = self.live, self.model in self.current
        self.deployment.fuse.left = writes
        try:
            switch(self.deployment)
        except Killed:
            self.reopen(self.model)
            assert self.live in (before, self.model)
        except SparknetError:
            assert not complete
        else:
            self.reopen(self.model)
            assert self.live == self.model or (self.live == before and not complete)
        self.switched(before)

    @precondition(lambda self: self.live)
    @rule(writes=fuses)
    def rollback(self, writes: int | None) -> None:
        before, previous = self.live, self.deployment.generations.previous
        self.deployment.fuse.left = writes
        try:
            rollback(self.deployment)
        except Killed:
            self.reopen(self.model)
            assert self.live in (before, previous.identity if previous else before)
        except SparknetError:
            assert previous is None or previous.retiring
        else:
            assert previous is not None
            assert self.live == previous.identity
        self.switched(before)

    @precondition(lambda self: self.live)
    @rule(writes=fuses)
    def retire_others(self, writes: int | None) -> None:
        others = set(self.deployment.generations.generations)
        others.discard(self.deployment.generations.live_name)
        self.deployment.fuse.left = writes
        try:
            for name in others:
                retire(self.deployment, name)
        except Killed:
            self.reopen(self.model)
            finish_retiring(self.deployment)
        else:
            assert set(self.deployment.generations.generations) & others == set()
        self.reopen(self.model)
        self.current &= {self.live}
        self.check_folders()

    @invariant()
    def searches_are_answered(self) -> None:
        """By the live generation, whatever is under way or was cut off."""
        self.deployment.fuse.left = None
        if self.live:
            found = self.found(self.deployment.live_store)
            assert {d: found.get(d) for d in self.answers} == self.answers

    def switched(self, before: str) -> None:
        """What another generation lacks is found again after a reconciliation."""
        self.deployment.fuse.left = None
        self.deployment.embedded.clear()
        if self.live != before and self.live not in self.current:
            self.answers.clear()

    def reopen(self, model: str) -> None:
        """As another process would, the one before being gone."""
        free_leases(self.deployment)
        close_index(self.deployment)
        self.deployment = self.opened(model)

    def check_whole(self) -> None:
        deployment = self.deployment
        assert list(verify(deployment, self.graph)) == []
        assert unfinished(deployment.catalog) == []
        for store in (deployment.vector_store, deployment.live_store):
            assert self.found(store) == self.raw
            assert store.count() == (len(self.raw), len(self.raw))
        for store in deployment.stores():
            assert store.document_ids() <= set(self.raw), "a removed document stays behind"
        self.check_folders()

    def check_folders(self) -> None:
        index = self.deployment.state / "index"
        folders = {folder.name for folder in index.iterdir()} if index.exists() else set()
        assert folders <= set(self.deployment.generations.generations)

    def found(self, store: object) -> dict[str, str]:
        """Text of each document, by a search for what all have in common."""
        hits = store.search_text("harbour", 50)  # type: ignore[attr-defined]
        found = {hit.chunk.doc_id: hit.chunk.text for hit in hits}
        assert len(found) == len(hits), "a document is there twice"
        return found

    def cached(self) -> set[tuple[str, str]]:
        """(model, sha256 of a text) of the vectors in the cache."""
        path = self.deployment.state / "cache.db"
        if not path.exists():
            return set()
        with sqlite3.connect(path) as cache:
            rows = cache.execute("SELECT namespace, key FROM entries").fetchall()
        cache.close()
        return {(namespace.removeprefix("embeddings/"), key) for namespace, key in rows}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


Generations.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=20,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
TestGenerations = Generations.TestCase
