"""A batch through the `sparknet` command while services throttle, fail and lose their answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from resources.ocr import Line, OCRResult, Word
from sparknet_assets.cli import main
from sparknet_assets.source.png import encode_png
from tests.aws.cloud import Cloud, cloud
from tests.doubles.moto_server import MotoServer

SHARE = 0.3
TEXTS = {f"note-{n}": f"# Note {n}\n\nThe ferry number {n} calls at pier {n}.\n" for n in range(3)}
TEXTS["twin"] = TEXTS["note-1"]
DOCUMENTS = [*TEXTS, "photo"]


@pytest.fixture
def running(moto: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud; Textract reads the same sentence on each image."""

    def reader(image: Any) -> OCRResult:
        words = ["The", "photographed", "ferry", "calls", "nowhere"]
        boxes = [Word(w, 0.1 + n / 10, 0.1, 0.18 + n / 10, 0.13, 0.9) for n, w in enumerate(words)]
        return OCRResult(lines=[Line(words=boxes)])

    with cloud(moto, tmp_path, reader) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents, one of them an image."""
    made = tmp_path / "documents"
    made.mkdir()
    for name, text in TEXTS.items():
        (made / f"{name}.md").write_text(text)
    pixels = np.full((200, 400, 3), 255, dtype=np.uint8)
    pixels[40:60, 40:300:3] = 0
    (made / "photo.png").write_bytes(encode_png(pixels, 100))
    return made


@pytest.mark.long
@pytest.mark.parametrize("services", ["dynamodb", "all"])
def test_a_batch_through_faults(
    running: Cloud,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    services: str,
) -> None:
    if services == "dynamodb":
        running.dynamodb.share = SHARE
    else:
        running.fail(SHARE)
    home = tmp_path / "home"
    done = running.run(home, "ingest", str(folder), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = {each["doc_id"]: each for each in json.loads(done.stdout)["documents"]}
    assert len(said) == len(DOCUMENTS)
    assert {each["status"] for each in said.values()} == {"indexed"}, said
    kinds = {failure.split()[0] for failure in running.dynamodb.failed}
    assert kinds == {"throttled", "broken", "reset"}

    running.heal()
    for name, value in running.settings.items():
        monkeypatch.setenv(f"SPARKNET_{name.upper()}", str(value))
    checked = CliRunner().invoke(main, ["--home", str(home), "verify", "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["problems"] == []
    deployment = running.deployment(home)
    stages = deployment.catalog.stages(list(said), stage="vector_index")
    chunks = {doc_id: stages[doc_id]["vector_index"].metadata["chunks"] for doc_id in said}
    assert set(chunks.values()) == {1}
    assert deployment.live_store.count() == (len(said), len(said)), "one set of chunks each"
    assert running.textract.paid_pages["sync"] >= 1, "an answer that got lost is paid for again"
