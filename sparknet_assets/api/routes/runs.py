"""Processing: runs asked for, runs under way, and what changes meanwhile."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from resources.catalog import DocumentStatus
from sparknet_assets.api.batch_child import What
from sparknet_assets.api.context import Api, ApiDep, is_unicode, requires
from sparknet_assets.api.event_stream import HEADERS, SCHEMA, STREAM
from sparknet_assets.api.problems import ProblemError, no_document
from sparknet_assets.api.runs import RunView

router = APIRouter(tags=["runs"])
_STATUSES = {
    "pending": (DocumentStatus.PENDING,),
    "retry": (DocumentStatus.FAILED, DocumentStatus.PARTIAL),
}
_RETRIED = _STATUSES["retry"]
DocId = Annotated[str, Field(min_length=1, max_length=200)]


class RunRequest(BaseModel):
    """What is to be done.

    Attributes:
        doc_ids: Only these; None: all that `what` says.
        what: `pending` what waits, `retry` what failed or misses pages, `stale` what
            `sparknet plan` lists.
        force: Redo what is up to date.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"what": "retry"}]})

    doc_ids: list[DocId] | None = Field(default=None, min_length=1, max_length=10_000)
    what: What = "pending"
    force: bool = False


class RunStarted(BaseModel):
    """The run that was asked for; None: there was nothing to do."""

    run: str | None


class RunList(BaseModel):
    """Runs, newest first; those begun elsewhere at the end."""

    runs: list[RunView]


@router.post(
    "/runs",
    operation_id="startRun",
    status_code=202,
    dependencies=[Depends(requires("write"))],
)
def start_run(api: ApiDep, body: RunRequest) -> RunStarted:
    """Starts a run in a process of its own, after those that wait."""
    if api.runner is None:
        raise ProblemError(409, "This server leaves processing to others: see `serve_processing`.")
    doc_ids = _documents(api, body)
    if doc_ids is not None and not doc_ids:
        return RunStarted(run=None)
    run = api.runner.request(body.what, doc_ids, body.force)
    if run is None:
        raise ProblemError(409, "A run with these documents is under way.")
    return RunStarted(run=run.id)


@router.get("/runs", operation_id="listRuns", dependencies=[Depends(requires("read"))])
def list_runs(api: ApiDep) -> RunList:
    """Runs of this server, and what the catalog tells of others."""
    own = api.runner.runs() if api.runner is not None else []
    ids = {run_id for run in own for run_id in run.dagster_ids}
    views = [run.view() for run in own]
    held = {doc_id for run in own if run.state == "running" for doc_id in run.doc_ids or ()}
    others = [run for run in api.elsewhere.newest(ids) if not _is_ours(run, held)]
    return RunList(runs=[*views, *others])


@router.get(
    "/events",
    operation_id="followEvents",
    dependencies=[Depends(requires("read"))],
    response_class=StreamingResponse,
    responses={200: {"content": {STREAM: {"schema": SCHEMA}}}},
)
async def follow_events(api: ApiDep) -> StreamingResponse:
    """Server-sent events: `progress` of runs, `document` for each row that changes."""
    if api.watch.full:
        raise ProblemError(503, "Too many follow already.", headers={"Retry-After": "30"})
    return StreamingResponse(api.watch.follow(), media_type=STREAM, headers=HEADERS)


def _documents(api: Api, asked: RunRequest) -> list[str] | None:
    """Those that the run is over; None leaves it to the plan. Raises ProblemError (404)."""
    catalog = api.deployment.catalog
    if asked.doc_ids is not None:
        doc_ids = list(dict.fromkeys(asked.doc_ids))
        known = catalog.get_many([doc_id for doc_id in doc_ids if is_unicode(doc_id)])
        for doc_id in doc_ids:
            record = known.get(doc_id)
            if record is None or record.status is DocumentStatus.DELETED:
                raise no_document(doc_id)
        if asked.what == "retry":
            return [doc_id for doc_id in doc_ids if known[doc_id].status in _RETRIED]
        return doc_ids
    if asked.what == "stale":
        return None
    found = (d for status in _STATUSES[asked.what] for d in catalog.documents(status=status))
    return [record.doc_id for record in found]


def _is_ours(run: RunView, held: set[str]) -> bool:
    """A run that goes on elsewhere, but with our child's documents, is our child."""
    return run.state == "running" and bool(held.intersection(run.doc_ids))
