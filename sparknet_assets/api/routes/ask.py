"""Questions, answered at once or piece by piece."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sparknet_assets.answers.results import Answer, Answerer
from sparknet_assets.api.context import Api, ApiDep, requires
from sparknet_assets.api.event_stream import SCHEMA, STREAM, Event, streamed
from sparknet_assets.api.routes.search import Text
from sparknet_assets.retrieval import Filters

router = APIRouter(tags=["search"], dependencies=[Depends(requires("read"))])


class AskRequest(BaseModel):
    """What is asked of the documents.

    Attributes:
        answerer: `extractive` quotes, `llm` has the language model of the settings answer, `auto`
            is `llm` where there is one.
        stream: Answer by server-sent events; `Accept: text/event-stream` does the same.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "When does the lease end?"}]},
    )

    question: Text
    filters: Filters = Field(default_factory=Filters)
    answerer: Answerer = "auto"
    stream: bool = False


@router.post(
    "/ask",
    operation_id="ask",
    response_model=Answer,
    responses={200: {"content": {STREAM: {"schema": SCHEMA}}}},
)
async def post_ask(api: ApiDep, request: Request, body: AskRequest) -> Any:
    """Answers a question from the documents, with the places that the answer rests on."""
    if body.stream or STREAM in request.headers.get("accept", ""):
        return _stream(api, body)
    answer = await run_in_threadpool(_ask, api, body)
    _count(api, answer)
    return answer


def _ask(api: Api, asked: AskRequest) -> Answer:
    from sparknet_assets.answers import answer

    return answer.ask(
        api.deployment, asked.question, filters=asked.filters, answerer=asked.answerer
    )


def _stream(api: Api, asked: AskRequest) -> Response:
    from sparknet_assets.answers.answer import ask_stream
    from sparknet_assets.answers.results import Done

    def events() -> Generator[Event, None, None]:
        asks = ask_stream(
            api.deployment, asked.question, filters=asked.filters, answerer=asked.answerer
        )
        for event in asks:
            if isinstance(event, Done):
                _count(api, event.answer)
            yield Event(event.name, event.as_json())

    return streamed(events(), lambda: api.closing)


def _count(api: Api, answer: Answer) -> None:
    api.metrics.answer_cost.inc(answer.cost_usd or 0.0)
