"""Textract as it behaves: limits, jobs, tokens, pages of results, expiry. What it reads is given.

`python -m tests.doubles.aws_shapes PORT tests.doubles.textract` serves it in its own process, with
`TEXTRACT_JOB_SECONDS` and `TEXTRACT_READER` (`paddle`, `tesseract`) in the environment, and
`TEXTRACT_OBJECTS`: the folder of the objects where they are not in S3.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pymupdf

from resources.ocr import Box, Line, OCRResult
from resources.ocr.geometry import word_at
from resources.storage.local import LocalStorageAdapter
from tests.doubles.aws_shapes import ServiceError, ShapeServer
from tests.doubles.textract_results import Block, blocks_of

Reader = Callable[[np.ndarray[Any, Any]], OCRResult]
MOST_PAGES = 3000
MOST_JOB_BYTES = 500 * 2**20
MOST_BLOCKS = 1000
READ_DPI = 150


@dataclass
class Job:
    """An asynchronous job."""

    token: str
    request: dict[str, Any]
    data: bytes = field(repr=False)
    pages: int
    ready: float
    fails: bool = False
    unreadable: frozenset[int] = frozenset()
    blocks: list[Block] | None = field(default=None, repr=False)
    expired: bool = False


class TextractDouble:
    """The service; register it with a server.

    Args:
        reader: Reads an image (height, width, 3) of RGB where nothing is registered for it.
        fetch: Gives the bytes of an object: bucket, key -> bytes.
        seconds: How long a job takes that is started from now on.

    Attributes:
        known: sha256 of an image's bytes -> what is read on it.
        paid_pages: By synchronous calls and by each job (its id).
        unreadable: Pages that the jobs started from now on leave out.
        failing: How many of the jobs started from now on fail.
        most_jobs: That may be under way at once.
    """

    def __init__(
        self,
        reader: Reader | None = None,
        fetch: Callable[[str, str], bytes] | None = None,
        seconds: float = 0.0,
    ) -> None:
        self._reader = reader
        self._fetch = fetch or _from_s3
        self.seconds = seconds
        self._lock = threading.Lock()
        self.known: dict[str, OCRResult] = {}
        self.jobs: dict[str, Job] = {}
        self.paid_pages: dict[str, int] = {"sync": 0}
        self.unreadable: frozenset[int] = frozenset()
        self.failing = 0
        self.most_jobs = 100

    def register(self, server: ShapeServer) -> None:
        """Answers the operations of a server."""
        on = server.on
        on("textract", "DetectDocumentText")(lambda params: self._read(params))
        on("textract", "AnalyzeDocument")(lambda params: self._read(params))
        for kind in ("TextDetection", "Analysis"):
            on("textract", f"StartDocument{kind}")(self._start)
            on("textract", f"GetDocument{kind}")(self._get)
        server.controls["paid"] = lambda: self.paid_pages
        server.controls["finish"] = self.finish
        server.controls["expire"] = self.expire

    def finish(self) -> None:
        """All jobs are done now."""
        for job in self.jobs.values():
            job.ready = 0.0

    def expire(self) -> None:
        """The results of all jobs are older than seven days."""
        for job in self.jobs.values():
            job.expired = True

    def _read(self, params: dict[str, Any]) -> dict[str, Any]:
        data = bytes(params["Document"]["Bytes"])
        if data.startswith(b"%PDF"):
            raise ServiceError("UnsupportedDocumentException", "send pages as images")
        features = params.get("FeatureTypes", [])
        result = self._of_image(data)
        with self._lock:
            self.paid_pages["sync"] += 1
        blocks = blocks_of(result, 1, features)
        for block in blocks:
            del block["Page"]  # synchronous answers have one page and don't number it
        return {"DocumentMetadata": {"Pages": 1}, "Blocks": blocks}

    def _of_image(self, data: bytes) -> OCRResult:
        digest = hashlib.sha256(data).hexdigest()
        if digest in self.known:
            return self.known[digest]
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise ServiceError("UnsupportedDocumentException", "neither PNG nor JPEG")
        if max(decoded.shape[:2]) > 10_000:
            raise ServiceError("InvalidParameterException", "more than 10,000 pixels")
        return self._reader(decoded[:, :, ::-1]) if self._reader else OCRResult(lines=[])

    def _start(self, params: dict[str, Any]) -> dict[str, Any]:
        token = params.get("ClientRequestToken", uuid.uuid4().hex)
        request = {name: v for name, v in params.items() if name != "ClientRequestToken"}
        with self._lock:
            for job_id, job in self.jobs.items():
                if job.token == token:
                    if job.request != request:
                        raise ServiceError("IdempotentParameterMismatchException")
                    return {"JobId": job_id}
            now = time.monotonic()
            if sum(job.ready > now for job in self.jobs.values()) >= self.most_jobs:
                raise ServiceError("LimitExceededException", "too many jobs")
            data = self._object(params["DocumentLocation"]["S3Object"])
            pages = _pages_of(data)
            fails, self.failing = self.failing > 0, max(0, self.failing - 1)
            job_id = hashlib.sha256(f"{token}{now}".encode()).hexdigest()
            ready = now + self.seconds
            self.jobs[job_id] = Job(token, request, data, pages, ready, fails, self.unreadable)
            self.paid_pages[job_id] = 0 if fails else pages - len(self.unreadable)
        return {"JobId": job_id}

    def _object(self, place: dict[str, str]) -> bytes:
        try:
            return self._fetch(place["Bucket"], place["Name"])
        except Exception as error:
            raise ServiceError("InvalidS3ObjectException", "can't get the object") from error

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs.get(params["JobId"])
        if job is None or job.expired:
            raise ServiceError("InvalidJobIdException")
        if time.monotonic() < job.ready:
            return {"JobStatus": "IN_PROGRESS"}
        if job.fails:
            return {"JobStatus": "FAILED", "StatusMessage": "INTERNAL_ERROR"}
        with self._lock:
            if job.blocks is None:
                job.blocks = self._of_pdf(job)
        start = int(params.get("NextToken", 0))
        end = start + params.get("MaxResults", MOST_BLOCKS)
        answer: dict[str, Any] = {
            "JobStatus": "PARTIAL_SUCCESS" if job.unreadable else "SUCCEEDED",
            "DocumentMetadata": {"Pages": job.pages},
            "Blocks": job.blocks[start:end],
        }
        if job.unreadable:
            warning = {"ErrorCode": "INTERNAL_ERROR", "Pages": sorted(job.unreadable)}
            answer["Warnings"] = [warning]
        if end < len(job.blocks):
            answer["NextToken"] = str(end)
        return answer

    def _of_pdf(self, job: Job) -> list[Block]:
        features = job.request.get("FeatureTypes", [])
        blocks: list[Block] = []
        with pymupdf.open(stream=job.data, filetype="pdf") as document:
            for number, page in enumerate(document, start=1):
                if number not in job.unreadable:
                    result = of_text_layer(page) or self._of_picture(page)
                    blocks += blocks_of(result, number, features)
        return blocks

    def _of_picture(self, page: pymupdf.Page) -> OCRResult:
        if self._reader is None:
            return OCRResult(lines=[])
        pixmap = page.get_pixmap(dpi=READ_DPI, colorspace=pymupdf.csRGB)
        flat = np.frombuffer(pixmap.samples, np.uint8)
        return self._reader(flat.reshape(pixmap.height, pixmap.width, 3))


def of_text_layer(page: pymupdf.Page) -> OCRResult | None:
    """The text of a PDF page as a viewer shows it; None without any."""
    lines: dict[tuple[int, int], Line] = {}
    width, height = page.rect.width, page.rect.height
    for x0, y0, x1, y1, text, block, line, _ in page.get_text("words"):
        shown = pymupdf.Rect(x0, y0, x1, y1) * page.rotation_matrix
        box = Box(shown.x0 / width, shown.y0 / height, shown.x1 / width, shown.y1 / height)
        lines.setdefault((block, line), Line(words=[])).words.append(word_at(text, box, 0.99))
    return OCRResult(lines=list(lines.values())) if lines else None


def _pages_of(data: bytes) -> int:
    if len(data) > MOST_JOB_BYTES:
        raise ServiceError("DocumentTooLargeException")
    if not data.startswith(b"%PDF"):
        raise ServiceError("UnsupportedDocumentException", "not a PDF")
    try:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            if document.needs_pass or document.metadata.get("encryption"):
                raise ServiceError("UnsupportedDocumentException", "encrypted")
            pages = len(document)
    except RuntimeError as error:
        raise ServiceError("BadDocumentException") from error
    if pages > MOST_PAGES:
        raise ServiceError("DocumentTooLargeException", "more than 3,000 pages")
    return pages


def _from_s3(bucket: str, key: str) -> bytes:
    import boto3

    answer = boto3.client("s3").get_object(Bucket=bucket, Key=key)
    data: bytes = answer["Body"].read()
    return data


def register(server: ShapeServer) -> None:
    """For the process of its own."""
    reader: Reader | None = None
    match os.environ.get("TEXTRACT_READER"):
        case "paddle":
            from resources.ocr.paddle import PaddleOCREngine

            reader = PaddleOCREngine().recognize
        case "tesseract":
            from resources.ocr.tesseract import TesseractEngine

            reader = TesseractEngine().recognize
    fetch: Callable[[str, str], bytes] | None = None
    if folder := os.environ.get("TEXTRACT_OBJECTS"):
        storage = LocalStorageAdapter(Path(folder))

        def from_folder(bucket: str, key: str) -> bytes:
            return storage.get(key)

        fetch = from_folder

    seconds = float(os.environ.get("TEXTRACT_JOB_SECONDS", "0"))
    TextractDouble(reader, fetch, seconds).register(server)
