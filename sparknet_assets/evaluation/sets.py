"""Evaluation sets: questions, true texts and true fields, as files that a user keeps.

See docs/evaluation.md for the format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from resources.failure import FailureKind, SparknetError
from resources.storage import StorageAdapter

if TYPE_CHECKING:
    from resources.deployment import Deployment

PREFIX = "evaluation/"
DEFAULT = "default"
QUESTIONS = "questions.jsonl"
TEXTS = "texts/"
FIELDS = "fields/"
# What we keep there ourselves.
RESERVED = ("history", "accepted", "texts", "fields")


class Question(BaseModel):
    """One line of questions.jsonl: a question, and as much of the truth as is known.

    Attributes:
        doc_id: The documents that hold the answer; a single one may be given as a string.
        page: Pages of the one document, 1-based, each of which does by itself; a single one may be
            given as a number.
        quote: Words of the passage that holds the answer, as they stand in the document.
        answers: Each is right. An empty list: nothing in the documents answers the question.
        id: Names the item in comparisons; by default made of the question's text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(min_length=1)
    doc_id: tuple[str, ...] = ()
    page: tuple[int, ...] = ()
    quote: str | None = Field(None, min_length=1)
    answers: tuple[str, ...] | None = None
    id: str = ""

    @field_validator("doc_id", "page", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        return (given,) if isinstance(given, str | int) else given

    @model_validator(mode="after")
    def _pages_are_of_one_document(self) -> Question:
        if self.page and len(self.doc_id) != 1:
            raise ValueError("a page is of one document: give one `doc_id` with it")
        if self.unanswerable and (self.doc_id or self.quote):
            raise ValueError("without answers there is no document or quote that holds one")
        return self

    @property
    def key(self) -> str:
        """What the item is called; the same in every run as long as the question is."""
        return self.id or hashlib.sha256(self.question.encode()).hexdigest()[:16]

    @property
    def answerable(self) -> bool:
        """Whether something in the documents is known to answer it."""
        return bool(self.doc_id or self.answers)

    @property
    def unanswerable(self) -> bool:
        """Whether nothing in the documents does, as far as the set says."""
        return self.answers is not None and not self.answers


class EvaluationSet(BaseModel):
    """A set as it was read.

    Attributes:
        texts: doc_id -> true text; a form feed stands between pages.
        fields: doc_id -> schema -> field -> true text.
        sha256: Of all its files.
    """

    name: str
    questions: list[Question]
    texts: dict[str, str]
    fields: dict[str, dict[str, dict[str, str]]]
    sha256: str


def read_set(deployment: Deployment, where: str = "") -> EvaluationSet:
    """Reads a set.

    Args:
        where: A folder, or the name of a set in the storage (`evaluation/NAME/`); by default the
            files of the storage's `evaluation/` itself.

    Raises:
        SparknetError: There is no such set, or a file of it is not as it should be; says which.
    """
    storage, prefix, name = _place(deployment, where)
    files = _files(storage, prefix)
    if not files:
        raise _refused(
            f"There is no evaluation set at {_told(deployment, where)}: it holds none of"
            f" {QUESTIONS}, {TEXTS}DOC_ID.txt, {FIELDS}DOC_ID.json. See docs/evaluation.md."
        )
    digest = hashlib.sha256()
    for key, data in sorted(files.items()):
        digest.update(f"{len(key)}:{key}:{len(data)}:".encode() + data)
    return EvaluationSet(
        name=name,
        questions=_questions(files.get(QUESTIONS, b"")),
        texts={
            _document(key, TEXTS): _utf8(key, data)
            for key, data in files.items()
            if key.startswith(TEXTS)
        },
        fields={
            _document(key, FIELDS): _fields(key, data)
            for key, data in files.items()
            if key.startswith(FIELDS)
        },
        sha256=digest.hexdigest(),
    )


def _place(deployment: Deployment, where: str) -> tuple[StorageAdapter, str, str]:
    if not where:
        return deployment.storage, PREFIX, DEFAULT
    if Path(where).is_dir():
        from resources.storage.local import LocalStorageAdapter

        folder = Path(where).absolute()
        return LocalStorageAdapter(folder), "", folder.name
    name = where.strip("/")
    if "/" in name or name in RESERVED:
        raise _refused(
            f"{where} is neither a folder nor the name of a set in {_told(deployment, '')}."
        )
    return deployment.storage, f"{PREFIX}{name}/", name


def _files(storage: StorageAdapter, prefix: str) -> dict[str, bytes]:
    """The files of a set by their names within it."""
    keys = [info.key for part in (TEXTS, FIELDS) for info in storage.list(prefix + part)]
    if storage.stat(prefix + QUESTIONS):
        keys.append(prefix + QUESTIONS)
    wanted = (QUESTIONS, ".txt", ".json")
    return {key.removeprefix(prefix): storage.get(key) for key in keys if key.endswith(wanted)}


def _questions(data: bytes) -> list[Question]:
    found: dict[str, Question] = {}
    for number, line in enumerate(_utf8(QUESTIONS, data).splitlines(), 1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            raise _refused(f"{QUESTIONS}, line {number}: {_sentence(error)}") from None
        if question.key in found:
            raise _refused(
                f"{QUESTIONS}, line {number}: the question {question.id or question.question!r}"
                " is there twice. Give each an `id` of its own."
            )
        found[question.key] = question
    return list(found.values())


def _fields(key: str, data: bytes) -> dict[str, dict[str, str]]:
    try:
        given: Any = json.loads(_utf8(key, data))
    except json.JSONDecodeError as error:
        raise _refused(f"{key} is not JSON: {error}") from None
    if not _is_fields(given):
        raise _refused(f'{key} should be {{"SCHEMA": {{"FIELD": "its true text"}}}}.')
    return dict(given)


def _is_fields(given: object) -> bool:
    return isinstance(given, Mapping) and all(
        isinstance(fields, Mapping) and all(isinstance(text, str) for text in fields.values())
        for fields in given.values()
    )


def _document(key: str, part: str) -> str:
    return key.removeprefix(part).rpartition(".")[0]


def _utf8(key: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(f"{key} is not UTF-8 text: {error.reason} at byte {error.start}.") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _told(deployment: Deployment, where: str) -> str:
    return deployment.location(f"{PREFIX}{where}")


def _refused(message: str) -> SparknetError:
    return SparknetError(FailureKind.REFUSED, message, retryable=False)
