"""Answers as JSON that fits a schema, from any language model: checked, and repaired once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.llm import ANSWER_TOKENS, LLMAdapter, Message, Usage

_FENCED = re.compile(r"\s*```[a-z]*\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_INSTRUCTION = (
    "Answer with one JSON value that is valid against this JSON schema, and with nothing else:"
    " no explanation, no code fence.\n"
)


class Structured(NamedTuple):
    """A value that fits its schema, and what it took to get it."""

    value: Any
    usage: Usage


class StructureError(SparknetError):
    """A model did not give what the schema asks for, though it was told what was wrong.

    Attributes:
        usage: What the answers cost all the same.
    """

    def __init__(self, message: str, usage: Usage) -> None:
        super().__init__(FailureKind.INTERNAL, message)
        self.usage = usage

    def __reduce__(self) -> tuple[type[StructureError], tuple[str, Usage]]:
        return StructureError, (self.message, self.usage)


class _Problem(NamedTuple):
    """What is wrong with an answer: for the model, which wrote it, and for people and logs."""

    told: str
    shown: str


def structured(
    llm: LLMAdapter,
    prompt: str,
    schema: Mapping[str, Any],
    *,
    system: str = "",
    max_tokens: int = ANSWER_TOKENS,
    temperature: float | None = 0.0,
) -> Structured:
    """A value that fits the schema.

    Asks in words and checks the answer, which any model allows: some refuse a forced tool call.

    Args:
        schema: JSON Schema, draft 2020-12.

    Raises:
        StructureError: The second answer did not fit, either.
        SparknetError: As `LLMAdapter.complete` and `Completion.whole` do.
        jsonschema.SchemaError: The schema itself is not valid.
    """
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    asked = f"{_INSTRUCTION}{json.dumps(schema, ensure_ascii=False)}"
    told = f"{system}\n\n{asked}" if system else asked
    messages = [Message("user", prompt)]
    usage = Usage()
    problem = _Problem("", "")
    for _ in range(2):
        completion = llm.complete(
            messages, system=told, max_tokens=max_tokens, temperature=temperature
        )
        usage = usage.plus(completion.usage)
        answer = completion.whole
        value, found = _checked(answer, validator)
        if found is None:
            return Structured(value, usage)
        problem = found
        again = f"That is not what was asked for: {problem.told}. Answer again, with the JSON only."
        # Services refuse a turn that is blank.
        messages += [Message("assistant", answer.strip() or "{}"), Message("user", again)]
    raise StructureError(
        f"{llm.identity} gave no answer of the shape asked for in two attempts: {problem.shown}.",
        usage,
    )


def _checked(answer: str, validator: Any) -> tuple[Any, _Problem | None]:
    from jsonschema.exceptions import best_match

    try:
        value = _parsed(answer)
    except ValueError:
        problem = "it is not JSON"
        return None, _Problem(problem, problem)
    error = best_match(validator.iter_errors(value))
    if error is None:
        return value, None
    # The message quotes the value, which may be text of a document: it stays out of logs.
    where = error.json_path
    return None, _Problem(f"at {where}, {error.message}", f"at {where}, `{error.validator}` fails")


def _parsed(answer: str) -> Any:
    """The JSON value in an answer, with or without a fence or words around it."""
    fenced = _FENCED.fullmatch(answer)
    text = fenced[1] if fenced else answer.strip()
    try:
        return json.loads(text)
    except ValueError:
        start = min((at for at in map(text.find, "{[") if at >= 0), default=-1)
        if start < 0:
            raise
        value, _ = json.JSONDecoder().raw_decode(text, start)
        return value
