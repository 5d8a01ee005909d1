"""A home with a few indexed documents, and apps over it or over empty ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.api.app import create_app
from sparknet_assets.batch import running as batch
from sparknet_assets.batch.running import run_batch
from sparknet_assets.intake.taking_in import take_in
from tests.doubles.embedder import WordEmbedder
from tests.doubles.inline_pool import InlinePool

HOSTILE_NAME = '"><script>alert(1)</script>\u202e.html'
HOSTILE_TITLE = "<img src=x onerror=alert(1)>"
ODD_ID = "Mäße & 100% 'wahr'?"
LEASE = ("The tenant pays a rent of 840 euros each month.", "The lease ends on 31 October 2027.")
_LIMITS = {"api_per_second": 10_000.0, "api_burst": 10_000, "chunk_tokens": 64, "chunk_overlap": 8}
Client = Callable[..., TestClient]


def deployment_at(home: Path, **changes: Any) -> Deployment:
    """A deployment whose embedder needs no model."""
    deployment = Deployment(Settings(home=home, workers=1, **{**_LIMITS, **changes}))
    deployment.__dict__["embedder"] = WordEmbedder()
    return deployment


def client_of(app: FastAPI, **options: Any) -> TestClient:
    """A client that speaks to the app as a program on this machine does."""
    return TestClient(
        app, base_url="http://127.0.0.1:8484", raise_server_exceptions=False, **options
    )


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lease of two pages, notes, a page of HTML that means harm, and an odd doc_id."""
    inbox, home = tmp_path_factory.mktemp("inbox"), tmp_path_factory.mktemp("home")
    with pymupdf.open() as document:
        for line in LEASE:
            document.new_page().insert_text((72, 120), line, fontsize=11)
        document.set_metadata({"title": "Lease of the harbour office"})
        document.save(inbox / "lease.pdf")
    (inbox / "notes.txt").write_text("The ferry sails at nine. The harbour has three cranes.\n")
    hostile = f"<title>{HOSTILE_TITLE}</title><script>alert(2)</script><p>Tea &lt;script&gt;</p>"
    (inbox / HOSTILE_NAME.replace("/", "_")).write_text(hostile)
    deployment = deployment_at(home)
    deployment.storage.put(f"raw/{ODD_ID}/odd.txt", b"An odd name for a document.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "WorkerPool", InlinePool)
        taken = take_in(deployment, [inbox])
        results = list(run_batch([*taken.doc_ids, ODD_ID], deployment))
    assert {result.record.status for result in results} == {"done"}
    return home


@pytest.fixture(scope="session")
def reading(indexed: Path) -> Iterator[TestClient]:
    """A client for tests that change nothing."""
    with client_of(create_app(deployment_at(indexed))) as client:
        yield client


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A deployment without documents."""
    return deployment_at(tmp_path / "home")


@pytest.fixture
def client(deployment: Deployment) -> Iterator[TestClient]:
    """A client of an app without documents, which processes nothing."""
    with client_of(create_app(deployment)) as client:
        yield client


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are functions of this process."""
    monkeypatch.setattr(batch, "WorkerPool", InlinePool)
