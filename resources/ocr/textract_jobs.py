"""Textract's asynchronous jobs: whole PDFs read where they are, in S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from resources.aws.errors import error_code
from resources.failure import FailureKind, SparknetError
from resources.ocr import JobState, OCRResult, ResultsGoneError, TokenTakenError
from resources.ocr.textract import FEATURES, textract_errors
from resources.ocr.textract_blocks import Block, result_of

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients
    from resources.aws.limits import Limiter
    from resources.tiers import Tier

# Blocks of one answer: https://docs.aws.amazon.com/textract/latest/dg/API_GetDocumentAnalysis.html
BLOCKS = 1000


class TextractJobs:
    """Starts jobs, asks for them, streams what they read. Keeps nothing.

    Args:
        bucket: Where the keys are; in the region of the client.
        limiter: The one of the engine: calls of all kinds share its rate.
        price: US dollars for a page at this tier.
    """

    most_pages = 3000
    most_bytes = 500 * 2**20

    def __init__(
        self, clients: AwsClients, bucket: str, tier: Tier, limiter: Limiter, price: float
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._features = FEATURES[tier]
        self._limiter = limiter
        self.price = price

    def begin(self, key: str, token: str, pages: int) -> str:
        """Starts a job; see `DocumentReader`."""
        client = self._clients.client("textract")
        request: dict[str, Any] = {
            "DocumentLocation": {"S3Object": {"Bucket": self._bucket, "Name": key}},
            "ClientRequestToken": token,
        }
        start = client.start_document_text_detection
        if self._features:
            start = client.start_document_analysis
            request["FeatureTypes"] = self._features
        where = f"s3://{self._bucket}/{key}"
        try:
            with (
                self._limiter.call(self.price * pages),
                textract_errors(self._action("Start"), where),
            ):
                return str(start(**request)["JobId"])
        except SparknetError as error:
            if _has_code(error, "IdempotentParameterMismatchException"):
                raise TokenTakenError(f"the token of {where} stands for another job") from error
            raise

    def state(self, job_id: str) -> tuple[JobState, str]:
        """How a job stands; see `DocumentReader`."""
        try:
            answer = self._get(job_id, MaxResults=1)
        except SparknetError as error:
            if _has_code(error, "InvalidJobIdException"):
                return JobState.GONE, "its results have expired"
            raise
        status, said = answer["JobStatus"], answer.get("StatusMessage", "")
        if status == "IN_PROGRESS":
            return JobState.RUNNING, said
        return (JobState.FAILED if status == "FAILED" else JobState.DONE), said

    def pages(self, job_id: str) -> Iterator[tuple[int, OCRResult]]:
        """What a job read, page by page; see `DocumentReader`.

        Holds the blocks of a page or two, since pages come one after the other.

        Raises:
            SparknetError: `internal`: they don't, so a page was given out without its end.
        """
        unread: set[int] = set()
        given: set[int] = set()
        waiting: dict[int, list[Block]] = {}
        for answer in self._answers(job_id):
            unread |= _unread(answer)
            for block in answer.get("Blocks", []):
                page = block.get("Page", 1)
                if page in given:
                    raise SparknetError(
                        FailureKind.INTERNAL, f"Textract gave page {page} in parts, far apart"
                    )
                waiting.setdefault(page, []).append(block)
            last = max(waiting, default=0)
            for page in sorted(number for number in waiting if number < last - 1):
                given.add(page)
                read = result_of(waiting.pop(page))
                if page not in unread:
                    yield page, read
        for page in sorted(waiting.keys() - unread):
            yield page, result_of(waiting[page])

    def _answers(self, job_id: str) -> Iterator[dict[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            try:
                answer = self._get(job_id, MaxResults=BLOCKS, **more)
            except SparknetError as error:
                if _has_code(error, "InvalidJobIdException"):
                    gone = "the results of the Textract job have expired"
                    raise ResultsGoneError(gone) from error
                raise
            yield answer
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _get(self, job_id: str, **request: Any) -> dict[str, Any]:
        client = self._clients.client("textract")
        get = client.get_document_text_detection
        if self._features:
            get = client.get_document_analysis
        with self._limiter.call(), textract_errors(self._action("Get"), f"job {job_id[:12]}…"):
            answer: dict[str, Any] = get(JobId=job_id, **request)
        return answer

    def _action(self, verb: str) -> str:
        kind = "Analysis" if self._features else "TextDetection"
        return f"textract:{verb}Document{kind}"


def _unread(answer: dict[str, Any]) -> set[int]:
    """Pages that the service warns it could not read."""
    return {page for warning in answer.get("Warnings", []) for page in warning.get("Pages", [])}


def _has_code(error: SparknetError, code: str) -> bool:
    cause = error.__cause__
    return isinstance(cause, Exception) and error_code(cause) == code
