"""Changes of the real embedders: MiniLM's precision, and from and to a model on a server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.deployment import ModelGoneError
from resources.failure import FailureKind
from resources.settings import Settings
from sparknet_assets.diagnosis import check_vector_store
from sparknet_assets.generations.switching import progress, switch
from sparknet_assets.retrieval import search
from tests.doubles.ollama import OllamaServer
from tests.generations.home import Home
from tests.model.world import close_index

TEXTS = {
    "lease": "the tenant pays the rent on the first day of each month",
    "report": "net revenue of the company grew by a half in the last year",
    "recipe": "boil the potatoes for twenty minutes and add salt and butter",
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the real model indexed, to be copied."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    with pytest.MonkeyPatch.context() as patch:
        home = Home(Settings(home=folder, workers=2), patch, doubles=False)
        home.put(**TEXTS)
        home.run(*TEXTS)
        close_index(home.deployment)
    return folder


@pytest.fixture
def home(prepared: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    shutil.copytree(prepared, settings.home)
    return Home(settings, monkeypatch, doubles=False)


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=("nomic-embed-text:latest", "other:latest")) as double:
        yield double


def use(home: Home, server: OllamaServer, model: str) -> None:
    update = {"embedder": "ollama", "ollama_host": server.host, "ollama_embedding_model": model}
    home.settings = home.settings.model_copy(update=update)


def best(home: Home, query: str) -> str:
    return search(home.deployment, query).hits[0].doc_id


def test_from_int8_to_fp32(home: Home) -> None:
    home.precision = "fp32"
    home.run("lease", "report")
    home.put(memo="cars are parked behind the house at night")
    home.run("memo")
    assert best(home, "where may I leave my vehicle") == "memo"
    assert best(home, "cooking instructions") == "recipe"
    assert not switch(home.deployment).switched
    home.run("recipe")
    made = switch(home.deployment)
    assert made.switched, made.gates
    assert "fp32" in made.live and "int8" in made.before
    assert best(home, "cooking instructions") == "recipe"
    assert {row.documents for row in progress(home.deployment)} == {4}


def test_to_a_model_of_another_dimension_on_a_server(home: Home, server: OllamaServer) -> None:
    use(home, server, "nomic-embed-text")
    home.run("lease")
    assert best(home, "cooking instructions") == "recipe"
    home.run(*TEXTS)
    made = switch(home.deployment)
    assert made.switched, made.gates
    assert made.live.endswith("-64")
    assert best(home, "potatoes and salt") == "recipe"
    use(home, server, "other")
    home.run(*TEXTS)
    assert best(home, "potatoes and salt") == "recipe"
    assert switch(home.deployment).live.startswith("sparknet-ollama-other-")
    assert len(progress(home.deployment)) == 3


def test_a_model_that_returns_another_dimension_than_before(
    home: Home, server: OllamaServer
) -> None:
    use(home, server, "nomic-embed-text")
    home.run(*TEXTS)
    assert switch(home.deployment).live.endswith("-64")
    server.dimension = 96
    assert search(home.deployment, "potatoes").note.startswith("Searched by words only.")
    with pytest.raises(ModelGoneError, match=r"dimension 64\).*dimension 96\)"):
        search(home.deployment, "potatoes", mode="vector")
    assert home.made(*TEXTS) == {(s, d) for s in ("embeddings", "vector_index") for d in TEXTS}
    assert search(home.deployment, "potatoes and salt").note
    assert switch(home.deployment, force=True).live.endswith("-96")
    assert search(home.deployment, "potatoes and salt", mode="vector").hits[0].doc_id == "recipe"
    server.dimension = 64
    assert search(home.deployment, "potatoes and salt").note
    assert not home.failures(*TEXTS)


def test_the_diagnosis_tells_of_another_pull_of_the_model(
    home: Home, server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_vector_store(home.deployment).remedy == ""
    use(home, server, "nomic-embed-text")
    assert check_vector_store(home.deployment).remedy.endswith("sparknet generations")
    home.run(*TEXTS)
    switch(home.deployment)
    assert check_vector_store(home.deployment).remedy == ""
    pulled = server.listing()
    pulled.models[0].digest = "f" * 64  # type: ignore[index]
    monkeypatch.setattr(server, "listing", lambda: pulled)
    found = check_vector_store(home.deployment)
    assert (found.level, found.remedy) == ("warn", "searches go by words until then")
    assert search(home.deployment, "potatoes").note.startswith("Searched by words only.")


def test_searches_go_on_while_the_server_of_the_next_one_is_away(home: Home) -> None:
    use(home, OllamaServer(host="http://127.0.0.1:9"), "nomic-embed-text")
    assert best(home, "cooking instructions") == "recipe"
    assert home.deployment.stores()[0].document_ids() == set(TEXTS)
    assert [row.roles for row in progress(home.deployment)] == [["live"]]
    failures = home.failures("lease")
    assert failures["lease"].kind is FailureKind.UNAVAILABLE
    assert best(home, "who pays the rent") == "lease"
