"""Questions about real quarterly reports: whatever is answered can be found where it is cited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.answers.answer import ask
from sparknet_assets.answers.verification import verify_answer
from sparknet_assets.batch.running import run_batch

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def reports(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = corpus / "docugami_10q" / "docs"
    if not folder.is_dir():
        pytest.skip(f"no quarterly reports at {folder}")
    deployment = Deployment(Settings(home=tmp_path_factory.mktemp("reports")))
    names = {path.stem.lower().replace("_", "-"): path for path in sorted(folder.glob("*.pdf"))}
    for doc_id, path in names.items():
        deployment.storage.put(f"raw/{doc_id}/{path.name}", path.read_bytes())
    list(run_batch(list(names), deployment))
    return deployment


def test_every_sentence_is_in_its_chunk_and_its_boxes_hold_its_words(
    reports: Deployment, corpus: Path
) -> None:
    lines = (corpus / "docugami_10q" / "qa.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["Question"] for line in lines]
    answers = [ask(reports, question) for question in questions]
    assert sum(bool(answer.citations) for answer in answers) > len(answers) // 2
    problems = {a.question: found for a in answers if (found := verify_answer(reports, a))}
    assert problems == {}
