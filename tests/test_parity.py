"""Two deployments held against each other: what differs is explained, or something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch.running import run_batch
from sparknet_assets.cli import main
from sparknet_assets.originals import find_raw
from sparknet_assets.verification.parity import Difference, compare
from tests.doubles.inline_pool import inline_workers

TEXTS = {
    "lease": "The tenant pays the rent on the first day of each month. " * 40,
    "report": "Sales of lamps grew in the north and fell in the south. " * 40,
    "empty": "",
}


def indexed(settings: Settings) -> Deployment:
    deployment = Deployment(settings)
    for doc_id, text in TEXTS.items():
        if find_raw(doc_id, deployment) is None:
            deployment.storage.put(f"raw/{doc_id}/{doc_id}.txt", text.encode())
    with inline_workers():
        list(run_batch(list(TEXTS), deployment))
    return deployment


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Deployment]:
    folder = tmp_path_factory.mktemp("parity")
    one = Settings(home=folder / "one", workers=1)
    other = Settings(home=folder / "other", workers=1, chunk_tokens=64, chunk_overlap=8)
    return indexed(one), indexed(other)


@pytest.fixture
def twin(pair: tuple[Deployment, Deployment], tmp_path: Path) -> Deployment:
    return indexed(pair[0].settings.model_copy(update={"home": tmp_path / "twin"}))


def test_the_same_settings_give_the_same(
    pair: tuple[Deployment, Deployment], twin: Deployment
) -> None:
    found = compare(pair[0], twin)
    assert found.ok
    assert found.differences == []
    assert found.documents == 3
    assert found.stages["", "equal"] == 3
    assert found.stages["vector_index", "equal"] == 3


def test_what_follows_from_settings_is_explained(pair: tuple[Deployment, Deployment]) -> None:
    found = compare(*pair)
    assert found.ok
    stages = {difference.stage for difference in found.differences}
    assert stages == {"chunks", "embeddings", "vector_index"}
    lease = next(d for d in found.differences if (d.doc_id, d.stage) == ("lease", "chunks"))
    assert "chunk_tokens 256 -> 64" in lease.detail
    assert found.stages["ocr_text", "equal"] == 3
    assert not any(difference.doc_id == "empty" for difference in found.differences)


def test_what_follows_from_nothing_is_unexplained(
    pair: tuple[Deployment, Deployment], twin: Deployment
) -> None:
    gone = min(twin.live_store.chunk_ids(["lease"])["lease"])
    twin.live_store.delete([gone])
    twin.catalog.delete("report")
    twin.storage.put("raw/new/new.txt", b"Something else.")
    with inline_workers():
        list(run_batch(["new"], twin))
    found = compare(pair[0], twin)
    assert not found.ok
    assert found.differences == [
        Difference(
            "lease", "vector_index", False, "1 chunks are in the index here only, 0 there only"
        ),
        Difference("new", "", False, "only the other deployment has it"),
        Difference("report", "", False, "only this deployment has it"),
    ]


def test_the_command_names_the_differences(
    pair: tuple[Deployment, Deployment], tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    settings = pair[1].settings
    other.write_text(f"home = '{settings.home}'\nchunk_tokens = 64\nchunk_overlap = 8\n")
    here = ["--home", str(pair[0].settings.home)]
    told = CliRunner().invoke(main, [*here, "compare", str(other)])
    assert told.exit_code == 0, told.output
    assert "3 documents compared: every difference is explained." in told.output
    assert "chunk_tokens 256 -> 64" in told.output
    as_json = CliRunner().invoke(main, [*here, "compare", str(other), "--json"])
    assert json.loads(as_json.output)["stages"]["ocr_text"] == {"equal": 3}
