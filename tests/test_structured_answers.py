"""JSON out of a language model: what is taken, what is told to it, what ends in an error."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest

from resources.failure import FailureKind, SparknetError
from resources.llm import ANSWER_TOKENS, Completion, Message, StopReason, Usage
from resources.llm.structured import StructureError, structured
from tests.doubles.llm import WholeModel

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


class Scripted(WholeModel):
    """A model that says what it was given to say.

    Attributes:
        heard: The turns and the system text of each call.
    """

    def __init__(self, *answers: str, stop: StopReason = StopReason.END) -> None:
        self.answers = list(answers)
        self.stop = stop
        self.heard: list[tuple[list[Message], str]] = []

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        self.heard.append((list(messages), system))
        return Completion(self.answers.pop(0), self.stop, Usage(10, 5, 0.25))


@pytest.mark.parametrize(
    "answer",
    [
        '{"n": 3}',
        ' \n{"n": 3}\n',
        '```json\n{"n": 3}\n```',
        '```\n{\n  "n": 3\n}\n```\n',
        'Here it is:\n{"n": 3}\nI hope this helps.',
    ],
)
def test_takes_json_however_it_is_wrapped(answer: str) -> None:
    llm = Scripted(answer)
    assert structured(llm, "Count.", SCHEMA) == ({"n": 3}, Usage(10, 5, 0.25))
    assert len(llm.heard) == 1


def test_any_json_value_can_be_asked_for() -> None:
    assert structured(Scripted("[1, 2]"), "Count.", {"type": "array"}).value == [1, 2]
    assert structured(Scripted("null"), "Count.", {"type": ["null", "string"]}).value is None


@pytest.mark.parametrize("first", ["I can't.", '{"n": 3', '{"n": "three"}', "{}", "", "   "])
def test_one_repair_is_asked_for_and_paid(first: str) -> None:
    llm = Scripted(first, '{"n": 3}')
    assert structured(llm, "Count.", SCHEMA) == ({"n": 3}, Usage(20, 10, 0.5))
    (turns, system), (again, same) = llm.heard
    assert system == same
    assert again[0] == turns[0]
    assert [message.role for message in again] == ["user", "assistant", "user"]
    assert all(message.text.strip() for message in again)


def test_a_second_failure_is_an_error_that_quotes_nothing() -> None:
    llm = Scripted('{"n": "private"}', '{"n": "private"}', '{"n": 3}')
    with pytest.raises(StructureError) as caught:
        structured(llm, "Count.", SCHEMA)
    error = caught.value
    assert "private" in llm.heard[1][0][-1].text
    assert "private" not in error.message
    assert "at $.n, `type` fails" in error.message
    assert (error.kind, error.retryable) == (FailureKind.INTERNAL, True)
    assert error.usage == Usage(20, 10, 0.5)
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.message, copied.usage) == (error.message, error.usage)


@pytest.mark.parametrize(
    ("stop", "kind"),
    [(StopReason.LENGTH, FailureKind.TOO_LARGE), (StopReason.REFUSED, FailureKind.REFUSED)],
)
def test_half_an_answer_is_not_repaired(stop: StopReason, kind: FailureKind) -> None:
    llm = Scripted('{"n": 3}', stop=stop)
    with pytest.raises(SparknetError) as caught:
        structured(llm, "Count.", SCHEMA)
    assert caught.value.kind is kind
    assert len(llm.heard) == 1


def test_a_schema_that_is_none_is_an_error_before_anything_is_asked() -> None:
    from jsonschema import SchemaError

    llm = Scripted("{}")
    with pytest.raises(SchemaError):
        structured(llm, "Count.", {"type": "numeral"})
    assert llm.heard == []
