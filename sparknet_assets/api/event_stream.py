"""Server-sent events from an iterator that works in a thread."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Generator
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from sparknet_assets.api.problems import problem_of

STREAM = "text/event-stream"
# An event as OpenAPI describes it.
SCHEMA = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Event(NamedTuple):
    """An event: its name, and a JSON value."""

    name: str
    data: Any

    def encode(self) -> bytes:
        """As it is sent. JSON has no raw line ends, so one `data` line holds it."""
        return f"event: {self.name}\ndata: {json.dumps(self.data)}\n\n".encode()


def streamed(events: Generator[Event, None, None]) -> StreamingResponse:
    """Sends events as they come; an exception ends the stream with an `error` event.

    The iterator is closed when the client is gone, between two of its events.
    """
    return StreamingResponse(_encoded(events), media_type=STREAM, headers=HEADERS)


async def _encoded(events: Generator[Event, None, None]) -> AsyncIterator[bytes]:
    try:
        while (event := await run_in_threadpool(next, events, None)) is not None:
            yield event.encode()
    except Exception as error:
        problem = problem_of(error).problem.model_dump(mode="json", exclude_none=True)
        yield Event("error", problem).encode()
    finally:
        # At once and here: who is cancelled can't wait for a thread any more.
        events.close()
