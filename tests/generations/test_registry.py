"""Which generation is the target, which one answers, and where their embedders come from."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from resources import deployment as deployments
from resources.deployment import Deployment, ModelGoneError
from resources.generations import make_live, read_registry, register, unregister
from resources.settings import Settings
from resources.vector_store import Chunk
from sparknet_assets.retrieval import search
from tests.doubles.embedder import WordEmbedder

DIMENSIONS = {"int8": 32, "fp32": 48}


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each precision has a model of its own; other settings of embedders make no difference."""

    def build(settings: Settings, models: Path) -> WordEmbedder:
        return WordEmbedder(DIMENSIONS[settings.embedder_precision])

    monkeypatch.setattr(deployments, "build_embedder", build)


def other(deployment: Deployment, **settings: object) -> Deployment:
    """The same home, opened anew under other settings."""
    return Deployment(deployment.settings.model_copy(update=settings))


def fill(deployment: Deployment, doc_id: str, text: str) -> None:
    chunk = Chunk(
        chunk_id=doc_id, doc_id=doc_id, ordinal=0, text=text, text_sha256="", tokens=5, pages=(1,),
        boxes=(),
    )  # fmt: skip
    deployment.vector_store.add_chunks([chunk], deployment.embedder.embed([text]))


def found(deployment: Deployment) -> list[str]:
    return [hit.doc_id for hit in search(deployment, "rent", mode="vector").hits]


def test_a_fresh_home_answers_from_its_target_and_writes_nothing(deployment: Deployment) -> None:
    assert deployment.live is None
    assert deployment.live_store is deployment.vector_store
    assert deployment.stores() == [deployment.vector_store]
    assert found(deployment) == []
    assert deployment.catalog.facts() == {}


def test_queries_use_the_live_one_until_another_process_switches(deployment: Deployment) -> None:
    fill(deployment, "old", "rent is due")
    register(deployment.catalog, deployment.target, live=True)
    building = other(deployment, embedder_precision="fp32")
    register(building.catalog, building.target)
    fill(building, "new", "rent was due")

    assert building.live_embedder.dimension == 32
    assert found(building) == ["old"]
    assert "the settings name another" in search(building, "rent").note
    assert {store.generation for store in building.stores()} == {
        "sparknet-words-32-32",
        "sparknet-words-48-48",
    }
    make_live(other(building).catalog, building.target.name)
    assert found(building) == found(deployment) == ["new"]
    assert "note" not in search(building, "rent").as_json()


def test_a_home_of_an_earlier_version_answers_from_the_index_it_has(deployment: Deployment) -> None:
    fill(deployment, "old", "rent is due")
    assert found(other(deployment, embedder_precision="fp32")) == ["old"]


def test_a_registry_is_read_and_changed(deployment: Deployment) -> None:
    catalog, first = deployment.catalog, deployment.target
    second = other(deployment, embedder_precision="fp32").target
    register(catalog, first, live=True)
    register(catalog, second)
    make_live(catalog, second.name)
    registry = read_registry(catalog)
    assert (registry.live, registry.previous) == (second, first)
    make_live(catalog, first.name)
    assert read_registry(catalog).previous == second
    unregister(catalog, second.name)
    registry = read_registry(catalog)
    assert (registry.live, registry.previous) == (first, None)
    assert list(registry.generations) == [first.name]


def test_a_model_that_changed_under_its_name(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(deployment, "old", "rent is due")
    register(deployment.catalog, deployment.target, live=True)
    monkeypatch.setitem(DIMENSIONS, "int8", 40)
    later = other(deployment)
    with pytest.raises(ModelGoneError, match=r"words-32 .*; under that name there is words-40"):
        search(later, "rent", mode="vector")
    by_words = search(later, "rent")
    assert [hit.doc_id for hit in by_words.hits] == ["old"]
    assert by_words.note.startswith("Searched by words only.")
    assert by_words.as_json()["note"] == by_words.note


def test_what_a_generation_says_of_settings(deployment: Deployment, tmp_path: Path) -> None:
    generation = deployment.target
    moved = deployment.settings.model_copy(
        update={"collection": "law", "minilm_path": tmp_path, "ollama_embedding_model": "other"}
    )
    assert generation.is_named_by(deployment.settings)
    assert generation.differences(moved) == {"collection": "sparknet", "minilm_path": ""}
    assert generation.settings_of(moved).collection == "sparknet"
    # Weights in another folder are the same model when they have the same identity.
    register(deployment.catalog, generation, live=True)
    assert Deployment(moved).live_embedder.identity == generation.identity


def test_a_deployment_pickles_as_its_settings(deployment: Deployment) -> None:
    assert deployment.live_store is deployment.vector_store
    copied = pickle.loads(pickle.dumps(deployment))
    assert copied.settings == deployment.settings
    error = pickle.loads(pickle.dumps(ModelGoneError("gone")))
    assert (error.message, error.retryable) == ("gone", True)
