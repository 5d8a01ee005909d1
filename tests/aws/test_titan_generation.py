"""From MiniLM to Titan and back by generations: each is asked for its own index alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.embeddings.minilm import MiniLMEmbedder
from resources.embeddings.titan import TitanEmbedder
from resources.generations import Generation
from resources.settings import Settings
from sparknet_assets.generations.switching import rollback, switch
from tests.doubles.bedrock import BedrockServer
from tests.generations.home import Home

LETTERS = {
    "rent": "the tenant is late with the rent of May",
    "garden": "the garden behind the house needs water",
    "heating": "the heating was cold for three days",
    "parking": "the parking space is taken by another car",
}
MINILM = "sparknet-minilm-l6-v2-int8-2-384"
TITAN = "sparknet-titan-embed-text-v2-0-512-512"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bedrock: BedrockServer) -> Home:
    """Letters that MiniLM has embedded."""
    home = Home(
        Settings(home=tmp_path, workers=1, bedrock_per_second=1e4), monkeypatch, doubles=False
    )
    home.put(**LETTERS)
    home.made(*LETTERS)
    return home


def choose(home: Home, **settings: object) -> Deployment:
    home.settings = home.settings.model_copy(update=settings)
    return home.deployment


def cost(home: Home, doc_id: str, stage: str) -> float:
    return home.deployment.catalog.stages([doc_id])[doc_id][stage].cost_usd


def test_from_minilm_to_titan_and_back(home: Home, bedrock: BedrockServer) -> None:
    assert bedrock.requests == []
    choose(home, embedder="titan", titan_dimension=512)

    # MiniLM answers while Titan's index is built, and takes in what arrives meanwhile.
    assert isinstance(home.deployment.live_embedder, MiniLMEmbedder)
    assert home.found("garden") == ["garden"]
    assert bedrock.requests == []
    home.put(lease="the lease ends in March")
    home.made(*LETTERS, "lease")
    assert len(bedrock.requests) == 5
    assert home.in_store(MINILM) == home.in_store(TITAN) == {*LETTERS, "lease"}
    assert cost(home, "lease", "embeddings") > 0
    assert cost(home, "lease", "vector_index") == 0, "MiniLM costs nothing"
    assert home.found("lease") == ["lease"]
    assert len(bedrock.requests) == 5

    made = switch(home.deployment)
    assert (made.live, made.before) == (TITAN, MINILM)
    asked = len(bedrock.requests)
    assert home.found("garden") == ["garden"]
    assert bedrock.texts[asked:] == ["garden"]

    # Settings that name MiniLM again, and another dimension: Titan's index still answers.
    choose(home, embedder="minilm", titan_dimension=1024)
    live = home.deployment.live_embedder
    assert isinstance(live, TitanEmbedder)
    assert live.dimension == 512
    home.put(notice="a notice of three months")
    home.made("notice")
    assert home.in_store(MINILM) == home.in_store(TITAN) == {*LETTERS, "lease", "notice"}
    assert cost(home, "notice", "embeddings") == 0
    assert cost(home, "notice", "vector_index") > 0, "paid for the index that answers"

    back = rollback(home.deployment)
    assert back.live == MINILM
    asked = len(bedrock.requests)
    assert home.found("notice") == ["notice"]
    assert len(bedrock.requests) == asked


def test_chunks_are_the_same_whichever_embeds_them(home: Home) -> None:
    before = {key: home.deployment.storage.get(f"processed/{key}/chunks.json") for key in LETTERS}
    choose(home, embedder="titan")
    home.made(*LETTERS)
    after = {key: home.deployment.storage.get(f"processed/{key}/chunks.json") for key in LETTERS}
    assert after == before


def test_what_a_generation_keeps_of_titan(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, embedder="titan", titan_dimension=256)
    generation = Deployment(settings).target
    assert generation.is_named_by(settings)
    assert generation.settings_of(Settings(home=tmp_path)).titan_dimension == 256
    wide = settings.model_copy(update={"titan_dimension": 1024})
    assert generation.differences(wide) == {"titan_dimension": "256"}
    assert not generation.same_model(wide)
    assert generation.differences(Settings(home=tmp_path)).keys() == {"embedder", "titan_dimension"}
    other = settings.model_copy(update={"embedder_precision": "fp32", "minilm_path": tmp_path})
    assert generation.is_named_by(other), "what MiniLM is made of is no part of it"


def test_a_profile_in_place_of_the_model_changes_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, embedder="titan")
    deployment = Deployment(settings)
    profile = settings.model_copy(update={"titan_model": f"eu.{settings.titan_model}"})
    assert deployment.target.is_named_by(profile)
    through = Deployment(profile)
    assert through.target.name == deployment.target.name
    assert through.embedder_of(deployment.target) is through.embedder


def test_a_generation_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    stored = json.loads(Deployment(settings).target.model_dump_json())
    del stored["titan_model"], stored["titan_dimension"]
    generation = Generation.model_validate_json(json.dumps(stored))
    assert generation.is_named_by(settings)
    assert generation.settings_of(settings).embedder == "minilm"


def test_what_a_failed_attempt_paid_is_not_forgotten(home: Home, bedrock: BedrockServer) -> None:
    choose(home, embedder="titan", chunk_tokens=16, chunk_overlap=0)
    text = "the first part is about rent and it is long enough " * 3
    home.put(mixed=f"{text}\nthis part is poisonous to the model")
    failure = home.failures("mixed")["mixed"]
    spent = cost(home, "mixed", "embeddings")
    assert failure.cost_usd == spent > 0
    bedrock.models.poison = "nothing is"
    home.made("mixed")
    total = cost(home, "mixed", "embeddings")
    charged = home.deployment.catalog.stages(["mixed"])["mixed"]["embeddings"].metadata
    assert total == pytest.approx(spent + charged["charged_tokens"] * 0.02e-6)
