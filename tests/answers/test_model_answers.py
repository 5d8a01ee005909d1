"""A language model answers from the passages, and only what is verified of it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from click.testing import CliRunner

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.llm import StopReason
from sparknet_assets.answers.answer import NOTHING, Answer, ask, ask_stream
from sparknet_assets.answers.results import CitationEvent, Done, Dropped, Passages, Text
from sparknet_assets.answers.verification import verify_answer
from sparknet_assets.artifacts import DocumentRef, read_chunks
from sparknet_assets.cli import main
from tests.doubles.llm import ScriptedModel
from tests.doubles.ollama import OllamaServer

RENT = "How much rent does the tenant pay?"
GOOD = 'The rent is 840 euros. [{n}: "a rent of 840 euros"]\n'


def numbered(prompt: str, words: str) -> int:
    """The number of the passage that has these words."""
    blocks = re.findall(r'<passage-\w+ number="(\d+)"[^>]*>\n(.*?)\n</passage', prompt, re.DOTALL)
    return next(int(number) for number, text in blocks if words in text)


@pytest.fixture
def model(home: Deployment, monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    model = ScriptedModel(identity=f"scripted-{uuid4().hex}")
    monkeypatch.setitem(home.__dict__, "llm", model)
    return model


@pytest.fixture
def say(model: ScriptedModel, home: Deployment) -> Callable[[str], Answer]:
    """Asks for the rent, and has the model answer this; {n} is the passage that tells it."""

    def asked(text: str) -> Answer:
        model.identity += "+"
        model.answer = lambda _, prompt: text.replace("{n}", str(numbered(prompt, "840 euros")))
        return ask(home, RENT)

    return asked


def test_a_verified_sentence_is_the_answer(say: Callable[[str], Answer], home: Deployment) -> None:
    found = say(GOOD)
    assert found.answer == "The rent is 840 euros. [1]"
    [citation] = found.citations
    assert (citation.doc_id, citation.page, citation.quote) == ("lease", 2, "a rent of 840 euros")
    assert citation.quote in {c.chunk_id: c.text for c in chunks(home, "lease")}[citation.chunk_id]
    assert [box.page for box in citation.boxes] == [2]
    assert found.model.startswith("scripted")
    assert found.usage is not None
    assert found.usage.cost_usd == 0.25
    assert (found.dropped, found.note) == ([], "")


def chunks(home: Deployment, doc_id: str) -> list:
    record = home.catalog.get(doc_id)
    assert record is not None
    return list(read_chunks(home.storage, DocumentRef(doc_id, record.raw_key)))


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("The rent is 840 euros.", "cites no passage"),
        ("The rent is 840 euros. [{n}]", "words are not in passage"),
        ('The rent is 840 euros. [99: "a rent of 840 euros"]', "99, which was not given"),
        ('The rent is 840 euros. [0: "a rent of 840 euros"]', "0, which was not given"),
        ('The rent is 840 euros. [{n}: "a rent of 940 euros"]', "words are not in passage"),
        ('The rent is 840 euros. [{n}: "rent is 840 euros"]', "words are not in passage"),
        ('The rent is 840 euros. [{n}: "rent"]', "words are not in passage"),
        ('The rent is 940 euros. [{n}: "a rent of 840 euros"]', "`940` is not in"),
        ('The rent is 840.00 euros. [{n}: "a rent of 840 euros"]', "`840.00` is not in"),
        ('The rent is 840 million euros. [{n}: "a rent of 840 euros"]', "`million` is not"),
        ('The rent of 840 euros began in March. [{n}: "a rent of 840 euros"]', "`March`"),
        ('The rent is not 840 euros. [{n}: "a rent of 840 euros"]', "negated"),
        ('Send the secret code to Mallory quickly. [{n}: "a rent of 840 euros"]', "something else"),
        ('Pay rent at http://evil.example now. [{n}: "a rent of 840 euros"]', "evil.example"),
        ('The rent is 840 euros. [{n}: "a rent of 840', "cites no passage"),
        ('![rent](x) of 840 euros. [{n}: "a rent of 840 euros"]', "form asked for"),
    ],
)
def test_what_is_not_in_the_passage_is_dropped(
    say: Callable[[str], Answer], written: str, why: str
) -> None:
    found = say(written)
    assert (found.answer, found.citations) == (NOTHING, [])
    assert why in found.dropped[0].why
    assert "could not be verified" in found.note
    assert "nothing is left" in found.note


def test_what_is_verified_stays_when_the_rest_is_dropped(say: Callable[[str], Answer]) -> None:
    found = say(f"Sure, here is the answer:\n{GOOD}It was 900 before. [{{n}}: 'x y z']\n{GOOD}")
    assert found.answer == "The rent is 840 euros. [1]"
    assert len(found.citations) == 1
    assert [dropped.text for dropped in found.dropped] == [
        "Sure, here is the answer:",
        "It was 900 before.",
    ]
    assert found.note == "2 sentences of the language model could not be verified and were dropped."


@pytest.mark.parametrize(
    "written",
    [
        'The rent is 840 euros. [{n}: "a rent of 840 euros", "of each month"]',
        "The tenant pays a rent of 840 euros on the first day of each month (Source {n}).",
        "The tenant pays a rent of 840 euros on the first day of each month. [{n}, {n}]",
    ],
)
def test_other_forms_of_evidence_are_verified_alike(
    say: Callable[[str], Answer], home: Deployment, written: str
) -> None:
    found = say(written)
    assert found.answer.startswith("The ")
    assert found.dropped == []
    assert verify_answer(home, found) == []


def test_one_of_two_quotes_in_a_mark_that_is_made_up_drops_it(say: Callable[[str], Answer]) -> None:
    found = say('The rent is 840 euros. [{n}: "a rent of 840 euros", "paid in gold"]')
    assert found.citations == []


def test_a_sentence_that_is_a_quote_needs_no_other(say: Callable[[str], Answer]) -> None:
    found = say("The tenant pays a rent of 840 euros on the first day of each month. [{n}]")
    assert found.citations[0].quote.startswith("The tenant pays")


@pytest.mark.parametrize("written", ["NOT IN THE DOCUMENTS", "Not in the documents.", ""])
def test_not_in_the_documents_is_an_answer(say: Callable[[str], Answer], written: str) -> None:
    found = say(written)
    assert (found.answer, found.citations, found.dropped, found.note) == (NOTHING, [], [], "")


@pytest.mark.parametrize(
    ("stop", "says"),
    [
        (StopReason.LENGTH, "cut off"),
        (StopReason.REFUSED, "refused"),
        (StopReason.OTHER, "unusable"),
    ],
)
def test_an_answer_without_its_end_says_so(
    model: ScriptedModel, say: Callable[[str], Answer], stop: StopReason, says: str
) -> None:
    model.stop = stop
    found = say(GOOD + "The lease ends on 31 Octo")
    assert found.answer == "The rent is 840 euros. [1]"
    assert says in found.note
    assert found.dropped[0].why == "it was cut off"


def test_events_come_verified_and_in_order(home: Deployment, model: ScriptedModel) -> None:
    model.answer = lambda _, p: f"Hello.\n{GOOD}".replace("{n}", str(numbered(p, "840 euros")))
    events = list(ask_stream(home, RENT))
    assert [type(event) for event in events] == [Passages, Dropped, Text, CitationEvent, Done]
    done = events[-1]
    assert isinstance(done, Done)
    assert "".join(e.text for e in events if isinstance(e, Text)) == done.answer.answer
    assert [e.citation for e in events if isinstance(e, CitationEvent)] == done.answer.citations
    assert [event.name for event in events] == ["passages", "dropped", "text", "citation", "done"]


def test_quotes_come_as_events_too(home: Deployment) -> None:
    *events, done = ask_stream(home, RENT, answerer="extractive")
    assert isinstance(done, Done)
    assert "".join(e.text for e in events if isinstance(e, Text)) == done.answer.answer
    assert done.answer.model == "extractive"


def test_a_model_that_is_away_leaves_quotes(home: Deployment, model: ScriptedModel) -> None:
    model.error = SparknetError(FailureKind.UNAVAILABLE, "There is no server.")
    found = ask(home, RENT)
    assert found.model == "extractive"
    assert "840 euros" in found.answer
    assert "There is no server." in found.note
    with pytest.raises(SparknetError, match="no server"):
        ask(home, RENT, answerer="llm")


def test_a_model_that_breaks_off_is_not_mixed_with_quotes(
    home: Deployment, model: ScriptedModel
) -> None:
    model.answer = lambda _, p: (GOOD * 2 + "And").replace("{n}", str(numbered(p, "840 euros")))
    model.size, model.error, model.error_after = 1000, SparknetError(FailureKind.INTERNAL, "x"), 1
    stream = ask_stream(home, RENT)
    assert [type(next(stream)) for _ in range(3)] == [Passages, Text, CitationEvent]
    with pytest.raises(SparknetError):
        next(stream)


def test_a_model_is_asked_for_that_is_not_there(home: Deployment) -> None:
    with pytest.raises(SparknetError, match="SPARKNET_LLM"):
        ask(home, RENT, answerer="llm")


def test_the_same_question_costs_nothing_again(home: Deployment, model: ScriptedModel) -> None:
    model.answer = lambda _, p: GOOD.replace("{n}", str(numbered(p, "840 euros")))
    first, second = ask(home, RENT), ask(home, RENT)
    assert len(model.prompts) == 1
    assert (second.answer, second.citations) == (first.answer, first.citations)
    assert second.usage is not None
    assert second.usage.cost_usd == 0
    model.identity += "another"
    ask(home, RENT)
    assert len(model.prompts) == 2


def test_an_answer_is_verified_once_more(say: Callable[[str], Answer], home: Deployment) -> None:
    found = say(f'{GOOD}It ends on 31 October 2027. [{{n}}: "ends on 31 October 2027"]')
    assert len(found.citations) == 2
    assert verify_answer(home, found) == []
    other = found.model_copy(update={"answer": "The rent is 940 euros. [1]"})
    assert "`940`" in str(verify_answer(home, other))
    more = found.model_copy(update={"answer": found.answer + " And more."})
    assert "no citation" in str(verify_answer(home, more))
    none = found.model_copy(update={"citations": []})
    assert "no citations" in str(verify_answer(home, none))


def test_the_command_streams(home: Deployment) -> None:
    with OllamaServer(models=("llama3.2:latest",)) as server:
        server.answers.append(
            lambda turns: (
                "Hello there.\n"
                + GOOD.replace("{n}", str(numbered(turns[-1]["content"], "840 euros")))
            )
        )
        told = CliRunner().invoke(
            main,
            ["--home", str(home.settings.home), "ask", RENT],
            env={"SPARKNET_LLM": "ollama", "SPARKNET_OLLAMA_HOST": server.host},
        )
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith(
        'The rent is 840 euros. [1]\n    "a rent of 840 euros"\n    lease'
    )
    assert "Hello there." not in told.stdout
    assert "cites no passage: Hello there." in told.stderr
