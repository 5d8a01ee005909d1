"""Models on Bedrock without models: hashed words for vectors, scripted answers, real refusals.

`python -m tests.doubles.aws_shapes PORT tests.doubles.bedrock` serves them in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.doubles.aws_shapes import ServiceError, ShapeServer

TITAN = "amazon.titan-embed-text-v2:0"
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
_DIMENSIONS = (256, 512, 1024)
_KEYS = {"inputText", "dimensions", "normalize", "embeddingTypes"}
_MOST_TOKENS, _MOST_CHARACTERS = 8192, 50_000
# Which models refuse what, apart from the table that the adapter goes by.
_NO_TEMPERATURE = re.compile(r"claude-(opus-(4-[7-9]|5)|sonnet-5-5)")
_NO_FORCED_TOOL = re.compile(r"claude-sonnet-5-5")
_LONGEST_ANSWER = {"titan-text-premier": 3072, "titan-text-lite": 4096, "haiku-4-5": 64_000}


@dataclass
class Bedrock:
    """What the models answer.

    Attributes:
        answers: To the next calls of Converse and ConverseStream, in order: a text, or an output
            of Converse's shape.
        otherwise: Said without such an answer; None: the model repeats what it was told.
        denied: Models that the account has no access to.
        poison: A text with this word is refused as invalid.
        ill: The model fails at a text with this word, every time.
        broken_after: ConverseStream ends without an ending after so many pieces.
    """

    answers: deque[str | dict[str, Any]] = field(default_factory=deque)
    otherwise: str | None = None
    denied: set[str] = field(default_factory=set)
    poison: str = "poisonous"
    ill: str = "sickening"
    broken_after: int | None = None

    def invoke_model(self, params: dict[str, Any]) -> dict[str, Any]:
        """An embedding by Titan v2, the one model that is known here."""
        self._admit(params["modelId"])
        if TITAN not in params["modelId"]:
            raise _invalid("The provided model identifier is invalid.")
        body = json.loads(params["body"])
        if unknown := set(body) - _KEYS:
            raise _invalid(f"Malformed input request: extraneous key {sorted(unknown)}")
        text, dimension = body.get("inputText", ""), body.get("dimensions", 1024)
        if dimension not in _DIMENSIONS:
            raise _invalid(f"Malformed input request: {dimension} is not a valid enum value")
        tokens = self._read(text)
        vector = _vector(text, dimension, normalize=body.get("normalize", True))
        answer = {
            "embedding": vector,
            "embeddingsByType": {kind: vector for kind in body.get("embeddingTypes", ["float"])},
            "inputTextTokenCount": tokens,
        }
        return {"body": json.dumps(answer).encode(), "contentType": "application/json"}

    def converse(self, params: dict[str, Any]) -> dict[str, Any]:
        """The next turn."""
        self._admit(params["modelId"])
        self._check(params)
        told = [b["text"] for m in params["messages"] for b in m["content"] if "text" in b]
        answer = self.answers.popleft() if self.answers else self.otherwise
        if answer is None:
            answer = f"You said: {told[-1]}"
        if isinstance(answer, dict):
            return answer
        limit = params.get("inferenceConfig", {}).get("maxTokens", 4096)
        words = answer.split(" ")
        system = [block["text"] for block in params.get("system", [])]
        return output(
            " ".join(words[:limit]),
            stop="end_turn" if len(words) <= limit else "max_tokens",
            read=sum(len(text.split()) for text in [*system, *told]),
            written=min(len(words), limit),
        )

    def converse_stream(self, params: dict[str, Any]) -> dict[str, Any]:
        """The next turn, a word an event."""
        return {"stream": list(self._events(self.converse(params)))}

    def _events(self, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
        message = answer["output"]["message"]
        yield {"messageStart": {"role": message["role"]}}
        pieces = re.findall(r"\S+\s*|\s+", "".join(b.get("text", "") for b in message["content"]))
        for number, piece in enumerate(pieces):
            if number == self.broken_after:
                return
            yield {"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": 0}}
        yield {"contentBlockStop": {"contentBlockIndex": 0}}
        yield {"messageStop": {"stopReason": answer["stopReason"]}}
        yield {"metadata": {"usage": answer["usage"], "metrics": {"latencyMs": 1}}}

    def _admit(self, model: str) -> None:
        if model in self.denied:
            raise ServiceError("AccessDeniedException", "You don't have access to the model.")

    def _read(self, text: str) -> int:
        """Tokens of a text that is to be embedded."""
        if not text:
            raise _invalid("Malformed input request: expected minLength: 1, actual: 0")
        if len(text) > _MOST_CHARACTERS:
            raise _invalid(f"Malformed input request: expected maxLength: {_MOST_CHARACTERS}")
        tokens = sum(map(_tokens, text.split())) or 1
        if tokens > _MOST_TOKENS:
            raise _invalid(
                f"400 Bad Request: Too many input tokens. Max input tokens: {_MOST_TOKENS},"
                f" request input token count: {tokens}"
            )
        if self.poison in text:
            raise _invalid(f"Malformed input request: {text}")
        if self.ill in text:
            raise ServiceError("ModelErrorException", "The model failed.")
        return tokens

    def _check(self, params: dict[str, Any]) -> None:
        model, messages = params["modelId"], params["messages"]
        if "claude" not in model and "titan-text" not in model:
            raise _invalid("The provided model identifier is invalid.")
        roles = [message["role"] for message in messages]
        if roles[::2] != ["user"] * len(roles[::2]) or "user" in roles[1::2]:
            raise _invalid("A conversation must alternate between user and assistant roles.")
        for message in messages:
            if any(not block["text"].strip() for block in message["content"] if "text" in block):
                raise _invalid("The text field in the ContentBlock object is blank.")
        self._check_parameters(model, params)

    def _check_parameters(self, model: str, params: dict[str, Any]) -> None:
        settings = params.get("inferenceConfig", {})
        if {"temperature", "topP"} & settings.keys() and _NO_TEMPERATURE.search(model):
            raise _invalid("temperature is deprecated for this model.")
        if "titan-text" in model and params.get("system"):
            raise _invalid("This model doesn't support system messages.")
        choice = params.get("toolConfig", {}).get("toolChoice", {})
        if {"any", "tool"} & choice.keys() and _NO_FORCED_TOOL.search(model):
            raise _invalid("This model doesn't support a forced tool choice.")
        longest = next((n for name, n in _LONGEST_ANSWER.items() if name in model), 128_000)
        if settings.get("maxTokens", 1) > longest:
            raise _invalid(f"The maximum tokens you requested exceeds the model limit of {longest}")


def output(text: str, *, stop: str, read: int = 10, written: int = 10) -> dict[str, Any]:
    """An output of Converse."""
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written},
        "metrics": {"latencyMs": 1},
    }


def register(server: ShapeServer, bedrock: Bedrock | None = None) -> Bedrock:
    """Puts the models behind a server of shapes."""
    models = bedrock or Bedrock()
    server.on("bedrock-runtime", "InvokeModel")(models.invoke_model)
    server.on("bedrock-runtime", "Converse")(models.converse)
    server.on("bedrock-runtime", "ConverseStream")(models.converse_stream)
    return models


@dataclass(frozen=True)
class BedrockServer:
    """The models behind a server of this process, which boto3 finds while the context lasts."""

    models: Bedrock
    shapes: ShapeServer

    def fail_next(self, *codes: str, operation: str = "InvokeModel") -> None:
        """Answers the next calls with these errors, one each."""
        self.shapes.fail_next("bedrock-runtime", operation, *codes)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What reached it, the refused included."""
        return [call.params for call in self.shapes.calls]

    @property
    def texts(self) -> list[str]:
        """The texts that were to be embedded."""
        return [json.loads(sent["body"])["inputText"] for sent in self.requests if "body" in sent]


@contextmanager
def bedrock_server() -> Iterator[BedrockServer]:
    """Starts it, and points the environment to it."""
    shapes = ShapeServer()
    models = register(shapes)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"):
            patch.delenv(name, raising=False)
        environment = {
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": shapes.start(),
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            yield BedrockServer(models, shapes)
        finally:
            shapes.stop()


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _tokens(word: str) -> int:
    """Ten Latin letters, or one of another script."""
    return -(-len(word) // 10) if word.isascii() else len(word)


def _vector(text: str, dimension: int, *, normalize: bool) -> list[float]:
    """A hashed bag of words: near texts get near vectors."""
    values = [0.0] * dimension
    for word in re.findall(r"\w+", text.lower()) or [text]:
        digest = hashlib.sha256(word.encode("utf-8", "replace")).digest()
        values[int.from_bytes(digest[:4], "big") % dimension] += 1 if digest[4] & 1 else -1
    length = math.sqrt(sum(value * value for value in values))
    if not length:
        return [1.0, *values[1:]]
    return [value / length for value in values] if normalize else values
