"""What models on Bedrock take and refuse: a table, each row with its source and date."""

from __future__ import annotations

from dataclasses import dataclass

from resources.model_ids import model_name

_AWS = "https://docs.aws.amazon.com/bedrock/latest/userguide"
_FEATURES = f"{_AWS}/conversation-inference-supported-models-features.html"
_TITAN = f"{_AWS}/titan-text-models.html, {_AWS}/model-parameters-titan-text.html, {_FEATURES}"
_CLAUDE = "https://platform.claude.com/docs/en/models"
# "Opus 4.7+ reject temperature and top_p", 2026-06-15.
_NO_TEMPERATURE = "https://github.com/aws-samples/bedrock-chat/issues/1102"
_READ = "2026-11-28"


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What holds for the models whose id, without region and vendor, begins with `prefix`.

    Attributes:
        context_tokens: Prompt and answer together; None where unknown.
        output_tokens: The longest answer; None where unknown.
        temperature: Whether a request may set it. A model that refuses it refuses the request.
        system: Whether a request may carry system text.
        source: Where this was read.
        date: When it was read (ISO 8601).
    """

    prefix: str
    context_tokens: int | None = None
    output_tokens: int | None = None
    temperature: bool = False
    system: bool = True
    source: str
    date: str = _READ


MODELS = (
    ModelFacts(
        prefix="claude-haiku-4-5",
        context_tokens=200_000,
        output_tokens=64_000,
        temperature=True,
        source=f"{_CLAUDE}/haiku-4-5/overview",
    ),
    ModelFacts(
        prefix="claude-sonnet-4-6",
        context_tokens=1_000_000,
        output_tokens=128_000,
        temperature=True,
        source=f"{_CLAUDE}/sonnet-4-6/overview",
    ),
    ModelFacts(
        prefix="claude-sonnet-5-5",
        context_tokens=1_000_000,
        output_tokens=128_000,
        source=f"{_CLAUDE}/sonnet-5-5/overview",
    ),
    ModelFacts(prefix="claude-opus-4-7", source=_NO_TEMPERATURE),
    ModelFacts(prefix="claude-opus-4-8", source=_NO_TEMPERATURE),
    ModelFacts(
        prefix="claude-opus-5-5",
        context_tokens=1_000_000,
        output_tokens=128_000,
        source=f"{_CLAUDE}/opus-5-5/overview, {_NO_TEMPERATURE}",
    ),
    ModelFacts(
        prefix="titan-text-premier",
        context_tokens=32_000,
        output_tokens=3_072,
        temperature=True,
        system=False,
        source=_TITAN,
    ),
    ModelFacts(
        prefix="titan-text-express",
        context_tokens=8_192,
        output_tokens=8_192,
        temperature=True,
        system=False,
        source=_TITAN,
    ),
    ModelFacts(
        prefix="titan-text-lite",
        context_tokens=4_096,
        output_tokens=4_096,
        temperature=True,
        system=False,
        source=_TITAN,
    ),
)
# Of a model that nothing is known about, only what every model takes is asked.
UNKNOWN = ModelFacts(prefix="", source="", date="")


def facts_of(model: str) -> ModelFacts:
    """What is known of a model by its id, or by the id or ARN of an inference profile."""
    name = model_name(model)
    return next((facts for facts in MODELS if name.startswith(facts.prefix)), UNKNOWN)
