"""Fields of documents, and what people set right about them."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from resources.vector_store import PageBox
from sparknet_assets.api.context import ApiDep, CallerDep, is_unicode, requires
from sparknet_assets.api.partial import is_known
from sparknet_assets.api.preconditions import IfMatch, tag_of, version_in
from sparknet_assets.api.problems import ProblemError
from sparknet_assets.fields.correction_log import Correction
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.values import FieldsAsRead, FieldValue

router = APIRouter(tags=["fields"])
reads, writes = [Depends(requires("read"))], [Depends(requires("write"))]
SchemaName = Annotated[str, Path(max_length=64)]
FieldName = Annotated[
    str, Path(max_length=200, description="Its name, or `table.ROW.column` with rows from 0.")
]
# Words may stand out over the edge of a page.
Fraction = Annotated[float, Field(allow_inf_nan=False)]
_LONGEST_VALUE = 100_000


class ShownBox(BaseModel):
    """A rectangle on a page (1-based) in fractions of that page, origin top left."""

    page: int = Field(ge=1, le=1_000_000)
    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction


class CorrectionRequest(BaseModel):
    """What a field really is.

    Attributes:
        value: JSON as the type of the field has it, or text as a person types it; null: it is not
            in the document.
        page, boxes: Where it stands, if someone showed it.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"value": "EUR 1234.50", "note": "read from the scan"}]},
    )

    value: Any
    page: int | None = Field(default=None, ge=1, le=1_000_000)
    boxes: list[ShownBox] = Field(default_factory=list, max_length=1000)
    note: str = Field(default="", max_length=2000)


class CorrectionHistory(BaseModel):
    """All corrections of a document, the oldest first."""

    corrections: list[Correction]


class SchemaList(BaseModel):
    """The kinds of documents whose fields are known here."""

    schemas: list[Schema]


@router.get("/schemas", operation_id="listSchemas", dependencies=reads)
def list_schemas(api: ApiDep) -> SchemaList:
    """What is asked of which kind of document."""
    from sparknet_assets.fields.schemas import load_schemas

    return SchemaList(schemas=list(load_schemas(api.deployment.storage).values()))


@router.get(
    "/documents/{doc_id}/fields",
    operation_id="getFields",
    dependencies=reads,
    response_model=FieldsAsRead,
    responses={304: {"description": "Unchanged since the `ETag` of `If-None-Match`"}},
)
def get_fields(api: ApiDep, request: Request, doc_id: str) -> Response:
    """The fields of a document with their places, corrections laid over.

    The `ETag` is what a correction is to bring as `If-Match`.
    """
    from sparknet_assets.fields.reading import fields_of

    api.there(doc_id)
    fields = fields_of(api.deployment, doc_id)
    body = fields.model_dump_json().encode()
    headers = {"Cache-Control": "private, no-cache", "ETag": tag_of(fields.version, body)}
    if is_known(request.headers, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")


@router.put(
    "/documents/{doc_id}/fields/{schema}/{field}", operation_id="correctField", dependencies=writes
)
def correct_field(
    api: ApiDep,
    caller: CallerDep,
    response: Response,
    doc_id: str,
    schema: SchemaName,
    field: FieldName,
    body: CorrectionRequest,
    if_match: IfMatch = None,
) -> FieldValue:
    """Sets a field right. The last word counts; all are kept, with who said so and when.

    The `ETag` of the answer stands for this correction, as `If-Match` of the next one of the field.
    """
    from sparknet_assets.fields.corrections import CorrectedSinceError, correct

    api.there(doc_id)
    written = json.dumps([body.value, body.note], ensure_ascii=False)
    if not is_unicode(written) or len(written) > _LONGEST_VALUE:
        raise ProblemError(422, "The value is too long, or not valid Unicode.", doc_id=doc_id)
    try:
        said = correct(
            api.deployment,
            doc_id,
            schema,
            field,
            body.value,
            by=caller.name,
            note=body.note,
            page=body.page,
            boxes=[PageBox(**box.model_dump()) for box in body.boxes],
            expected_version=version_in(if_match, doc_id),
        )
    except CorrectedSinceError as error:
        raise ProblemError(412, error.message, doc_id=doc_id) from None
    response.headers["ETag"] = tag_of(said.version)
    assert said.value is not None
    return said.value


@router.delete(
    "/documents/{doc_id}/fields/{schema}/{field}",
    operation_id="dropCorrection",
    dependencies=writes,
)
def drop_correction(
    api: ApiDep,
    caller: CallerDep,
    response: Response,
    doc_id: str,
    schema: SchemaName,
    field: FieldName,
    if_match: IfMatch = None,
) -> FieldValue | None:
    """Takes a correction back; answers the value that stands again, or null."""
    from sparknet_assets.fields.corrections import CorrectedSinceError, drop

    api.there(doc_id)
    expected = version_in(if_match, doc_id)
    try:
        said = drop(api.deployment, doc_id, schema, field, caller.name, expected_version=expected)
    except CorrectedSinceError as error:
        raise ProblemError(412, error.message, doc_id=doc_id) from None
    response.headers["ETag"] = tag_of(said.version)
    return said.value


@router.get("/documents/{doc_id}/corrections", operation_id="listCorrections", dependencies=reads)
def list_corrections(api: ApiDep, doc_id: str) -> CorrectionHistory:
    """What was set right, when, and by whom."""
    from sparknet_assets.fields.corrections import history

    api.there(doc_id)
    return CorrectionHistory(corrections=history(api.deployment, doc_id))
