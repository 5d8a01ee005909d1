"""A home with three indexed documents, and an evaluation set about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch.running import run_batch
from tests.doubles.inline_pool import inline_workers

LEASE = ["The tenant pays a rent of 840 euros each month.", "The lease ends on 31 October 2027."]
REPORT = "The ferry carried 214,000 passengers in 2025. Captain Ida Brandt retired in May.\n"
MANUAL = "Grease the winch every second week. The boiler is inspected each spring.\n"

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "rent",
        "question": "How much rent does the tenant pay?",
        "doc_id": "lease",
        "page": 1,
        "quote": "a rent of  840 euros",
        "answers": ["840 euros"],
    },
    {
        "id": "end",
        "question": "When does the lease end?",
        "doc_id": "lease",
        "page": 2,
        "answers": ["31 October 2027"],
    },
    {"id": "captain", "question": "Who retired in May?", "doc_id": "report"},
    {"id": "bread", "question": "How do you bake sourdough bread?", "answers": []},
]

WriteSet = Callable[..., Path]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(Settings(home=tmp_path_factory.mktemp("evaluated"), workers=1))
    with pymupdf.open() as document:
        for line in LEASE:
            document.new_page().insert_text((72, 120), line, fontsize=9)
        deployment.storage.put("raw/lease/lease.pdf", document.tobytes())
    deployment.storage.put("raw/report/report.txt", REPORT.encode())
    deployment.storage.put("raw/manual/manual.txt", MANUAL.encode())
    with inline_workers():
        list(run_batch(["lease", "report", "manual"], deployment))
    return deployment


@pytest.fixture
def write_set(tmp_path: Path) -> WriteSet:
    """Writes a set as a folder."""

    def write(
        questions: list[dict[str, Any]] | None = None,
        texts: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
        name: str = "truths",
    ) -> Path:
        folder = tmp_path / name
        files = {"questions.jsonl": "".join(json.dumps(q) + "\n" for q in questions or [])}
        files |= {f"texts/{doc_id}.txt": text for doc_id, text in (texts or {}).items()}
        files |= {f"fields/{doc_id}.json": json.dumps(f) for doc_id, f in (fields or {}).items()}
        for key, text in files.items():
            if text:
                (folder / key).parent.mkdir(parents=True, exist_ok=True)
                (folder / key).write_text(text, "utf-8")
        return folder

    return write
