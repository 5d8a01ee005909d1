"""Titan's vectors: each text once, each paid for, one text's trouble its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resources.aws.clients import AwsClients
from resources.aws.limits import Limiter
from resources.embeddings import EmbedsEach
from resources.embeddings.minilm import MiniLMEmbedder
from resources.embeddings.titan import TitanEmbedder
from resources.failure import FailureKind, SparknetError
from resources.prices import load_prices
from resources.spending import BudgetError
from tests.doubles.aws_shapes import shape_process
from tests.doubles.bedrock import TITAN, BedrockServer

Make = Callable[..., TitanEmbedder]


@pytest.fixture
def waits() -> list[float]:
    """The back-offs that were asked for, in seconds; none is waited."""
    return []


@pytest.fixture
def make(tmp_path: Path, waits: list[float]) -> Make:
    """Makes embedders that share a limiter."""

    def build(
        model: str = TITAN,
        dimension: int = 256,
        attempts: int = 2,
        at_once: int = 4,
        pay: Callable[[float], None] | None = None,
    ) -> TitanEmbedder:
        limiter = Limiter(tmp_path, "bedrock", None, at_once, pay)
        clients = AwsClients(attempts=attempts)
        prices = load_prices()
        return TitanEmbedder(
            clients, model, dimension, limiter, prices, at_once=at_once, sleep=waits.append
        )

    return build


def failure(embedder: TitanEmbedder, text: str = "some text") -> SparknetError:
    with pytest.raises(SparknetError) as caught:
        embedder.embed([text])
    assert text not in caught.value.message
    return caught.value


@pytest.mark.parametrize("dimension", [256, 512, 1024])
def test_asks_for_what_the_settings_say(bedrock: BedrockServer, make: Make, dimension: int) -> None:
    vectors = make(dimension=dimension).embed(["rent is due"])
    assert vectors.shape == (1, dimension)
    (request,) = bedrock.requests
    assert request["modelId"] == TITAN
    assert json.loads(request["body"]) == {
        "inputText": "rent is due",
        "dimensions": dimension,
        "normalize": True,
        "embeddingTypes": ["float"],
    }


def test_identity_is_of_model_and_dimension_wherever_it_runs(make: Make) -> None:
    arn = f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{TITAN}"
    assert make().identity == make(arn).identity == "titan-embed-text-v2-0-256"
    assert make(dimension=512).identity != make().identity


def test_counts_tokens_as_minilm_does(make: Make, tmp_path: Path) -> None:
    texts = ["", "The tenant pays rent.", "Grundstücksverkehrsgenehmigung", "契約書 2026-01-02"]
    assert make().count_tokens(texts) == MiniLMEmbedder("int8", None, tmp_path).count_tokens(texts)


def test_what_was_paid_is_what_the_service_counted(bedrock: BedrockServer, make: Make) -> None:
    embedder = make()
    assert isinstance(embedder, EmbedsEach)
    texts, stopped = embedder.embed_each(["one two three", "four"])
    assert stopped is None
    assert [text.tokens for text in texts] == [3, 1]
    assert [text.cost_usd for text in texts] == [pytest.approx(6e-8), pytest.approx(2e-8)]


def test_an_unknown_price_is_no_price_of_zero(bedrock: BedrockServer, make: Make) -> None:
    (text,) = make(f"mars.{TITAN}").embed_each(["one"]).texts
    assert (text.tokens, text.cost_usd) == (1, None)


def test_a_long_text_is_cut_at_the_same_place_each_time(bedrock: BedrockServer, make: Make) -> None:
    embedder = make()
    embedder.embed(["word " * 9000, "a" * 60_000, "word " * 9000])
    first, second, third = sorted(bedrock.texts, key=lambda text: text[0], reverse=True)
    assert first == second == ("word " * 8190).rstrip()
    assert third == "a" * 50_000
    assert embedder.count_tokens([first]) == [8192]


def test_a_text_that_titan_finds_too_long_is_an_error(bedrock: BedrockServer, make: Make) -> None:
    text = ("é" * 104 + " ") * 470  # one unknown token a word to WordPiece
    embedder = make()
    assert embedder.count_tokens([text])[0] < 8192
    assert failure(embedder, text).kind is FailureKind.TOO_LARGE


def test_a_refused_text_costs_no_other_its_vector(bedrock: BedrockServer, make: Make) -> None:
    texts = [f"text {n}" for n in range(30)]
    texts[7] += " poisonous"
    embedded, stopped = make().embed_each(texts)
    assert stopped is None
    failed = [text for text in embedded if text.vector is None]
    assert [text.error.kind for text in failed if text.error] == [FailureKind.REFUSED]
    assert failed[0].error and "poisonous" not in failed[0].error.message
    assert sorted(bedrock.texts) == sorted(texts), "no text is sent twice"


@pytest.mark.parametrize("code", ["ModelTimeoutException", "ModelErrorException"])
def test_what_boto3_does_not_retry_is_retried(
    bedrock: BedrockServer, make: Make, waits: list[float], code: str
) -> None:
    bedrock.fail_next(code, code, code)
    assert make().embed(["some text"]).shape == (1, 256)
    assert len(bedrock.requests) == 4
    assert len(waits) == 3
    assert all(0 <= wait <= limit for wait, limit in zip(waits, (0.5, 1, 2), strict=True))


def test_a_model_that_fails_at_a_text_fails_that_text(bedrock: BedrockServer, make: Make) -> None:
    embedded, stopped = make().embed_each(["fine", "sickening", "good"])
    assert stopped is None
    assert [text.error and text.error.kind for text in embedded] == [
        None,
        FailureKind.UNAVAILABLE,
        None,
    ]
    assert embedded[1].error and embedded[1].error.retryable
    assert len(bedrock.requests) == 2 + 4


def test_a_model_that_fails_at_everything_is_not_asked_for_all(
    bedrock: BedrockServer, make: Make
) -> None:
    embedded, stopped = make(at_once=1).embed_each([f"sickening {n}" for n in range(100)])
    assert stopped and stopped.kind is FailureKind.UNAVAILABLE
    assert all(text.error for text in embedded)
    assert len(bedrock.requests) == 8 * 4


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelNotReadyException"])
def test_throttled_through_all_attempts(bedrock: BedrockServer, make: Make, code: str) -> None:
    bedrock.fail_next(code, code)
    error = failure(make(attempts=2))
    assert error.retryable
    if code == "ThrottlingException":
        assert error.kind is FailureKind.THROTTLED
    assert len(bedrock.requests) == 2


def test_throttled_for_a_while_is_waited_out(bedrock: BedrockServer, make: Make) -> None:
    bedrock.fail_next("ThrottlingException", "ThrottlingException")
    assert make(attempts=4).embed(["some text"]).shape == (1, 256)


def test_a_service_that_is_down_is_asked_no_further(bedrock: BedrockServer, make: Make) -> None:
    code = "ServiceUnavailableException"
    bedrock.shapes.fail_share("bedrock-runtime", "InvokeModel", 1.0, [code])
    embedded, stopped = make(attempts=1, at_once=2).embed_each([f"{n}" for n in range(50)])
    assert stopped and stopped.kind is FailureKind.UNAVAILABLE
    assert {text.error and text.error.kind for text in embedded} == {FailureKind.UNAVAILABLE}
    assert len(bedrock.requests) <= 8 + 1


def test_a_denied_model_says_what_to_grant(bedrock: BedrockServer, make: Make) -> None:
    bedrock.models.denied.add(TITAN)
    error = failure(make())
    assert error.kind is FailureKind.REFUSED
    assert not error.retryable
    for part in ("bedrock:InvokeModel", TITAN, "access"):
        assert part in error.message
    assert len(make().embed_each(["a", "b"]).texts) == 2


def test_an_unknown_model_names_the_setting(bedrock: BedrockServer, make: Make) -> None:
    error = failure(make("amazon.titan-embed-text-v9:0"))
    assert error.kind is FailureKind.REFUSED
    assert "SPARKNET_TITAN_MODEL" in error.message


def test_a_budget_is_asked_before_the_service(bedrock: BedrockServer, make: Make) -> None:
    paid: list[float] = []

    def pay(usd: float) -> None:
        if len(paid) == 3:
            raise BudgetError("the run's budget is used up")
        paid.append(usd)

    texts, stopped = make(at_once=1, pay=pay).embed_each(["five tokens of WordPiece", *"abcdef"])
    assert isinstance(stopped, BudgetError)
    assert [text.vector is not None for text in texts] == [True] * 3 + [False] * 4
    assert len(bedrock.requests) == 3
    assert paid[0] > paid[1] > 0


@pytest.mark.parametrize(
    "answer",
    [
        {"embedding": [0.0] * 256, "inputTextTokenCount": 3},
        {"embedding": [float("nan")] * 256, "inputTextTokenCount": 3},
        {"embedding": [1.0] * 255, "inputTextTokenCount": 3},
        {"embedding": ["a"] * 256, "inputTextTokenCount": 3},
        {"inputTextTokenCount": 3},
        [],
    ],
)
def test_vectors_that_mean_nothing_are_refused(
    bedrock: BedrockServer, make: Make, answer: object
) -> None:
    @bedrock.shapes.on("bedrock-runtime", "InvokeModel")
    def invoke(params: dict[str, Any]) -> dict[str, Any]:
        return {"body": json.dumps(answer).encode(), "contentType": "application/json"}

    assert failure(make()).kind is FailureKind.INTERNAL


def test_an_answer_that_breaks_off_is_asked_for_again(
    bedrock: BedrockServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import IncompleteReadError
    from botocore.response import StreamingBody

    read, broken = StreamingBody.read, [True, True]

    def breaking(body: Any, amt: int | None = None) -> bytes:
        if broken:
            broken.pop()
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)
        data: bytes = read(body, amt)
        return data

    monkeypatch.setattr(StreamingBody, "read", breaking)
    assert np.isfinite(make().embed(["some text"])).all()
    assert len(bedrock.requests) == 3


def test_as_many_calls_at_once_as_allowed(bedrock: BedrockServer, make: Make) -> None:
    under_way, most = [0], [0]
    lock, three = threading.Lock(), threading.Barrier(3)
    answer = bedrock.models.invoke_model

    @bedrock.shapes.on("bedrock-runtime", "InvokeModel")
    def invoke(params: dict[str, Any]) -> dict[str, Any]:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        three.wait(60)
        time.sleep(0.03)  # for a fourth, were it let in
        with lock:
            under_way[0] -= 1
        return answer(params)

    make(at_once=3).embed([f"text {n}" for n in range(12)])
    assert most[0] == 3


def test_a_model_in_a_process_of_its_own(
    bedrock: BedrockServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shape_process("tests.doubles.bedrock") as process:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", process.url)
        process.control("fail_next", "bedrock-runtime", "InvokeModel", "ModelErrorException")
        vectors = make().embed(["rent is due", "the rent is due"])
        assert vectors[0] @ vectors[1] > 0.8
        assert process.control("count", "InvokeModel") == 2
    assert bedrock.requests == []
