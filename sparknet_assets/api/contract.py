"""The OpenAPI document: what every operation may answer, with examples, and how keys are sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from sparknet_assets.api import problems

if TYPE_CHECKING:
    from fastapi import FastAPI

_DESCRIBED = {
    400: "The body is no JSON, is nested too deeply, or was broken off.",
    401: "A key is needed, or this one is not known here.",
    403: "The key may not do that, or a page of another origin sent it.",
    404: "There is no such document, page or other thing.",
    408: "The body came too slowly.",
    409: "Something else is under way, or this server does not do that.",
    412: "Someone else has changed it since the version in `If-Match`; nothing was written.",
    413: "The body is too large.",
    415: "The body is JSON, and does not say so: `Content-Type: application/json`.",
    416: "The range begins behind the end.",
    421: "Without keys, a server on loopback answers to localhost and 127.0.0.1 only.",
    422: "A parameter or a value does not fit; `detail` says which.",
    429: "The caller asked too often, or the day's budget for questions is used up (`kind` is "
    "`budget`); `Retry-After` says when to ask again.",
    500: "Something that nobody foresaw; the server's log has more.",
    503: "A part of the deployment does not answer, or too much is under way; `Retry-After` says "
    "when to ask again.",
    504: "Something took too long.",
    507: "No space is left for the document.",
}
_ANY = (401, 403, 421, 429, 500, 503)
_OF_PARAMETERS, _OF_A_DOCUMENT, _OF_A_BODY = (422,), (404,), (400, 408, 413, 415, 422)
_OWN: dict[str, tuple[int, ...]] = {
    "uploadDocument": (400, 408, 409, 413, 422, 507),
    "replaceOriginal": (400, 408, 409, 413, 422, 507),
    "deleteDocument": (409,),
    "correctField": (412,),
    "dropCorrection": (412,),
    "changeDocument": (422, 503),
    "startRun": (404, 409),
    "getOriginal": (416,),
    "getPageImage": (416,),
    "ask": (504,),
    "search": (504,),
}
_WITHOUT_A_KEY = ("getHealth",)
_EXAMPLES: dict[str, Any] = {
    "uploadDocument": {
        "doc_id": "annual-report-pdf", "filename": "Annual Report.pdf", "size": 1834021,
        "created": True,
    },
    "replaceOriginal": {
        "doc_id": "annual-report-pdf", "filename": "Annual Report.pdf", "size": 1835114,
        "created": False,
    },
    "startRun": {"run": "5f2c9a1b0d3e"},
    "search": {
        "query": "notice period",
        "mode": "hybrid",
        "hits": [
            {
                "rank": 1, "score": 0.0325, "doc_id": "lease-pdf", "page": 2,
                "chunk_id": "4be1a9c2", "text": "The notice period is three months.",
                "boxes": [{"page": 2, "x0": 0.12, "y0": 0.31, "x1": 0.71, "y1": 0.33}],
            }
        ],
    },
    "ask": {
        "question": "When does the lease end?",
        "answer": "The lease ends on 31 October 2027.",
        "citations": [
            {
                "doc_id": "lease-pdf", "page": 2, "chunk_id": "4be1a9c2",
                "quote": "The lease ends on 31 October 2027.",
                "boxes": [{"page": 2, "x0": 0.12, "y0": 0.14, "x1": 0.58, "y1": 0.16}],
            }
        ],
        "model": "extractive",
        "seconds": 0.04,
    },
    "getMe": {
        "name": "ann", "scopes": ["read", "write"], "auth": True,
        "features": {
            "llm": None, "budget_usd": 5.0, "dagster_url": None, "processing": True,
        },
    },
    "getCosts": {
        "by_stage": {"ocr_text": 1.9}, "by_day": {"2026-01-02": 1.9},
        "documents": [{"doc_id": "lease-pdf", "cost_usd": 0.038}], "total_usd": 1.9,
        "budget_usd": 5.0,
        "questions": {
            "asked": 12, "models_usd": 0.0421, "queries_usd": 0.000002,
            "by_day": {"2026-01-02": 0.042102}, "today_usd": 0.0421, "budget_usd": 1.0,
        },
    },
}  # fmt: skip


def contract(app: FastAPI, prefix: str) -> dict[str, Any]:
    """The OpenAPI document of the app, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    if prefix:
        schema["servers"] = [{"url": prefix}]
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = problems.Problem.model_json_schema()
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    schema["security"] = [{}, {"bearer": []}, {"header": []}]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    app.openapi_schema = schema
    return schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Adds the errors that an operation may end with, and an example of what it answers."""
    name = operation["operationId"]
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own: errors here are problems
    for status in sorted({*_statuses(path, operation), *_OWN.get(name, ())}):
        responses.setdefault(str(status), _error(status))
    example = _EXAMPLES.get(name)
    for response in responses.values():
        json = response.get("content", {}).get("application/json")
        if json is not None and example is not None:
            json["example"] = example


def _statuses(path: str, operation: dict[str, Any]) -> set[int]:
    if operation["operationId"] in _WITHOUT_A_KEY:
        return {421, 429, 500}
    found = {*_ANY}
    if operation.get("parameters"):
        found.update(_OF_PARAMETERS)
    if "{doc_id}" in path:
        found.update(_OF_A_DOCUMENT)
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        found.update(_OF_A_BODY)
    return found


def _error(status: int) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _DESCRIBED[status],
        "kind": f"http_{status}",
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {problems.MEDIA_TYPE: {"schema": schema, "example": example}}
    return {"description": _DESCRIBED[status], "content": content}
