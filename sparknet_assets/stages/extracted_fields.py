"""extracted_fields: the fields of a document by the schemas that fit it, corrections laid over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from resources.deployment import Deployment
from resources.llm import LLMAdapter
from sparknet_assets.artifacts import FIELDS, DocumentRef, read_text
from sparknet_assets.fields.correction_log import read_log
from sparknet_assets.fields.overlay import laid_over
from sparknet_assets.fields.reading import extracted_of
from sparknet_assets.fields.schemas import load_schemas, schema_digest
from sparknet_assets.fields.summary import summary
from sparknet_assets.fields.values import DocumentFields
from sparknet_assets.stages.contract import FIELD_CORRECTIONS, DocumentStage, StageOutput


def run(ref: DocumentRef, deployment: Deployment) -> StageOutput:
    """Writes fields.json by the ways that ask no service.

    Raises:
        SparknetError: The corrections of the document can't be read.
    """
    from sparknet_assets.fields.finding import find

    schemas = load_schemas(deployment.storage)
    log = read_log(deployment.storage, ref.doc_id)
    found = find(ref.doc_id, read_text(deployment.storage, ref), schemas, log)
    return _written(ref, laid_over(found, log, schemas), deployment)


def complete(
    ref: DocumentRef, output: StageOutput, going_on: Callable[[], None], deployment: Deployment
) -> StageOutput:
    """Adds what a language model finds, where one is set and the document is of a known kind.

    Without an answer of the model the rest stands: the failure is that of the model alone.
    """
    llm = _llm(deployment)
    if llm is None or not output.metadata["schemas"]:
        return output
    from sparknet_assets.fields.enrichment import enrich

    fields = extracted_of(deployment, ref)
    assert fields is not None
    schemas = load_schemas(deployment.storage)
    most = deployment.settings.fields_llm_pages
    # One more than are asked for: what is left out is then said.
    pages = list(islice(read_text(deployment.storage, ref), most + 1))
    made = enrich(fields, pages, schemas, llm, going_on, deployment)
    log = read_log(deployment.storage, ref.doc_id)
    written = _written(ref, laid_over(made.fields, log, schemas), deployment)
    tokens = {"input": made.usage.input_tokens, "output": made.usage.output_tokens}
    facts = {"model": llm.identity, "asked": made.asked, "cached_answers": made.cached}
    return replace(
        written,
        failure=made.failure,
        cost_usd=made.usage.cost_usd or 0.0,
        metadata={**written.metadata, **facts, **({"tokens": tokens} if made.asked else {})},
    )


def _written(ref: DocumentRef, fields: DocumentFields, deployment: Deployment) -> StageOutput:
    data = fields.model_dump_json().encode() + b"\n"
    deployment.storage.put(ref.key(FIELDS), data)
    return StageOutput(data_version=hashlib.sha256(data).hexdigest(), metadata=summary(fields))


def _llm(deployment: Deployment) -> LLMAdapter | None:
    """The model that may be asked: one is set, and the document's tier is worth it."""
    wanted = deployment.settings.fields_llm and deployment.policy.llm_fields
    return deployment.llm if wanted else None


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    schemas = load_schemas(deployment.storage)
    shape: dict[str, Any] = {
        "schemas": {name: schema_digest(schema) for name, schema in sorted(schemas.items())}
    }
    llm = _llm(deployment)
    if llm is not None:
        shape |= {"llm": llm.identity, "llm_pages": deployment.settings.fields_llm_pages}
    return shape


STAGE = DocumentStage(
    name="extracted_fields",
    inputs=("ocr_text", FIELD_CORRECTIONS),
    code_version="3",
    description="Fields and tables by the schemas that fit, each with its place and confidence; "
    "what people set right is laid over.",
    artifact=FIELDS,
    shape=_shape,
    run=run,
    complete=complete,
    aside=True,
)
