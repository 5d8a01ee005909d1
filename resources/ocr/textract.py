"""Amazon Textract: page images by synchronous calls, one page each; PDFs in S3 by jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from resources.aws.errors import aws_errors, error_code
from resources.failure import FailureKind, SparknetError
from resources.ocr import OCRResult
from resources.ocr.pixels import content_area, to_bgr
from resources.ocr.textract_blocks import result_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resources.aws.clients import AwsClients
    from resources.aws.limits import Limiter
    from resources.ocr.textract_jobs import TextractJobs
    from resources.tiers import Tier

REVISION = "1"
FEATURES: dict[str, list[str]] = {
    "basic": [],
    "standard": ["TABLES", "LAYOUT"],
    "premium": ["TABLES", "FORMS", "LAYOUT"],
}
# Of a synchronous call: https://docs.aws.amazon.com/textract/latest/dg/limits-document.html
MOST_BYTES = 10 * 2**20
LONGEST_SIDE = 10_000
_JPEG_QUALITIES = (95, 85, 75)
_DOCUMENT_FAULTS = {
    "UnsupportedDocumentException": (
        FailureKind.UNSUPPORTED,
        "Textract does not read this kind of document (encrypted PDFs are of that kind)",
    ),
    "BadDocumentException": (FailureKind.CORRUPT, "Textract could not read the document"),
    "DocumentTooLargeException": (FailureKind.TOO_LARGE, "the document is too large for Textract"),
}


class TextractEngine:
    """Reads a page image with one call; a page without any print costs none.

    Args:
        tier: What is asked for: text alone, tables and layout, or forms too.
        price: US dollars for a page at this tier.
        documents: Reads whole PDFs; None where the storage is not S3.
    """

    name = "textract"

    def __init__(
        self,
        clients: AwsClients,
        tier: Tier,
        limiter: Limiter,
        price: float,
        documents: TextractJobs | None = None,
    ) -> None:
        self._clients = clients
        self._tier = tier
        self._limiter = limiter
        self._price = price
        self.documents = documents

    @property
    def identity(self) -> str:
        # The service states no version that could be known before a call.
        return f"textract-{REVISION}/{self._tier}"

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        """Reads one page image of shape (height, width) grey or (height, width, 3) RGB.

        Raises:
            ValueError: The array is not an image of 8 bits a channel.
            SparknetError: The service refused the image or could not be asked.
        """
        page = to_bgr(image)
        if content_area(page) is None:
            return OCRResult(lines=[])
        document = {"Bytes": encoded(page)}
        features = FEATURES[self._tier]
        client = self._clients.client("textract")
        action = "textract:AnalyzeDocument" if features else "textract:DetectDocumentText"
        with self._limiter.call(self._price), textract_errors(action, "a page image"):
            if features:
                answer = client.analyze_document(Document=document, FeatureTypes=features)
            else:
                answer = client.detect_document_text(Document=document)
        result = result_of(answer.get("Blocks", []))
        return result.model_copy(update={"cost_usd": self._price})


@contextmanager
def textract_errors(action: str, resource: str) -> Iterator[None]:
    """`aws_errors`, and the errors that say that a document is at fault."""
    try:
        with aws_errors(action, resource):
            yield
    except SparknetError as error:
        code = error_code(error.__cause__) if isinstance(error.__cause__, Exception) else ""
        if code in _DOCUMENT_FAULTS:
            kind, what = _DOCUMENT_FAULTS[code]
            raise SparknetError(kind, f"{what}: {resource} ({code}).") from error.__cause__
        if code == "InvalidS3ObjectException":
            raise SparknetError(
                FailureKind.REFUSED,
                f"Textract can't get {resource}: allow s3:GetObject on it to this role, and keep"
                " bucket and AWS_REGION in the same region.",
            ) from error.__cause__
        raise


def encoded(page: NDArray[np.uint8]) -> bytes:
    """A page (height, width, 3) of BGR as a file that Textract takes.

    PNG, which loses nothing; where that is too large, JPEG, and in the end fewer pixels.
    """
    import cv2

    longest = max(page.shape[:2])
    if longest > LONGEST_SIDE:
        page = _scaled(page, LONGEST_SIDE / longest)
    if np.array_equal(page[:, :, 0], page[:, :, 1]) and np.array_equal(
        page[:, :, 1], page[:, :, 2]
    ):
        page = np.ascontiguousarray(page[:, :, 0])
    data = _file(page, ".png", [])
    while len(data) > MOST_BYTES:
        for quality in _JPEG_QUALITIES:
            data = _file(page, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
            if len(data) <= MOST_BYTES:
                return data
        page = _scaled(page, 0.8)
    return data


def _scaled(page: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    import cv2

    size = [max(1, int(side * factor)) for side in (page.shape[1], page.shape[0])]
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _file(page: NDArray[np.uint8], kind: str, options: list[Any]) -> bytes:
    import cv2

    done, data = cv2.imencode(kind, page, options)
    if not done:
        raise SparknetError(FailureKind.INTERNAL, f"a page image could not be encoded as {kind}")
    return data.tobytes()
