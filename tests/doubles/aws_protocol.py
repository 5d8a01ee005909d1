"""Requests and answers of AWS services on the wire, checked against botocore's service models."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.doubles.event_stream import event, exception

SERVICES = ("textract", "bedrock-runtime")
# Any operation may answer these, declared or not:
# https://docs.aws.amazon.com/textract/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InternalFailure": 500,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "ServiceUnavailable": 503,
    "ThrottlingException": 400,
    "UnrecognizedClientException": 403,
}


class ServiceError(Exception):
    """What a handler raises for an error of its service."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code
        self.status = 400


class WrongRequest(Exception):
    """A request that the service itself would refuse."""

    def __init__(self, error: ServiceError, request: Request | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.request = request


@dataclass(frozen=True)
class Request:
    """A request that was understood; `params` as boto3 takes them."""

    service: str
    operation: Any
    params: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What goes back on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@cache
def models() -> dict[str, Any]:
    """Service -> botocore's model of it."""
    import botocore.session

    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in SERVICES}


def operation_named(service: str, operation: str) -> Any:
    """The model of an operation. Raises KeyError or OperationNotFoundError."""
    return models()[service].operation_model(operation)


def declares(operation: Any, code: str) -> bool:
    """Whether an operation may answer an error."""
    return code in COMMON_ERRORS or any(code == shape.name for shape in operation.error_shapes)


def request_of(path: str, headers: dict[str, str], raw: bytes) -> Request:
    """Reads a request.

    Raises:
        WrongRequest: It is unsigned, or not as the operation's shapes have it.
    """
    named = {name.lower(): value for name, value in headers.items()}
    scope = re.search(
        r"^AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request",
        named.get("authorization", ""),
    )
    signing = {model.signing_name: model for model in models().values()}
    if not scope or scope.group(1) not in signing:
        error = ServiceError("MissingAuthenticationTokenException", "the request is not signed")
        error.status = 403
        raise WrongRequest(error)
    model = signing[scope.group(1)]
    if model.resolved_protocol == "json":
        operation = model.operation_model(named["x-amz-target"].split(".")[1])
        params: dict[str, Any] = {}
        body = json.loads(raw)
    else:
        operation, params = _routed(model, path)
        params |= _from_headers(operation, named)
        payload = operation.input_shape.serialization.get("payload")
        if payload:
            params[payload] = raw
        body = {} if payload else json.loads(raw or b"{}")
    try:
        params |= _decoded(operation.input_shape, body)
        wrong = validate(operation.input_shape, params)
    except ValueError as error:
        wrong = [str(error)]
    request = Request(model.service_name, operation, params)
    if wrong:
        bedrock = model.service_name.startswith("bedrock")
        code = "ValidationException" if bedrock else "InvalidParameterException"
        raise WrongRequest(
            failure_of(operation, ServiceError(code, "; ".join(wrong)[:500])), request
        )
    return request


def answer_of(operation: Any, output: dict[str, Any]) -> Answer:
    """Writes an output that was validated."""
    shape = operation.output_shape
    if operation.has_event_stream_output:
        headers = {"Content-Type": "application/vnd.amazon.eventstream"}
        return Answer(200, headers, b"".join(map(_message, _events(operation, output))))
    if operation.service_model.resolved_protocol == "json":
        body = json.dumps(_encoded(shape, output)).encode()
        return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, body)
    headers = {"Content-Type": "application/json"}
    rest = dict(output)
    for name, member in shape.members.items():
        if member.serialization.get("location") == "header" and name in rest:
            headers[member.serialization["name"]] = str(rest.pop(name))
    payload = shape.serialization.get("payload")
    if payload:
        return Answer(200, headers, bytes(rest.get(payload, b"")))
    return Answer(200, headers, json.dumps(_encoded(shape, rest)).encode())


def wrong_output(operation: Any, output: dict[str, Any]) -> list[str]:
    """What is wrong with an output, event by event where it streams."""
    if not operation.has_event_stream_output:
        return validate(operation.output_shape, output)
    shape = operation.get_event_stream_output()
    return [
        wrong
        for event in _events(operation, output)
        for wrong in (validate(shape, event) if len(event) == 1 else [f"{event}: not one member"])
    ]


def _events(operation: Any, output: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a stream: each a member of its shape, exceptions too."""
    shape = operation.get_event_stream_output()
    name = next(n for n, m in operation.output_shape.members.items() if m.name == shape.name)
    events: list[dict[str, Any]] = output[name]
    return events


def _message(member: dict[str, Any]) -> bytes:
    ((name, value),) = member.items()
    return exception(name, value["message"]) if name.endswith("Exception") else event(name, value)


def failure_of(operation: Any, error: ServiceError) -> ServiceError:
    """The error with its HTTP status.

    Raises:
        AssertionError: The operation doesn't declare it.
    """
    for shape in operation.error_shapes:
        if shape.name == error.code:
            # Protocol JSON 1.1 knows 400 and 500 alone, and its models state no status.
            default = 500 if shape.metadata.get("fault") else 400
            error.status = shape.metadata.get("error", {}).get("httpStatusCode", default)
            return error
    if error.code not in COMMON_ERRORS:
        raise AssertionError(f"{operation.name} declares no error {error.code}")
    error.status = COMMON_ERRORS[error.code]
    return error


def error_answer(error: ServiceError, status: int | None = None) -> Answer:
    """Writes an error."""
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    headers = {"x-amzn-ErrorType": error.code, "Content-Type": "application/json"}
    return Answer(status or error.status, headers, body)


def validate(shape: Any, value: Any) -> list[str]:
    """What is wrong with a value, in words; botocore itself checks no max, enum or pattern."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(value, shape)
    return [report.generate_report()] if report.has_errors() else _strictly(shape, value, "")


def _strictly(shape: Any, value: Any, at: str) -> list[str]:
    kind, facts = shape.type_name, shape.metadata
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return []
        unknown = sorted(set(value) - set(shape.members))
        return [f"{at}: unknown {unknown}"] * bool(unknown) + [
            wrong
            for name, member in value.items()
            if name in shape.members
            for wrong in _strictly(shape.members[name], member, f"{at}.{name}")
        ]
    errors = []
    size = len(value) if hasattr(value, "__len__") else value
    if "max" in facts and size > facts["max"]:
        errors.append(f"{at}: {size} is more than {facts['max']}")
    if kind == "string":
        if facts.get("enum") and value not in facts["enum"]:
            errors.append(f"{at}: {value!r} is none of {facts['enum']}")
        if facts.get("pattern") and not _matches(facts["pattern"], value):
            errors.append(f"{at}: does not match {facts['pattern']}")
    if kind == "list":
        errors += [e for item in value for e in _strictly(shape.member, item, f"{at}[]")]
    if kind == "map":
        errors += [e for item in value.values() for e in _strictly(shape.value, item, f"{at}{{}}")]
    return errors


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # Java's classes (\p{...}) are unknown here
        return True


def _routed(model: Any, path: str) -> tuple[Any, dict[str, Any]]:
    """The operation that a REST path is of, and what the path states."""
    for operation in map(model.operation_model, model.operation_names):
        template = re.escape(operation.http["requestUri"])
        pattern = re.sub(r"\\\{(\w+)(?:\\\+)?\\\}", r"(?P<\1>[^/]+)", template)
        found = re.fullmatch(pattern, path.split("?")[0])
        if found and operation.http["method"] == "POST":
            return operation, {
                name: urllib.parse.unquote(value) for name, value in found.groupdict().items()
            }
    error = ServiceError("UnknownOperationException", path)
    error.status = 404
    raise WrongRequest(error)


def _from_headers(operation: Any, headers: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, shape in operation.input_shape.members.items():
        header = shape.serialization.get("name", "").lower()
        if shape.serialization.get("location") == "header" and header in headers:
            found[name] = headers[header]
    return found


def _decoded(shape: Any, value: Any) -> Any:
    if shape.type_name == "blob":
        return base64.b64decode(value)
    return _walked(shape, value, _decoded)


def _encoded(shape: Any, value: Any) -> Any:
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return _walked(shape, value, _encoded)


def _walked(shape: Any, value: Any, visit: Any) -> Any:
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        unknown = set(value) - set(shape.members)
        if unknown:
            raise ValueError(f"{shape.name} has no member {sorted(unknown)}")
        return {name: visit(shape.members[name], member) for name, member in value.items()}
    if shape.type_name == "list":
        return [visit(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {name: visit(shape.value, item) for name, item in value.items()}
    return value
