"""The app keeps to its own OpenAPI document, whatever is sent."""

from __future__ import annotations

import json

import jsonschema
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

CHECKS = [
    not_a_server_error,
    response_schema_conformance,
    content_type_conformance,
    status_code_conformance,
    response_headers_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    allow_header_conformance,
]
LEFT_OUT = {"POST /api/v1/documents", "GET /api/v1/events"}


def _check(app: object, examples: int, *, derandomize: bool | None = None) -> set[str]:
    """Asks every operation that changes nothing and ends by itself; says which these are.

    What it asks is random, but in continuous integration, unless this says so.
    """
    if derandomize is None:
        derandomize = settings.default.derandomize
    schema = schemathesis.openapi.from_asgi(
        "/openapi.json", app, headers={"Host": "127.0.0.1:8484"}
    )
    schema.config.base_url = "http://127.0.0.1:8484"
    checked = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label in LEFT_OUT or operation.method.upper() in {"PUT", "PATCH", "DELETE"}:
            continue
        checked.add(operation.label)

        @settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=derandomize,
            database=None,
        )
        @given(case=operation.as_strategy())
        def keeps_to_it(case: schemathesis.Case) -> None:
            case.headers = {
                name: value
                for name, value in (case.headers or {}).items()
                if name.lower() not in {"origin", "sec-fetch-site"}
            }
            case.call_and_validate(checks=CHECKS, headers={"Host": "127.0.0.1:8484"})

        keeps_to_it()
    return checked


def test_answers_are_as_documented(reading: TestClient) -> None:
    checked = _check(reading.app, 8, derandomize=True)
    assert {"GET /api/v1/documents", "POST /api/v1/search", "POST /api/v1/ask"} <= checked


@pytest.mark.long
def test_answers_are_as_documented_at_length(reading: TestClient) -> None:
    assert _check(reading.app, 300)


def test_the_document_says_all_that_a_client_needs(reading: TestClient) -> None:
    document = reading.get("/openapi.json").json()
    ids = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(ids) == len(set(ids))
    assert {"listDocuments", "uploadDocument", "search", "ask", "startRun"} <= {*ids}
    assert "HTTPValidationError" not in json.dumps(document)
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert operation["description"]


def test_every_operation_says_how_it_may_fail(reading: TestClient) -> None:
    document = reading.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            errors = {status for status in responses if status[0] in "45"}
            expected = {"429", "500"} | ({"404"} if "{doc_id}" in path else set())
            assert expected <= errors, operation["operationId"]
            for status in errors - {"503"}:
                assert responses[status]["description"]
                [content] = responses[status]["content"].values()
                assert content["example"]["status"] == int(status)


def test_examples_are_answers_that_could_be(reading: TestClient) -> None:
    """Each is of the shape that the document itself states."""
    document = reading.get("/openapi.json").json()
    shown = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    if "example" in content and "$ref" in content.get("schema", {}):
                        schema = {**content["schema"], "components": document["components"]}
                        jsonschema.validate(content["example"], schema)
                        shown += 1
    assert shown > 200
