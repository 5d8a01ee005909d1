"""What `sparknet doctor` says of models on Bedrock."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets import diagnosis
from sparknet_assets.diagnosis import Check, diagnose
from tests.doubles.bedrock import HAIKU, TITAN, BedrockServer


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks that take seconds and have nothing to do with Bedrock."""
    for name in ("check_ocr", "check_dagster", "check_vector_store"):
        monkeypatch.setattr(diagnosis, name, lambda _: Check("other", "ok", ""))


def checks(deployment: Deployment) -> dict[str, Check]:
    return {check.name: check for check in diagnose(deployment)}


def test_models_that_answer_and_models_without_access(
    bedrock: BedrockServer, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, embedder="titan", llm="bedrock")
    found = checks(Deployment(settings))
    assert found["embedder"] == Check(
        "embedder", "ok", "titan-embed-text-v2-0-1024, 1024 dimensions"
    )
    assert found["language model"] == Check("language model", "ok", HAIKU)

    bedrock.models.denied.update({TITAN, HAIKU})
    found = checks(Deployment(settings))
    for name, model in (("embedder", TITAN), ("language model", HAIKU)):
        assert found[name].level == "fail"
        assert f"bedrock:InvokeModel on {model}" in found[name].detail
        assert "docs/aws" in found[name].remedy


def test_a_deployment_without_a_language_model_is_not_asked_for_one(deployment: Deployment) -> None:
    assert deployment.llm is None
    assert "language model" not in checks(deployment)
