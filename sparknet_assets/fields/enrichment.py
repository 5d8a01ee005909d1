"""What a language model adds to the fields of a document; its answers are kept in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resources.deployment import Deployment
from resources.failure import Failure, SparknetError
from resources.llm import LLMAdapter, Usage
from resources.llm.structured import Structured, structured
from resources.ocr import PageText
from sparknet_assets.fields.llm import ModelFields, by_model
from sparknet_assets.fields.merge import merged
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.values import DocumentFields, SchemaFields

ANSWERS = "field_answers"
"""Namespace of the cache: an answer by what was asked of which model."""


@dataclass(frozen=True)
class Enriched:
    """The fields with what the model found, and what that took.

    Attributes:
        failure: Why the model was not asked for all; the other ways stand without it.
        asked, cached: How many questions were put, and answered from the cache.
    """

    fields: DocumentFields
    usage: Usage
    failure: Failure | None = None
    asked: int = 0
    cached: int = 0


def enrich(
    fields: DocumentFields,
    pages: Sequence[PageText],
    schemas: Mapping[str, Schema],
    llm: LLMAdapter,
    going_on: Callable[[], None],
    deployment: Deployment,
) -> Enriched:
    """Asks the model for each of the document's schemas.

    Its failure, also that the budget is used up, is not that of the other ways: what they found
    stands.

    Args:
        going_on: Raises once the batch was interrupted.
    """
    asker = _Asker(fields.doc_id, llm, going_on, deployment)
    usage, failure = Usage(), None
    parts, notes = [], [fields.note] if fields.note else []
    for part in fields.schemas:
        schema = schemas.get(part.schema_name)
        if schema is None or failure is not None:
            parts.append(part)
            continue
        given = by_model(llm, asker, schema, pages, deployment.settings.fields_llm_pages)
        usage = usage.plus(given.usage)
        notes += [note for note in given.notes if note not in notes]
        if given.error is not None:
            failure = _failure(fields.doc_id, given.error, usage)
        parts.append(_with(part, schema, given))
    made = fields.model_copy(
        update={"schemas": parts, "complete": not notes, "note": "; ".join(notes)}
    )
    return Enriched(made, usage, failure, asker.asked, asker.cached)


def _with(part: SchemaFields, schema: Schema, given: ModelFields) -> SchemaFields:
    found = merged(schema, [part.found, given.found])
    return part.model_copy(
        update={
            "fields": found.fields,
            "tables": found.tables,
            "dropped": given.dropped,
            "extracted": None,
        }
    )


def _failure(doc_id: str, error: SparknetError, usage: Usage) -> Failure:
    message = f"{doc_id}: its fields are without what the language model finds: {error.message}"
    return SparknetError(error.kind, message, error.retryable).to_failure()


class _Asker:
    """Puts questions to the model, or takes the answers of before."""

    def __init__(
        self,
        doc_id: str,
        llm: LLMAdapter,
        going_on: Callable[[], None],
        deployment: Deployment,
    ) -> None:
        self._doc_id = doc_id
        self._llm = llm
        self._going_on = going_on
        self._deployment = deployment
        self.asked = self.cached = 0

    def __call__(
        self, system: str, prompt: str, schema: dict[str, Any], max_tokens: int
    ) -> Structured:
        self._going_on()
        cache = self._deployment.cache
        text = json.dumps([self._llm.identity, system, prompt, schema, max_tokens], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        cache.use(ANSWERS, {self._doc_id: [key]})
        known = cache.get_many(ANSWERS, [key]).get(key)
        if known is not None:
            self.cached += 1
            return Structured(json.loads(known), Usage())
        if self._deployment.ledger is not None:
            self._deployment.ledger.check()
        self.asked += 1
        answer = structured(self._llm, prompt, schema, system=system, max_tokens=max_tokens)
        cache.put_many(ANSWERS, {key: json.dumps(answer.value).encode()})
        return answer
