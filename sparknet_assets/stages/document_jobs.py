"""Whole documents read by a job of the OCR service: at most one is paid for the same bytes.

The job's record and the pages that it read are objects under `processed/{doc_id}/ocr_job/`: they go
with the document. Killed anywhere, the next run finds the same job.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ValidationError

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.ocr import (
    DocumentReader,
    JobState,
    OCRResult,
    ResultsGoneError,
    TokenTakenError,
    document_reader,
)
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import SCHEMA_VERSION, DocumentMetadata, DocumentRef

FOLDER = "ocr_job/"
RECORD = f"{FOLDER}job.json"
# A job is paid for every page of the document, page images only for those that need it. From this
# share on, at most a quarter more is paid than that, for results that come in one piece.
LEAST_SHARE = 0.8
# A failed or expired job is followed by one more; after that the page images are read.
MOST_JOBS = 2
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
_NOT_FOR_IT = frozenset(
    {
        FailureKind.ENCRYPTED,
        FailureKind.CORRUPT,
        FailureKind.UNSUPPORTED,
        FailureKind.TOO_LARGE,
    }
)
_PASSING = frozenset({FailureKind.THROTTLED, FailureKind.UNAVAILABLE})


class JobRecord(BaseModel):
    """ocr_job/job.json: written before the job is started, and after each step.

    Attributes:
        work: Digest of the bytes and of the engine that the job is for.
        raw_key: The object that it reads: of another document, where that has the same bytes.
        raw_version: Its change mark before the job was started.
        attempt: Jobs that gave nothing before this one.
        reason: Why the service does not read the document.
        cost_usd: Paid for all attempts, once the last is done.
        counted: The cost is in the record of a stage, here or with the document that shares it.
    """

    schema_version: int = SCHEMA_VERSION
    work: str
    raw_key: str
    raw_version: str
    attempt: int = 0
    job_id: str = ""
    state: Literal["starting", "running", "stored", "refused"] = "starting"
    reason: str = ""
    cost_usd: float = 0.0
    counted: bool = False

    @property
    def token(self) -> str:
        """The same for the same bytes, engine and attempt, whoever asks."""
        return hashlib.sha256(f"{self.work}\n{self.attempt}".encode()).hexdigest()


def work_of(metadata: DocumentMetadata, deployment: Deployment) -> str:
    """Digest of what a job reads and how."""
    return hashlib.sha256(f"{deployment.ocr.identity}\n{metadata.sha256}".encode()).hexdigest()


def page_key(ref: DocumentRef, work: str, page: int) -> str:
    """Where what a job read on the 1-based page is stored."""
    return ref.key(f"{FOLDER}{work[:16]}/page_{page - 1}.json")


def job_possible(ref: DocumentRef, metadata: DocumentMetadata, deployment: Deployment) -> bool:
    """Whether a job may read the document, or has begun to."""
    reader = document_reader(deployment.ocr)
    if reader is None or metadata.kind != "pdf":
        return False
    if metadata.page_count > reader.most_pages or metadata.size > reader.most_bytes:
        return False
    if metadata.page_count < deployment.settings.textract_job_pages:
        return False
    record = _read_record(ref, work_of(metadata, deployment), deployment)
    return record is None or record.state in ("starting", "running")


def job_results(
    ref: DocumentRef, metadata: DocumentMetadata, deployment: Deployment
) -> Callable[[int], OCRResult | None]:
    """Finds what a job read on a 1-based page; None where there is nothing."""
    if metadata.kind != "pdf" or document_reader(deployment.ocr) is None:
        return lambda page: None
    work = work_of(metadata, deployment)

    def found(page: int) -> OCRResult | None:
        try:
            data = deployment.storage.get(page_key(ref, work, page))
            return OCRResult.model_validate_json(data)
        except (ObjectNotFoundError, ValidationError):
            return None

    return found


def settled_cost(ref: DocumentRef, deployment: Deployment) -> float:
    """What the document's job cost, the first time that it is asked for."""
    if document_reader(deployment.ocr) is None:
        return 0.0
    record = _read_record(ref, None, deployment)
    if record is None or record.counted or record.state not in ("stored", "refused"):
        return 0.0
    _write_record(ref, record.model_copy(update={"counted": True}), deployment)
    return record.cost_usd


def read_by_job(
    ref: DocumentRef,
    metadata: DocumentMetadata,
    wanted: int,
    twins: Sequence[DocumentRef],
    pause: Callable[[float], None],
    deployment: Deployment,
) -> None:
    """Reads the document by a job where that is worth it, or goes on with the one under way.

    Args:
        wanted: How many pages have to be read. A job is started for `textract_job_pages` or more
            that are `LEAST_SHARE` of the document; else their images are read one by one.
        twins: Documents of the same bytes, whose job serves here too.

    Raises:
        SparknetError: `timed_out`: the job goes on, and the next run waits for it. Or the service
            could not be asked.
    """
    reader = document_reader(deployment.ocr)
    assert reader is not None
    job = _Job(ref, metadata, reader, pause, deployment)
    least = max(deployment.settings.textract_job_pages, LEAST_SHARE * metadata.page_count)
    if job.found() or wanted >= least:
        job.run(twins)


class _Job:
    """The job of one document, from its first record to its stored pages."""

    def __init__(
        self,
        ref: DocumentRef,
        metadata: DocumentMetadata,
        reader: DocumentReader,
        pause: Callable[[float], None],
        deployment: Deployment,
    ) -> None:
        self._ref = ref
        self._metadata = metadata
        self._reader = reader
        self._pause = pause
        self._deployment = deployment
        self._storage = deployment.storage
        self._work = work_of(metadata, deployment)
        self._paused = FIRST_PAUSE
        self._budgeted = False
        self._deadline = time.monotonic() + deployment.settings.textract_job_timeout

    def found(self) -> bool:
        return _read_record(self._ref, self._work, self._deployment) is not None

    def run(self, twins: Sequence[DocumentRef]) -> None:
        record = self._first(twins)
        while record.state in ("starting", "running"):
            step = self._start if record.state == "starting" else self._follow
            record = step(record)
            _write_record(self._ref, record, self._deployment)

    def _first(self, twins: Sequence[DocumentRef]) -> JobRecord:
        """The record to go on from. Under a lock: twins must not start a job each."""
        with self._deployment.locks.hold(f"ocr-job-{self._work[:16]}"):
            record = _read_record(self._ref, self._work, self._deployment)
            if record is not None:
                return record
            for info in list(self._storage.list(self._ref.key(FOLDER))):
                self._storage.delete(info.key)  # of bytes or an engine of before
            shared = (_read_record(twin, self._work, self._deployment) for twin in twins)
            record = next((_shared(twin) for twin in shared if twin is not None), None)
            record = record or self._new(attempt=0)
            _write_record(self._ref, record, self._deployment)
            return record

    def _new(self, attempt: int, cost_usd: float = 0.0) -> JobRecord:
        """A record of a job for our own object.

        Raises:
            SparknetError: Its bytes are not those that were taken in.
        """
        key = self._ref.raw_key
        before = self._storage.stat(key)
        with self._storage.as_file(key) as path, path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if before is None or digest != self._metadata.sha256:
            raise SparknetError(
                FailureKind.UNREADABLE,
                f"{self._ref.filename} was changed while it was read; it is read again.",
                retryable=True,
            )
        return JobRecord(
            work=self._work,
            raw_key=key,
            raw_version=before.version,
            attempt=attempt,
            cost_usd=cost_usd,
        )

    def _start(self, record: JobRecord) -> JobRecord:
        if record.raw_key != self._ref.raw_key and self._storage.stat(record.raw_key) is None:
            return self._next(record, "the document that shared its job is gone")
        pages = 0 if self._budgeted else self._metadata.page_count
        try:
            job_id = self._reader.begin(record.raw_key, record.token, pages)
        except TokenTakenError as error:
            return self._next(record, error.message)
        except SparknetError as error:
            if error.kind in _PASSING:
                self._budgeted = True
                self._wait(error)
                return record
            if error.kind in _NOT_FOR_IT:
                return record.model_copy(update={"state": "refused", "reason": error.message})
            raise
        return record.model_copy(update={"state": "running", "job_id": job_id})

    def _follow(self, record: JobRecord) -> JobRecord:
        try:
            state, said = self._reader.state(record.job_id)
            if state is JobState.DONE:
                return self._stored(record)
        except ResultsGoneError:
            return record  # its state says so the next time
        except SparknetError as error:
            if error.kind not in _PASSING:
                raise
            self._wait(error)
            return record
        if state is JobState.RUNNING:
            self._wait(None)
            return record
        # What failed was not read, and is not paid; what expired was.
        paid = self._price if state is JobState.GONE and not record.counted else 0.0
        return self._next(record.model_copy(update={"cost_usd": record.cost_usd + paid}), said)

    def _stored(self, record: JobRecord) -> JobRecord:
        now = self._storage.stat(record.raw_key)
        if now is None or now.version != record.raw_version:
            # It may have read other bytes than those that the record is for.
            reason = "the original was changed while the job read it"
            return record.model_copy(update={"state": "refused", "reason": reason})
        there = {info.key for info in self._storage.list(self._ref.key(FOLDER))}
        for page, result in self._reader.pages(record.job_id):
            key = page_key(self._ref, self._work, page)
            if key not in there:
                self._storage.put(key, result.model_dump_json().encode())
        cost = record.cost_usd if record.counted else record.cost_usd + self._price
        return record.model_copy(update={"state": "stored", "cost_usd": cost})

    def _next(self, record: JobRecord, said: str) -> JobRecord:
        """Another job, for our own object, unless there were enough."""
        if record.attempt + 1 >= MOST_JOBS:
            return record.model_copy(update={"state": "refused", "reason": said})
        cost = 0.0 if record.counted else record.cost_usd
        return self._new(record.attempt + 1, cost)

    @property
    def _price(self) -> float:
        return self._reader.price * self._metadata.page_count

    def _wait(self, error: SparknetError | None) -> None:
        if time.monotonic() > self._deadline:
            raise error or SparknetError(
                FailureKind.TIMED_OUT,
                f"{self._ref.filename}: the job that reads it is not done yet. The next run waits"
                " for the same job; SPARKNET_TEXTRACT_JOB_TIMEOUT is how long.",
            )
        self._pause(self._paused)
        self._paused = min(LONGEST_PAUSE, 1.5 * self._paused)


def _shared(record: JobRecord) -> JobRecord:
    """The record of another document's job as the first of our own."""
    state = "running" if record.job_id else "starting"
    update = {"state": state, "reason": "", "counted": True, "cost_usd": 0.0}
    return record.model_copy(update=update)


def _read_record(ref: DocumentRef, work: str | None, deployment: Deployment) -> JobRecord | None:
    """The record of the document's job; None without one for this work."""
    try:
        record = JobRecord.model_validate_json(deployment.storage.get(ref.key(RECORD)))
    except (ObjectNotFoundError, ValidationError):
        return None
    return record if work is None or record.work == work else None


def _write_record(ref: DocumentRef, record: JobRecord, deployment: Deployment) -> None:
    deployment.storage.put(ref.key(RECORD), record.model_dump_json().encode())
