"""What a stage is: its facts, and one of three shapes of work. No Dagster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.catalog import StageRecord
from resources.deployment import Deployment
from resources.failure import Failure
from sparknet_assets.artifacts import DocumentRef

RAW_DOCUMENTS = "raw_documents"
FIELD_CORRECTIONS = "field_corrections"
"""The inputs that no stage makes: the original bytes, and what people set right. Most documents
have no corrections: the data version is then empty, and nothing waits for one."""


@dataclass(frozen=True)
class StageOutput:
    """What a stage made of one document.

    Attributes:
        data_version: sha256 (hex) of what was written: equal versions need no work downstream.
        pages: Pages that the output covers, the failed ones not counted.
        failed_pages: 1-based page -> why that page is missing. The document is then `partial`.
        metadata: Facts for the UI and `status`, JSON values only.
        failure: Why something else than pages is missing from the output, which is of use without
            it. The document is then `partial`.
        cost_usd: Paid to services for this output.
        seconds: This document's share of work done for several together; None where the time
            between start and end is the document's own.
    """

    data_version: str
    pages: int = 0
    failed_pages: Mapping[int, Failure] = field(default_factory=dict)
    failure: Failure | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: float = 0.0
    seconds: float | None = None


@dataclass(frozen=True)
class PageResult:
    """What a paged stage made of one page (1-based): a serialised record, or a failure."""

    page: int
    record: bytes = b""
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Facts that all stages have.

    Attributes:
        inputs: Names of the stages whose data versions enter the fingerprint; `raw_documents` is
            the original bytes.
        code_version: Raise it when the same inputs would give another output.
        artifact: The file under `processed/{doc_id}/` that is written last; None when the output
            lives in the vector index alone.
        shape: Settings and adapter identities that shape the output, JSON values only.
        aside: Nothing that answers is made from it. It runs once its document is indexed, or could
            not be, and what it fails at makes the document `partial`, never `failed` or stale.
    """

    name: str
    inputs: tuple[str, ...]
    code_version: str
    description: str
    artifact: str | None
    shape: Callable[[Deployment], Mapping[str, Any]]
    aside: bool = False


@dataclass(frozen=True, kw_only=True)
class DocumentStage(Stage):
    """Runs whole documents, each in a worker process.

    Attributes:
        copy: Makes the output from that of another document (the second one) whose bytes and
            recipe are the same; None where it can't be told from those alone. Runs in the parent,
            which drops it when the other document was worked on meanwhile.
        complete: Goes on from what `run` made where a service has to be waited for, which must not
            hold a worker. Runs in the parent, in the thread of the document; the function given
            raises once the batch was interrupted. None where there is nothing to ask for.
    """

    run: Callable[[DocumentRef, Deployment], StageOutput]
    copy: Callable[[DocumentRef, DocumentRef, Deployment], StageOutput | None] | None = None
    complete: (
        Callable[[DocumentRef, StageOutput, Callable[[], None], Deployment], StageOutput] | None
    ) = None


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What is done once for a document before its pages, such as a job of a service for all.

    Attributes:
        candidates: The pages that it may be worth for, given the document and those that may hold
            the same pages; none where it is out of the question. Cheap; runs in the parent.
        survey: Which of the candidates it is for. Runs in workers, span by span; where that fails,
            the pages of the span are left out.
        prepare: Given what all surveys found, and other documents of the same bytes. Runs in the
            parent and may wait for long, by the function given, which takes seconds. What it makes
            is durable, and `run_pages` finds it.
    """

    candidates: Callable[[DocumentRef, Sequence[DocumentRef], Deployment], Sequence[int]]
    survey: Callable[[DocumentRef, Sequence[int], Deployment], list[int]]
    prepare: Callable[
        [
            DocumentRef,
            Sequence[int],
            Sequence[DocumentRef],
            Callable[[float], None],
            Deployment,
        ],
        None,
    ]
    span: int = 64


@dataclass(frozen=True, kw_only=True)
class PagedStage(Stage):
    """Runs spans of pages in worker processes; a page that fails alone costs that page only.

    Attributes:
        page_count: Cheap; reads an artifact of an input stage. Runs in the parent.
        known: Pages that need no work: given the document and those that may hold the same pages
            (itself, then others with the same bytes), yields for each page in order its ready
            result, or None. Streams in the parent, so it parses no originals; before it yields for
            a page, it has saved what a worker may overwrite. Absent: no page is ever known.
        run_pages: Works on the 1-based pages given, in a worker. A page that can't be read gives a
            PageResult with a failure; raising, hanging or crashing makes the batch try the pages
            of the span one by one.
        assemble: Takes the results in page order, streamed, and writes the artifact. Runs in the
            parent and must not hold more than a few pages.
        preparation: Before the pages, where there is something to do for them together.
    """

    page_count: Callable[[DocumentRef, Deployment], int]
    run_pages: Callable[[DocumentRef, Sequence[int], Deployment], list[PageResult]]
    assemble: Callable[[DocumentRef, Iterable[PageResult], Deployment], StageOutput]
    known: (
        Callable[[DocumentRef, Sequence[DocumentRef], Deployment], Iterator[PageResult | None]]
        | None
    ) = None
    preparation: Preparation | None = None
    span: int = 8


@dataclass(frozen=True, kw_only=True)
class BatchStage(Stage):
    """Runs the batch's documents together, in the parent.

    Attributes:
        run: Yields a result for each document given, in any order, once what it made is durable.
        stored: For a stage without an artifact: those of these documents (doc_id -> their records
            by stage) whose output its store holds as it should. What is recorded but not held was
            lost, and is made again.
    """

    run: Callable[
        [Sequence[DocumentRef], Deployment], Iterator[tuple[DocumentRef, StageOutput | Failure]]
    ]
    stored: (
        Callable[[Mapping[str, Mapping[str, StageRecord]], Deployment], Collection[str]] | None
    ) = None


AnyStage = DocumentStage | PagedStage | BatchStage
