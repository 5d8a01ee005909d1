"""Kept answers: given back for the same question, gone with any document that they rest on."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.answers.answer import ask
from sparknet_assets.answers.kept import KeptAnswers
from sparknet_assets.batch.running import run_batch
from sparknet_assets.removal.removing import remove
from tests.doubles.inline_pool import inline_workers
from tests.doubles.llm import ScriptedModel
from tests.removal.homes import files_with, with_words

QUESTION = "Who guards the harbour?"
SECRET = "Zanzibarquokka guards the harbour at night."


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = with_words(Deployment(Settings(home=tmp_path / "data", workers=1)))
    deployment.storage.put("raw/secret/secret.txt", SECRET.encode())
    deployment.storage.put("raw/other/other.txt", b"The harbour is guarded by two dogs.")
    with inline_workers():
        list(run_batch(["secret", "other"], deployment))
    return deployment


def says_the_secret(_: str, prompt: str) -> str:
    number = next(n for n in (1, 2) if SECRET in prompt.split(f'number="{n}"')[1].split("</")[0])
    return f'Zanzibarquokka guards the harbour. [{number}: "Zanzibarquokka guards the harbour"]'


def test_a_removed_document_leaves_no_kept_answer(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ScriptedModel(says_the_secret)
    monkeypatch.setitem(deployment.__dict__, "llm", model)
    assert "Zanzibarquokka" in ask(deployment, QUESTION).answer
    assert "Zanzibarquokka" in ask(deployment, QUESTION).answer
    assert len(model.prompts) == 1
    assert deployment.cache.used("other") > 1
    (receipt,) = remove(deployment, ["secret"], reason="a test", requested_by="pytest")
    assert receipt.remaining["cache"] == 0
    assert files_with(deployment.home, "Zanzibarquokka") == []
    model.answer = "NOT IN THE DOCUMENTS"
    assert "Zanzibarquokka" not in ask(deployment, QUESTION).answer


def test_a_share_alone_says_nothing(deployment: Deployment) -> None:
    hits = deployment.live_store.search_text("harbour", 5)
    chunks = [hit.chunk for hit in hits]
    assert {chunk.doc_id for chunk in chunks} == {"secret", "other"}
    kept = KeptAnswers(deployment.cache, deployment.catalog, "model")
    kept.put(QUESTION, chunks, SECRET)
    assert kept.get(QUESTION, chunks) == SECRET
    assert kept.get("Another question?", chunks) is None
    assert KeptAnswers(deployment.cache, deployment.catalog, "other").get(QUESTION, chunks) is None
    # The index has it, the cache does not.
    assert not [f for f in files_with(deployment.state, "Zanzibarquokka") if "cache" in str(f)]
    assert deployment.cache.forget("other") > 0
    assert kept.get(QUESTION, chunks) is None


def test_nothing_is_kept_of_a_document_that_is_going(deployment: Deployment) -> None:
    chunks = [hit.chunk for hit in deployment.live_store.search_text("harbour", 5)]
    remove(deployment, ["secret"], reason="a test", requested_by="pytest")
    kept = KeptAnswers(deployment.cache, deployment.catalog, "model")
    kept.put(QUESTION, chunks, SECRET)
    assert kept.get(QUESTION, chunks) is None


def test_what_broke_off_is_not_kept(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ScriptedModel(says_the_secret)
    model.error, model.error_after = SparknetError(FailureKind.UNAVAILABLE, "gone"), 9
    monkeypatch.setitem(deployment.__dict__, "llm", model)
    ask(deployment, QUESTION)
    model.error = None
    assert "Zanzibarquokka" in ask(deployment, QUESTION).answer
    assert len(model.prompts) == 2
