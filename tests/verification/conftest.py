"""A small home, made by the real stages, for each test to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from examples.many import write_many
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch import running as batch
from sparknet_assets.batch.running import run_batch
from sparknet_assets.intake.taking_in import take_in
from tests.doubles.embedder import WordEmbedder
from tests.doubles.inline_pool import InlinePool

DOCUMENTS = ("incident-00001-pdf", "incident-00002-pdf", "notes-txt")
NOTES = "Notes\n\n" + "\n\n".join(f"Paragraph {n} about the harbour and its cranes." for n in "abc")


def deployment_at(home: Path, **changes: object) -> Deployment:
    settings = {"workers": 2, "chunk_tokens": 64, "chunk_overlap": 8, **changes}
    deployment = Deployment(Settings(home=home, **settings))  # type: ignore[arg-type]
    deployment.__dict__["embedder"] = WordEmbedder()
    return deployment


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "WorkerPool", InlinePool)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three indexed documents: two PDFs, and a text that stands on a rendition."""
    folder = tmp_path_factory.mktemp("in")
    write_many(folder, 2, seed=3)
    (folder / "notes.txt").write_text(NOTES)
    home = tmp_path_factory.mktemp("home")
    deployment = deployment_at(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "WorkerPool", InlinePool)
        taken = take_in(deployment, [folder])
        results = list(run_batch(taken.doc_ids, deployment))
    assert {result.record.status for result in results} == {"done"}
    assert sorted(taken.doc_ids) == list(DOCUMENTS)
    return home


@pytest.fixture
def whole(prepared: Path, tmp_path: Path) -> Deployment:
    """A deployment on a copy of that home."""
    home = tmp_path / "home"
    shutil.copytree(prepared, home)
    return deployment_at(home)
