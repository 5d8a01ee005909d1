"""What every Embedder must do. A new adapter is added to the `embedder` fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.aws.clients import AwsClients
from resources.aws.limits import Limiter
from resources.embeddings import Embedder
from resources.embeddings.minilm import MiniLMEmbedder
from resources.embeddings.ollama import OllamaEmbedder
from resources.embeddings.titan import TitanEmbedder
from tests.doubles.bedrock import TITAN, bedrock_server
from tests.doubles.ollama import OllamaServer

TEXTS = [
    "The invoice is due within thirty days of receipt.",
    "Payment of the invoice must be made within a month.",
    "Penguins raise their chicks on the sea ice.",
    "Größe, naïve, 契約書, договор, عقد",
    "x",
]


@pytest.fixture(scope="module")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=["minilm-int8", "minilm-fp32", "ollama", "titan"])
def embedder(request: pytest.FixtureRequest, model_cache: Path) -> Iterator[Embedder]:
    if request.param == "ollama":
        with OllamaServer() as server:
            yield OllamaEmbedder(server.host, "nomic-embed-text", timeout=60)
    elif request.param == "titan":
        with bedrock_server():
            limiter = Limiter(model_cache / "limits", "titan", None, 4)
            yield TitanEmbedder(AwsClients(), TITAN, 512, limiter, at_once=4)
    else:
        yield MiniLMEmbedder(request.param.removeprefix("minilm-"), None, model_cache)


def test_vectors_are_unit_and_float32(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_near_texts_are_nearer_than_far_ones(embedder: Embedder) -> None:
    one, near, far = embedder.embed(["invoice total due", "total due on invoice", "cat pictures"])
    assert one @ near > one @ far


def test_vectors_come_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = [" ".join(["word"] * (n * 7 % 40 + 1)) + f" number {n}" for n in range(40)]
    together = embedder.embed(texts)
    backwards = embedder.embed(texts[::-1])[::-1]
    assert np.allclose((together * backwards).sum(axis=1), 1, atol=1e-3)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)
    assert embedder.count_tokens([]) == []


def test_a_text_past_the_limit_is_cut_not_refused(embedder: Embedder) -> None:
    text = "liability " * (embedder.max_tokens * 2)
    assert embedder.count_tokens([text])[0] > embedder.max_tokens
    assert np.isfinite(embedder.embed([text])).all()


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(st.text(min_size=1, max_size=12), max_size=12))
def test_token_counts_of_words_bound_that_of_their_text(
    embedder: Embedder, words: list[str]
) -> None:
    words = [word for text in words for word in text.split()]
    (empty, whole, *single) = embedder.count_tokens(["", " ".join(words), *words])
    assert whole <= empty + sum(count - empty for count in single)


def test_identity_names_the_model(embedder: Embedder) -> None:
    assert embedder.identity == embedder.identity
    assert embedder.identity.strip()
    assert embedder.dimension > 0
    assert embedder.max_tokens >= 16
