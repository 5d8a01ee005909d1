"""What every LLMAdapter must do. A new adapter is added to the `talk` fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resources.aws.clients import AwsClients
from resources.aws.limits import Limiter
from resources.failure import FailureKind, SparknetError
from resources.llm import Completion, Ending, LLMAdapter, Message, StopReason, Usage
from resources.llm.bedrock import BedrockAdapter
from resources.llm.ollama import OllamaAdapter
from resources.llm.structured import structured
from resources.prices import load_prices
from tests.doubles import bedrock
from tests.doubles.bedrock import bedrock_server
from tests.doubles.ollama import OllamaServer

ASKED = [Message("user", "What is due?")]
SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "due": {"type": "string"}},
    "required": ["total"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Talk:
    """An adapter, and the model behind it.

    Attributes:
        answer: Makes this the model's next answer.
        refuse: Makes a filter take the next answer away; None where there is none.
        told: All text that the model was told with the last call, system text first.
    """

    llm: LLMAdapter
    answer: Callable[[str], None]
    refuse: Callable[[], None] | None
    told: Callable[[], str]


@pytest.fixture(
    params=[bedrock.HAIKU, "us.anthropic.claude-opus-5-5", "titan-text-express-v1", "ollama"]
)
def talk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Talk]:
    if request.param == "ollama":
        yield from on_ollama()
        return
    limiter = Limiter(tmp_path, "llm", None, 2)
    model = request.param if "claude" in request.param else f"amazon.{request.param}"
    with bedrock_server() as server:

        def told() -> str:
            sent = server.requests[-1]
            blocks = [*sent.get("system", []), *(b for m in sent["messages"] for b in m["content"])]
            return "\n".join(block["text"] for block in blocks)

        yield Talk(
            BedrockAdapter(
                AwsClients(attempts=2), model, limiter, load_prices(), sleep=lambda _: None
            ),
            server.models.answers.append,
            lambda: server.models.answers.append(bedrock.output("", stop="content_filtered")),
            told,
        )


def on_ollama() -> Iterator[Talk]:
    with OllamaServer(models=("llama3.2:latest",)) as server:

        def told() -> str:
            return "\n".join(turn["content"] for turn in server.requests[-1][1]["messages"])

        yield Talk(
            OllamaAdapter(server.host, "llama3.2", 60, 8192, sleep=lambda _: None),
            server.answers.append,
            None,
            told,
        )


def collected(pieces: Iterator[str | Ending]) -> tuple[str, Ending]:
    *text, ending = pieces
    assert isinstance(ending, Ending)
    assert len(text) > 1
    return "".join(str(piece) for piece in text), ending


def test_answers_a_prompt(talk: Talk) -> None:
    talk.answer("Twelve dollars.")
    assert talk.llm.generate("What is due?") == "Twelve dollars."
    assert talk.told() == "What is due?"


def test_tells_what_an_answer_took(talk: Talk) -> None:
    talk.answer("Twelve dollars are due on Friday.")
    completion = talk.llm.complete(ASKED)
    assert completion.whole == "Twelve dollars are due on Friday."
    assert completion.stop is StopReason.END
    assert completion.usage.input_tokens > 0
    assert completion.usage.output_tokens > 0
    assert completion.usage.cost_usd is None or completion.usage.cost_usd >= 0


def test_system_text_and_earlier_turns_reach_the_model(talk: Talk) -> None:
    talk.answer("On Friday.")
    turns = [*ASKED, Message("assistant", "Twelve dollars."), Message("user", "When?")]
    talk.llm.complete(turns, system="You are a clerk.", temperature=0.0)
    told = talk.told()
    places = [told.index(text) for text in ("a clerk", "What is due", "Twelve dollars", "When?")]
    assert places == sorted(places)


def test_a_stream_is_the_answer_in_pieces_and_its_ending(talk: Talk) -> None:
    talk.answer("Twelve dollars are due\non Friday.")
    text, ending = collected(talk.llm.stream(ASKED, system="You are a clerk."))
    assert text == "Twelve dollars are due\non Friday."
    assert ending.stop is StopReason.END
    assert ending.usage.output_tokens > 0


def test_an_answer_that_is_cut_off_never_passes_for_whole(talk: Talk) -> None:
    long = "word " * 3000
    talk.answer(long)
    completion = talk.llm.complete(ASKED, max_tokens=20)
    assert completion.stop is StopReason.LENGTH
    assert len(completion.text) < len(long)
    with pytest.raises(SparknetError, match="cut off after 20 tokens"):
        _ = completion.whole
    talk.answer(long)
    with pytest.raises(SparknetError, match="cut off"):
        talk.llm.generate("What is due?")
    talk.answer(long)
    assert collected(talk.llm.stream(ASKED, max_tokens=20))[1].stop is StopReason.LENGTH


def test_an_answer_that_was_refused_is_none(talk: Talk) -> None:
    if talk.refuse is None:
        pytest.skip("nothing filters what this model says")
    talk.refuse()
    assert talk.llm.complete(ASKED).stop is StopReason.REFUSED
    talk.refuse()
    with pytest.raises(SparknetError) as caught:
        talk.llm.generate("What is due?")
    assert caught.value.kind is FailureKind.REFUSED


def test_a_prompt_that_does_not_fit_is_not_sent(talk: Talk) -> None:
    window = talk.llm.context_tokens
    if window is None:
        pytest.skip("this model's window is not known")
    prompt = "liability and " * window
    assert talk.llm.count_tokens(prompt) > window
    with pytest.raises(SparknetError) as caught:
        talk.llm.generate(prompt)
    assert caught.value.kind is FailureKind.TOO_LARGE


def test_token_counts_are_of_the_text(talk: Talk) -> None:
    assert talk.llm.count_tokens("") == 0
    few, many = (talk.llm.count_tokens("rent is due " * n) for n in (10, 100))
    assert 0 < few < many
    assert talk.llm.count_tokens("契約書") > 1


def test_identity_names_the_model(talk: Talk) -> None:
    assert talk.llm.identity.strip()
    assert talk.llm.identity == talk.llm.identity


def test_json_that_fits_a_schema(talk: Talk) -> None:
    talk.answer('{"total": 12.5, "due": "Friday"}')
    found = structured(talk.llm, "Read the bill.", SCHEMA, system="You are a clerk.")
    assert found.value == {"total": 12.5, "due": "Friday"}
    assert found.usage.output_tokens > 0
    assert '"total"' in talk.told()
    assert "a clerk" in talk.told()


def test_json_that_does_not_fit_is_repaired_once(talk: Talk) -> None:
    talk.answer('{"total": "much"}')
    talk.answer('{"total": 12}')
    assert structured(talk.llm, "Read the bill.", SCHEMA).value == {"total": 12}
    assert "$.total" in talk.told(), "the model is told what was wrong"


def test_completions_are_values() -> None:
    usage = Usage(1, 2, 0.5).plus(Usage(1, 1, None))
    assert usage == Usage(2, 3, None)
    with pytest.raises(SparknetError):
        _ = Completion("x", StopReason.OTHER, usage).whole
