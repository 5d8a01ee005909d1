"""The Ollama embedder says what is wrong and what to do, and waits for a busy server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from resources.embeddings.minilm import MiniLMEmbedder
from resources.embeddings.ollama import OllamaEmbedder
from resources.failure import FailureKind, SparknetError
from tests.doubles.ollama import OllamaServer


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def embedder(server: OllamaServer, waits: list[float]) -> OllamaEmbedder:
    return OllamaEmbedder(server.host, "nomic-embed-text", timeout=60, sleep=waits.append)


def paths(server: OllamaServer) -> list[str]:
    return [path for path, _ in server.requests]


def test_identity_and_dimension_are_asked_for_once(
    server: OllamaServer, embedder: OllamaEmbedder
) -> None:
    assert embedder.identity.startswith("ollama-nomic-embed-text-")
    assert embedder.identity == embedder.identity
    assert embedder.dimension == embedder.dimension == server.dimension
    assert paths(server) == ["/api/tags", "/api/embed"]


def test_another_pull_of_the_model_is_another_identity(server: OllamaServer) -> None:
    server.models = ("nomic-embed-text:latest", "nomic-embed-text:v1.5")
    names = ("nomic-embed-text", "nomic-embed-text:v1.5")
    identities = {OllamaEmbedder(server.host, name, 60).identity for name in names}
    assert len({identity.rsplit("-", 1)[1] for identity in identities}) == 2


def test_counting_needs_no_server() -> None:
    embedder = OllamaEmbedder("http://127.0.0.1:9", "nomic-embed-text", 5)
    assert embedder.count_tokens(["", "rent"]) == [2, 4]


def test_estimates_are_not_below_a_real_tokenizer(tmp_path) -> None:
    texts = [
        "Net sales increased 12.5% to $1,234,567 in fiscal 2023, driven by the iPhone(R).",
        "Item 7A. Quantitative and Qualitative Disclosures About Market Risk",
        "https://example.com/a/b-c?d=e_f&g=h#i",
        "Geschäftsjahresabschluß der Gesellschaft",
        "契約書は二部作成する。",
        "Договор аренды помещения",
        "-------- ........ 0000 0001",
    ]
    real = MiniLMEmbedder("int8", None, tmp_path).count_tokens(texts)
    estimated = OllamaEmbedder("http://127.0.0.1:9", "m", 5).count_tokens(texts)
    assert all(few <= many for few, many in zip(real, estimated, strict=True))


def test_many_texts_go_in_several_requests(server: OllamaServer, embedder: OllamaEmbedder) -> None:
    texts = [f"paragraph number {n}" for n in range(100)]
    assert embedder.embed(texts).shape == (100, server.dimension)
    sizes = [len(body["input"]) for path, body in server.requests]
    assert sum(sizes) == 100
    assert max(sizes) <= 32
    assert all(body["truncate"] is False for _, body in server.requests)


def test_a_busy_server_is_waited_for(
    server: OllamaServer, embedder: OllamaEmbedder, waits: list[float]
) -> None:
    server.faults = [(503, "server busy, please try again")] * 2
    assert embedder.embed(["rent"]).shape == (1, server.dimension)
    assert waits == [0.5, 1.0]


def test_a_server_that_stays_busy(server: OllamaServer, embedder: OllamaEmbedder) -> None:
    server.faults = [(503, "server busy, please try again")] * 9
    with pytest.raises(SparknetError, match="busy") as caught:
        embedder.embed(["rent"])
    assert caught.value.kind is FailureKind.THROTTLED
    assert caught.value.retryable
    assert len(server.requests) == 5


def test_no_server() -> None:
    embedder = OllamaEmbedder("http://127.0.0.1:9", "nomic-embed-text", 5)
    for ask in (lambda: embedder.identity, lambda: embedder.dimension, lambda: embedder.embed("x")):
        with pytest.raises(SparknetError, match="`ollama serve`") as caught:
            ask()
        assert caught.value.kind is FailureKind.UNAVAILABLE
        assert caught.value.retryable


def test_no_such_model(server: OllamaServer) -> None:
    embedder = OllamaEmbedder(server.host, "mxbai-embed-large", 60)
    for ask in (lambda: embedder.identity, lambda: embedder.dimension):
        with pytest.raises(SparknetError, match="`ollama pull mxbai-embed-large`") as caught:
            ask()
        assert caught.value.kind is FailureKind.UNAVAILABLE


def test_a_slow_server(server: OllamaServer) -> None:
    server.delay = 30.0
    with pytest.raises(SparknetError, match="SPARKNET_OLLAMA_TIMEOUT") as caught:
        OllamaEmbedder(server.host, "nomic-embed-text", 0.1).embed(["rent"])
    assert caught.value.kind is FailureKind.TIMED_OUT


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (500, "failed to encode response: json: unsupported value: NaN", FailureKind.INTERNAL),
        (400, "invalid input type", FailureKind.REFUSED),
        (501, "this model does not support embeddings", FailureKind.UNAVAILABLE),
    ],
)
def test_what_the_server_says_is_passed_on(
    server: OllamaServer, embedder: OllamaEmbedder, status: int, message: str, kind: FailureKind
) -> None:
    server.faults = [(status, message)]
    with pytest.raises(SparknetError) as caught:
        embedder.embed(["rent"])
    assert caught.value.kind is kind
    assert message in caught.value.message


def test_a_text_that_the_estimate_lets_through_is_not_cut_by_the_server(
    server: OllamaServer, embedder: OllamaEmbedder
) -> None:
    server.context = 100
    with pytest.raises(SparknetError, match="SPARKNET_CHUNK_TOKENS") as caught:
        embedder.embed(["a b c", "rent " * 150])
    assert caught.value.kind is FailureKind.TOO_LARGE


def test_something_else_at_the_address(server: OllamaServer, embedder: OllamaEmbedder) -> None:
    server.listing = lambda: server.embed({"model": "nomic-embed-text", "input": "x"})  # type: ignore[method-assign]
    with pytest.raises(SparknetError, match="protocol"):
        _ = embedder.identity


@pytest.mark.skipif("OLLAMA_HOST" not in os.environ, reason="OLLAMA_HOST names no server")
def test_a_real_server() -> None:
    model = os.environ.get("SPARKNET_OLLAMA_EMBEDDING_MODEL", "nomic-embed-text")
    embedder = OllamaEmbedder(os.environ["OLLAMA_HOST"], model, 120)
    assert embedder.identity
    one, near, far = embedder.embed(["invoice total due", "total due on invoice", "cat pictures"])
    assert one @ near > one @ far
    assert np.isclose(np.linalg.norm(one), 1, atol=1e-3)
