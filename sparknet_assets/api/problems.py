"""Errors as RFC 9457 problem documents: one sentence for people, a kind for programs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from resources.failure import FailureKind, SparknetError
from resources.spending import QuestionsBudgetError
from resources.storage import InvalidKeyError, ObjectNotFoundError
from sparknet_assets.api.allowed import allowed

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STATUS = {
    FailureKind.TOO_LARGE: 413,
    FailureKind.THROTTLED: 503,
    FailureKind.UNAVAILABLE: 503,
    FailureKind.TIMED_OUT: 504,
    FailureKind.INTERNAL: 500,
}
_INTERNAL = "Something went wrong that should not; the log of the server has more."


class Problem(BaseModel):
    """What went wrong (RFC 9457).

    Attributes:
        type: Always `about:blank`: `kind` tells problems apart.
        kind: A `FailureKind`, `budget`, or `http_` and the status.
        doc_id: Of the document that it is about.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    kind: str
    doc_id: str | None = None


class ProblemError(Exception):
    """Ends a request with a problem.

    Args:
        status: HTTP status.
        detail: One or two sentences for people; given to the caller as they are.
        kind: A `FailureKind`; `http_{status}` when empty.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        doc_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind or f"http_{status}"
        self.doc_id = doc_id
        self.headers = dict(headers or {})

    @property
    def problem(self) -> Problem:
        return Problem(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            kind=self.kind,
            doc_id=self.doc_id,
        )

    def response(self) -> Response:
        problem = self.problem
        if problem.doc_id is not None:
            problem.doc_id = problem.doc_id.encode("utf-8", "replace").decode()
        body = problem.model_dump(mode="json", exclude_none=True)
        return JSONResponse(body, self.status, self.headers, MEDIA_TYPE)


def no_document(doc_id: str) -> ProblemError:
    """There is no document of that name."""
    return ProblemError(404, f"There is no document {printable(doc_id)}.", doc_id=doc_id)


def problem_of(error: Exception) -> ProblemError:
    """Any error as a problem; one that nobody foresaw is logged and says nothing of itself."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, QuestionsBudgetError):
        wait = {"Retry-After": str(_seconds_of_the_day_left())}
        return ProblemError(429, _sentence_of(error.message), kind="budget", headers=wait)
    if isinstance(error, SparknetError) and error.kind is not FailureKind.INTERNAL:
        status = _STATUS.get(error.kind, 422)
        wait = {"Retry-After": "10"} if status == 503 else {}
        return ProblemError(status, error.message, kind=error.kind.value, headers=wait)
    if isinstance(error, InvalidKeyError | ObjectNotFoundError):
        return ProblemError(404, "There is no such object in the storage.")
    if isinstance(error, HTTPException):
        return ProblemError(error.status_code, _phrase(error), headers=error.headers)
    _log(error)
    return ProblemError(500, _INTERNAL, kind=FailureKind.INTERNAL.value)


def _seconds_of_the_day_left() -> int:
    """Until 00:00 UTC, when a day's budget begins anew."""
    now = datetime.now(UTC)
    return 86400 - (now.hour * 3600 + now.minute * 60 + now.second)


def _sentence_of(message: str) -> str:
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."


def install(app: FastAPI) -> None:
    """Lets the app answer every error with a problem."""

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if _is_of_another_type(request, error):
            said = "This takes JSON: send `Content-Type: application/json`."
            return ProblemError(415, said, headers={"Accept": "application/json"}).response()
        return ProblemError(422, _sentence(error), kind="http_422").response()

    async def other(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == 405:
            said = problem.headers.get("Allow", "")
            problem.headers["Allow"] = allowed(app, request.scope["path"], said)
        return problem.response()

    app.add_exception_handler(RequestValidationError, invalid)
    for kind in (ProblemError, SparknetError, HTTPException, InvalidKeyError, ObjectNotFoundError):
        app.add_exception_handler(kind, other)


def _is_of_another_type(request: Request, error: RequestValidationError) -> bool:
    """Whether the body was not read as JSON, and does not say that it is."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind.startswith("application/") and kind.endswith(("/json", "+json"))
    whole = any(detail["loc"] == ("body",) for detail in error.errors())
    return whole and not is_json and request.headers.get("content-length", "0") != "0"


def printable(text: str, longest: int = 120) -> str:
    """What a caller sent, fit to stand in a sentence."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."


def _sentence(error: RequestValidationError) -> str:
    """What does not fit, without the value that was sent."""
    said = []
    for detail in error.errors()[:5]:
        where = ".".join(printable(str(part)) for part in detail["loc"])
        said.append(f"{where}: {detail['msg']}")
    return "; ".join(said) + "."


def _phrase(error: HTTPException) -> str:
    phrases = {
        404: "There is nothing at this address; /openapi.json lists what there is.",
        405: "This address does not take that method; /openapi.json lists what there is.",
    }
    return phrases.get(error.status_code, str(error.detail))


def _log(error: Exception) -> None:
    """Where it happened. Not its message, which may quote a document or a secret."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = "; ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    log.error("%s in a request: %s", type(error).__name__, where)


def documented() -> dict[int | str, dict[str, Any]]:
    """The entry of an operation that says how its errors look."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "default": {"description": "A problem", "content": {MEDIA_TYPE: {"schema": schema}}},
    }


def binary(media_type: str) -> dict[int | str, dict[str, Any]]:
    """The entries of an operation that answers with bytes, or a part of them."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"content": content},
        206: {"description": "The part that `Range` asks for", "content": content},
        304: {"description": "Unchanged since the `ETag` of `If-None-Match`"},
    }
