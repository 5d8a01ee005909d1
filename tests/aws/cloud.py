"""All that the `aws` deployment stands on, on loopback: what `sparknet` needs to run there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.aws.clients import AwsClients
from resources.catalog.dynamodb_table import create_table
from resources.deployment import Deployment
from resources.ocr import OCRResult
from resources.settings import Settings
from tests.doubles.aws_shapes import LOST, ShapeServer
from tests.doubles.bedrock import Bedrock
from tests.doubles.bedrock import register as register_bedrock
from tests.doubles.faulty_proxy import Faults, faulty_proxy
from tests.doubles.moto_server import MotoServer
from tests.doubles.opensearch import OpenSearchDouble, opensearch_double
from tests.doubles.redis_server import redis_server
from tests.doubles.textract import TextractDouble

BUCKET = "sparknet-documents"
TABLE = "sparknet"
PASSWORD = "redis-password-of-the-tests"
_TEXTRACT = (
    "AnalyzeDocument",
    "DetectDocumentText",
    "GetDocumentAnalysis",
    "GetDocumentTextDetection",
    "StartDocumentAnalysis",
    "StartDocumentTextDetection",
)


@dataclass
class Cloud:
    """Servers that run, and what points to them.

    Attributes:
        settings: Of the deployment, but for its `home`.
        environment: What a process needs beside the settings.
    """

    settings: dict[str, Any]
    environment: dict[str, str]
    shapes: ShapeServer
    textract: TextractDouble
    bedrock: Bedrock
    opensearch: OpenSearchDouble
    dynamodb: Faults

    def deployment(self, home: Path, **settings: Any) -> Deployment:
        """The deployment, for this process, whose environment has to be that of the cloud."""
        return Deployment(Settings(home=home, **{**self.settings, **settings}))

    def start(self, home: Path, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        """Starts the `sparknet` command in a process group of its own."""
        given = {**self.settings, **settings}
        variables = {f"SPARKNET_{name.upper()}": str(value) for name, value in given.items()}
        return subprocess.Popen(
            [sys.executable, "-m", "sparknet_assets.cli", "--home", str(home), *arguments],
            env={**os.environ, **self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, home: Path, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Runs the `sparknet` command to its end."""
        process = self.start(home, *arguments, **settings)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def fail(self, share: float, seed: int = 0) -> None:
        """Makes this share of the calls to all services but S3 fail from now on."""
        codes = ("ThrottlingException", "InternalServerError", LOST)
        for operation in _TEXTRACT:
            self.shapes.fail_share("textract", operation, share, codes, seed)
        codes = ("ThrottlingException", "InternalServerException", "ModelErrorException", LOST)
        self.shapes.fail_share("bedrock-runtime", "InvokeModel", share, codes, seed)
        self.dynamodb.share = share
        self.opensearch.faults.share = share

    def heal(self) -> None:
        """Ends all faults."""
        self.shapes.heal()
        self.dynamodb.share = 0.0
        self.opensearch.faults.share = 0.0


@contextmanager
def cloud(
    moto: MotoServer, folder: Path, reader: Callable[[Any], OCRResult], job_seconds: float = 0.0
) -> Iterator[Cloud]:
    """Starts all of it, with an empty bucket and an empty table.

    Args:
        reader: What Textract reads on an image without a text layer.
    """
    with ExitStack() as stack:
        shapes = ShapeServer()
        stack.callback(shapes.stop)
        faults = Faults(share=0.0)
        port, _ = stack.enter_context(redis_server(folder, "--requirepass", PASSWORD))
        search = stack.enter_context(opensearch_double(scale=0.01))
        environment = {
            **moto.environment,
            "AWS_ENDPOINT_URL_DYNAMODB": stack.enter_context(faulty_proxy(moto.url, faults)),
            "AWS_ENDPOINT_URL_TEXTRACT": (url := shapes.start()),
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        }
        clients = AwsClients("us-east-1")
        clients.client("s3").create_bucket(Bucket=BUCKET)
        create_table(TABLE, clients)

        def fetch(bucket: str, key: str) -> bytes:
            data: bytes = clients.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            return data

        textract = TextractDouble(reader, fetch, job_seconds)
        textract.register(shapes)
        yield Cloud(
            settings={
                "deployment": "aws",
                "s3_bucket": BUCKET,
                "dynamodb_table": TABLE,
                "redis_url": f"redis://:{PASSWORD}@127.0.0.1:{port}/0",
                "opensearch_endpoint": search.url,
                "textract_per_second": 50,
                "bedrock_per_second": 200,
                "workers": 2,
            },
            environment=environment,
            shapes=shapes,
            textract=textract,
            # Asked for fields, it finds none.
            bedrock=register_bedrock(shapes, Bedrock(otherwise='{"fields": {}, "tables": {}}')),
            opensearch=search,
            dynamodb=faults,
        )
