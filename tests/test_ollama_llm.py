"""The Ollama language model says what is wrong and what to do, and never reads half a prompt."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.llm import Ending, Message, StopReason
from resources.llm.ollama import OllamaAdapter
from resources.settings import Settings
from tests.doubles.ollama import OllamaServer

ASKED = [Message("user", "What is due?")]


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=("llama3.2:latest",)) as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def llm(server: OllamaServer, waits: list[float]) -> OllamaAdapter:
    return OllamaAdapter(server.host, "llama3.2", 60, 8192, sleep=waits.append)


def test_the_settings_choose_it(server: OllamaServer) -> None:
    settings = Settings(llm="ollama", ollama_host=server.host, ollama_context=2048)
    llm = Deployment(settings).llm
    assert isinstance(llm, OllamaAdapter)
    assert llm.identity.startswith("ollama-llama3.2-")
    assert llm.context_tokens == 2048


def test_the_window_is_the_models_or_the_limit(server: OllamaServer) -> None:
    for window, told in ((1024, 1024), (100_000, 8192), (None, 8192)):
        server.window = window
        assert OllamaAdapter(server.host, "llama3.2", 60, 8192).context_tokens == told


def test_the_window_and_the_length_are_sent_with_each_request(
    server: OllamaServer, llm: OllamaAdapter
) -> None:
    llm.complete(ASKED, max_tokens=50, temperature=0.0)
    options = server.requests[-1][1]["options"]
    assert options == {"num_ctx": 8192, "num_predict": 50, "temperature": 0.0}


def test_a_prompt_that_the_server_cut_is_no_answer(
    server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.window = 600
    llm = OllamaAdapter(server.host, "llama3.2", 60, 8192)
    monkeypatch.setattr(llm, "count_tokens", lambda text: 0)
    with pytest.raises(SparknetError, match="part of it was cut") as caught:
        llm.complete([Message("user", "rent " * 700)], max_tokens=50)
    assert caught.value.kind is FailureKind.TOO_LARGE


def test_a_busy_server_is_waited_for(
    server: OllamaServer, llm: OllamaAdapter, waits: list[float]
) -> None:
    server.answers.append("Twelve dollars.")
    assert llm.context_tokens == 8192
    server.faults = [(503, "server busy"), (429, "too many requests")]
    assert llm.generate("What is due?") == "Twelve dollars."
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(
    ("status", "message", "kind", "says"),
    [
        (404, "model not found", FailureKind.UNAVAILABLE, "`ollama pull llama3.2`"),
        (400, '"x" does not support chat', FailureKind.UNAVAILABLE, "SPARKNET_OLLAMA_MODEL"),
        (
            500,
            "model requires more system memory (9.1 GiB) than is available (4.0 GiB)",
            FailureKind.OUT_OF_MEMORY,
            "SPARKNET_OLLAMA_CONTEXT",
        ),
        (500, "llama runner process has terminated", FailureKind.INTERNAL, "has terminated"),
        (400, "invalid options", FailureKind.REFUSED, "invalid options"),
    ],
)
def test_errors_name_the_remedy(
    server: OllamaServer, llm: OllamaAdapter, status: int, message: str, kind: str, says: str
) -> None:
    server.faults = [(status, message)]
    with pytest.raises(SparknetError) as caught:
        llm.complete(ASKED)
    assert caught.value.kind == kind
    assert says in caught.value.message


def test_without_a_server_it_says_how_to_start_one() -> None:
    llm = OllamaAdapter("http://127.0.0.1:9", "llama3.2", 2, 8192)
    for ask in (lambda: llm.identity, lambda: llm.context_tokens, lambda: llm.complete(ASKED)):
        with pytest.raises(SparknetError, match="ollama serve") as caught:
            ask()
        assert caught.value.kind is FailureKind.UNAVAILABLE
    assert llm.count_tokens("rent is due") == 4


def test_a_silent_server_times_out(server: OllamaServer) -> None:
    server.delay = 30.0
    llm = OllamaAdapter(server.host, "llama3.2", 0.2, 8192)
    with pytest.raises(SparknetError, match="SPARKNET_OLLAMA_LLM_TIMEOUT") as caught:
        llm.complete(ASKED)
    assert caught.value.kind is FailureKind.TIMED_OUT


@pytest.mark.parametrize(("attribute", "says"), [("breaks_off", "broke off"), ("fails", "llama")])
def test_an_answer_that_breaks_off_never_passes_for_whole(
    server: OllamaServer, llm: OllamaAdapter, attribute: str, says: str
) -> None:
    setattr(server, attribute, 2)
    server.answers.append("Twelve dollars are due on Friday.")
    pieces = llm.stream(ASKED)
    assert [next(pieces), next(pieces)] == ["Twelve", " dollars"]
    with pytest.raises(SparknetError, match=says):
        next(pieces)


def test_a_live_model_answers() -> None:
    host = os.environ.get("OLLAMA_HOST", "")
    if not host:
        pytest.skip("no live Ollama: set OLLAMA_HOST, and SPARKNET_TEST_OLLAMA_MODEL to a model")
    model = os.environ.get("SPARKNET_TEST_OLLAMA_MODEL", "llama3.2")
    llm = OllamaAdapter(host, model, 300, 4096)
    *pieces, ending = llm.stream([Message("user", "Say the word yes.")], max_tokens=64)
    assert "".join(str(piece) for piece in pieces).strip()
    assert isinstance(ending, Ending)
    assert ending.stop in (StopReason.END, StopReason.LENGTH)
    assert 0 < ending.usage.input_tokens <= llm.count_tokens("Say the word yes.") + 80
