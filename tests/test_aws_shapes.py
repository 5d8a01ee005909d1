"""The double of AWS services refuses what the services' own models don't have."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.doubles.aws_shapes import LOST, ServiceError, ShapeServer, shape_process


@pytest.fixture
def server() -> Iterator[ShapeServer]:
    double = ShapeServer()

    @double.on("textract", "DetectDocumentText")
    def detect(params: dict[str, Any]) -> dict[str, Any]:
        return {"DocumentMetadata": {"Pages": len(params["Document"]["Bytes"])}, "Blocks": []}

    @double.on("bedrock-runtime", "InvokeModel")
    def invoke(params: dict[str, Any]) -> dict[str, Any]:
        said = json.loads(params["body"])
        body = json.dumps({"model": params["modelId"], "said": said}).encode()
        return {"body": body, "contentType": "application/json"}

    yield double
    double.stop()


def client(service: str, url: str, attempts: int = 1) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return boto3.session.Session("AKIATEST", "secret", region_name="us-east-1").client(
        service, endpoint_url=url, config=config
    )


def code(call: Any) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_blobs_payloads_and_names_in_paths_arrive(server: ShapeServer) -> None:
    url = server.start()

    detected = client("textract", url).detect_document_text(Document={"Bytes": b"\x00\xff"})
    model = "arn:aws:bedrock:us-east-1:1:inference-profile/us.some:0"
    invoked = client("bedrock-runtime", url).invoke_model(modelId=model, body=io.BytesIO(b"[1]"))

    assert detected["DocumentMetadata"] == {"Pages": 2}
    assert json.loads(invoked["body"].read()) == {"model": model, "said": [1]}
    assert [call.operation for call in server.calls] == ["DetectDocumentText", "InvokeModel"]


def test_refuses_what_the_shapes_forbid(server: ShapeServer) -> None:
    textract = client("textract", server.start())
    analyse = textract.analyze_document
    converse = client("bedrock-runtime", textract.meta.endpoint_url).converse

    too_big = {"Bytes": b"0" * (10 * 2**20 + 1)}
    assert code(lambda: textract.detect_document_text(Document=too_big)) == (
        "InvalidParameterException"
    )
    small = {"Bytes": b"0"}
    assert code(lambda: analyse(Document=small, FeatureTypes=["TABELS"])) == (
        "InvalidParameterException"
    )
    said = [{"role": "user", "content": [{"text": "hello"}]}]
    hot = {"temperature": 3.0}
    assert code(lambda: converse(modelId="m", messages=said, inferenceConfig=hot)) == (
        "ValidationException"
    )


def test_unsigned_requests_are_refused(server: ShapeServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(server.start(), b"{}", method="POST"))
    assert refused.value.code == 403
    refused.value.close()


def test_own_answers_and_errors_must_be_of_the_service(server: ShapeServer) -> None:
    @server.on("textract", "GetDocumentAnalysis")
    def get(params: dict[str, Any]) -> dict[str, Any]:
        if params["JobId"] == "undeclared":
            raise ServiceError("ResourceNotFoundException")
        return {"JobStatus": "DONE"}

    textract = client("textract", server.start())
    assert code(lambda: textract.get_document_analysis(JobId="any")) == "FaultOfTheDouble"
    assert code(lambda: textract.get_document_analysis(JobId="undeclared")) == "FaultOfTheDouble"
    with pytest.raises(ValueError, match="declares no error"):
        server.fail_next("textract", "DetectDocumentText", "LimitExceededException")


def test_faults_come_as_asked_for(server: ShapeServer) -> None:
    url = server.start()
    textract = client("textract", url)
    page = {"Bytes": b"0"}
    server.fail_next("textract", "DetectDocumentText", "ThrottlingException", "InternalServerError")
    assert code(lambda: textract.detect_document_text(Document=page)) == "ThrottlingException"
    assert code(lambda: textract.detect_document_text(Document=page)) == "InternalServerError"
    server.fail_next("textract", "DetectDocumentText", LOST)
    client("textract", url, attempts=2).detect_document_text(Document=page)
    assert [call.error for call in server.calls][-2:] == [LOST, ""]

    server.fail_share("textract", "DetectDocumentText", 0.3, ["ThrottlingException"], seed=7)
    before = len(server.calls)
    for _ in range(100):
        try:
            textract.detect_document_text(Document=page)
        except ClientError:
            continue
    failed = sum(bool(call.error) for call in server.calls[before:])
    assert 20 <= failed <= 40
    server.heal()
    textract.detect_document_text(Document=page)


def test_a_process_of_its_own_keeps_its_state_between_clients() -> None:
    with shape_process() as process:
        process.control("fail_next", "textract", "GetDocumentAnalysis", "ThrottlingException")
        first = client("textract", process.url)
        assert code(lambda: first.get_document_analysis(JobId="1")) == "ThrottlingException"
        second = client("textract", process.url)
        assert code(lambda: second.get_document_analysis(JobId="1")) == "NotImplementedByDouble"
        assert process.control("calls") == [
            ["textract", "GetDocumentAnalysis", "ThrottlingException"],
            ["textract", "GetDocumentAnalysis", "NotImplementedByDouble"],
        ]
