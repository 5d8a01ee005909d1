"""Language models on Bedrock: what each model takes, what breaks on the way, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from resources.aws.clients import AwsClients
from resources.aws.limits import Limiter
from resources.failure import FailureKind, SparknetError
from resources.llm import Ending, Message, StopReason
from resources.llm.bedrock import BedrockAdapter
from resources.llm.bedrock_models import MODELS, facts_of
from resources.prices import load_prices
from tests.doubles import bedrock as doubles
from tests.doubles.bedrock import HAIKU, BedrockServer

ASKED = [Message("user", "What is due?")]
OPUS, SONNET = "anthropic.claude-opus-5-5", "anthropic.claude-sonnet-5-5"
TITAN_TEXT = "amazon.titan-text-premier-v1:0"
Make = Callable[..., BedrockAdapter]


@pytest.fixture
def paid() -> list[float]:
    """What the budget was asked for."""
    return []


@pytest.fixture
def make(tmp_path: Path, paid: list[float]) -> Make:
    def build(model: str = HAIKU, attempts: int = 1) -> BedrockAdapter:
        limiter = Limiter(tmp_path, "bedrock", None, 2, paid.append)
        clients = AwsClients(attempts=attempts)
        return BedrockAdapter(clients, model, limiter, load_prices(), sleep=lambda _: None)

    return build


def failure(call: Callable[[], object]) -> SparknetError:
    with pytest.raises(SparknetError) as caught:
        call()
    assert "What is due" not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("model", "temperature"),
    [
        (HAIKU, True),
        (f"us.{HAIKU}", True),
        (TITAN_TEXT, True),
        ("anthropic.claude-opus-4-7-v1:0", False),
        (OPUS, False),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{SONNET}", False),
        ("anthropic.claude-of-tomorrow", False),
    ],
)
def test_temperature_goes_to_models_that_take_it(
    bedrock: BedrockServer, make: Make, model: str, temperature: bool
) -> None:
    make(model).complete(ASKED, temperature=0.0)
    assert ("temperature" in bedrock.requests[-1]["inferenceConfig"]) is temperature
    make(model).complete(ASKED)
    assert "temperature" not in bedrock.requests[-1]["inferenceConfig"]


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (OPUS, {"inferenceConfig": {"temperature": 0.0}}),
        (OPUS, {"inferenceConfig": {"topP": 0.5}}),
        (TITAN_TEXT, {"system": [{"text": "You are a clerk."}]}),
        (
            SONNET,
            {
                "toolConfig": {
                    "tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {}}}}],
                    "toolChoice": {"tool": {"name": "t"}},
                }
            },
        ),
    ],
)
def test_the_double_refuses_what_the_models_refuse(
    bedrock: BedrockServer, model: str, sent: dict[str, Any]
) -> None:
    client = AwsClients(attempts=1).client("bedrock-runtime")
    messages = [{"role": "user", "content": [{"text": "What is due?"}]}]
    with pytest.raises(ClientError, match="ValidationException"):
        client.converse(modelId=model, messages=messages, **sent)


def test_system_text_stands_where_the_model_takes_it(bedrock: BedrockServer, make: Make) -> None:
    make().complete(ASKED, system="You are a clerk.")
    assert bedrock.requests[-1]["system"] == [{"text": "You are a clerk."}]
    make(TITAN_TEXT).complete(ASKED, system="You are a clerk.")
    assert "system" not in bedrock.requests[-1]
    (turn,) = bedrock.requests[-1]["messages"]
    assert turn["content"] == [{"text": "You are a clerk.\n\nWhat is due?"}]


def test_no_more_is_asked_for_than_the_model_can_write(bedrock: BedrockServer, make: Make) -> None:
    make(TITAN_TEXT).complete(ASKED, max_tokens=10_000)
    assert bedrock.requests[-1]["inferenceConfig"]["maxTokens"] == 3072


def test_costs_by_what_the_service_counted(
    bedrock: BedrockServer, make: Make, paid: list[float]
) -> None:
    answer = doubles.output("Twelve.", stop="end_turn", read=1000, written=200)
    bedrock.models.answers.extend([answer, answer, answer])
    assert make().complete(ASKED).usage.cost_usd == pytest.approx(0.002)
    assert make(f"eu.{HAIKU}").complete(ASKED).usage.cost_usd == pytest.approx(0.0022)
    assert make(TITAN_TEXT).complete(ASKED).usage.cost_usd is None
    # The budget is asked for the prompt by estimate and the longest answer that was allowed.
    assert paid == [pytest.approx(4e-6 + 2048 * 5e-6), pytest.approx(1.1 * (4e-6 + 2048 * 5e-6))]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", StopReason.END),
        ("stop_sequence", StopReason.END),
        ("max_tokens", StopReason.LENGTH),
        ("model_context_window_exceeded", StopReason.LENGTH),
        ("guardrail_intervened", StopReason.REFUSED),
        ("content_filtered", StopReason.REFUSED),
        ("malformed_model_output", StopReason.OTHER),
        ("tool_use", StopReason.OTHER),
    ],
)
def test_every_reason_to_stop_is_known(
    bedrock: BedrockServer, make: Make, reason: str, stop: StopReason
) -> None:
    answer = doubles.output("Twelve dollars", stop=reason)
    bedrock.models.answers.extend([answer, answer])
    assert make().complete(ASKED).stop is stop
    assert list(make().stream(ASKED))[-1].stop is stop  # type: ignore[union-attr]


@pytest.mark.parametrize("code", ["ModelTimeoutException", "ModelErrorException"])
def test_what_boto3_does_not_retry_is_retried(
    bedrock: BedrockServer, make: Make, code: str
) -> None:
    bedrock.fail_next(code, code, code, operation="Converse")
    assert make().generate("Hello") == "You said: Hello"
    bedrock.fail_next(code, code, code, operation="ConverseStream")
    assert "".join(map(str, list(make().stream(ASKED))[:-1])) == "You said: What is due?"
    bedrock.fail_next(*[code] * 4, operation="Converse")
    assert failure(lambda: make().generate("Hello")).kind is FailureKind.UNAVAILABLE


def stream_of(bedrock: BedrockServer, *events: dict[str, Any]) -> None:
    @bedrock.shapes.on("bedrock-runtime", "ConverseStream")
    def stream(params: dict[str, Any]) -> dict[str, Any]:
        return {"stream": list(events)}


def words(text: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", FailureKind.THROTTLED),
        ("modelStreamErrorException", FailureKind.UNAVAILABLE),
        ("internalServerException", FailureKind.UNAVAILABLE),
        ("serviceUnavailableException", FailureKind.UNAVAILABLE),
        ("validationException", FailureKind.REFUSED),
    ],
)
def test_an_error_within_a_stream_is_raised_where_it_happens(
    bedrock: BedrockServer, make: Make, name: str, kind: FailureKind
) -> None:
    stream_of(bedrock, words("Twelve "), {name: {"message": "at What is due?"}})
    pieces = make().stream(ASKED)
    assert next(pieces) == "Twelve "
    error = failure(lambda: next(pieces))
    assert error.kind is kind
    assert error.retryable is (kind is not FailureKind.REFUSED)
    assert len(bedrock.requests) == 1, "words that were passed on can't be taken back"


def test_a_stream_that_breaks_off_is_no_answer(bedrock: BedrockServer, make: Make) -> None:
    bedrock.models.answers.append("Twelve dollars are due.")
    bedrock.models.broken_after = 2
    pieces = make().stream(ASKED)
    assert [next(pieces), next(pieces)] == ["Twelve ", "dollars "]
    assert failure(lambda: next(pieces)).kind is FailureKind.UNAVAILABLE


def test_a_stream_without_counts_has_no_known_cost(bedrock: BedrockServer, make: Make) -> None:
    stream_of(bedrock, words("Twelve."), {"messageStop": {"stopReason": "end_turn"}})
    *_, ending = make().stream(ASKED)
    assert isinstance(ending, Ending)
    assert ending.usage.cost_usd is None


def test_a_stream_that_is_left_gives_its_place_back(bedrock: BedrockServer, make: Make) -> None:
    llm = make()
    for _ in range(3):  # two may be under way
        pieces = llm.stream(ASKED)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
    assert llm.generate("Hello") == "You said: Hello"


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("Converse", "bedrock:InvokeModel on"),
        ("ConverseStream", "bedrock:InvokeModelWithResponseStream on"),
    ],
)
def test_a_denied_model_says_what_to_grant(
    bedrock: BedrockServer, make: Make, operation: str, action: str
) -> None:
    bedrock.models.denied.add(HAIKU)
    llm = make()
    call = (lambda: llm.generate("Hello")) if operation == "Converse" else (
        lambda: list(llm.stream(ASKED))
    )  # fmt: skip
    error = failure(call)
    assert (error.kind, error.retryable) == (FailureKind.REFUSED, False)
    assert f"{action} {HAIKU}" in error.message
    assert "granted access" in error.message


def test_throttled_and_unknown_models(bedrock: BedrockServer, make: Make) -> None:
    bedrock.fail_next("ThrottlingException", operation="Converse")
    assert failure(lambda: make().generate("Hello")).kind is FailureKind.THROTTLED
    bedrock.fail_next("ResourceNotFoundException", operation="Converse")
    assert "SPARKNET_BEDROCK_MODEL" in failure(lambda: make().generate("Hello")).message
    assert "SPARKNET_BEDROCK_MODEL" in failure(lambda: make("no.such").generate("Hello")).message


def test_every_row_of_the_table_has_a_source_and_a_date() -> None:
    assert all(facts.source.startswith("https://") and facts.date for facts in MODELS)
    assert len({facts.prefix for facts in MODELS}) == len(MODELS)
    assert facts_of(f"global.{SONNET}").context_tokens == 1_000_000
    assert not facts_of("anthropic.claude-opus-4-9").temperature
