"""Server-sent events from an iterator that works in a thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from sparknet_assets.api.problems import ProblemError, problem_of

STREAM = "text/event-stream"
# An event as OpenAPI describes it.
SCHEMA = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
_TICK_SECONDS = 0.5
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Event(NamedTuple):
    """An event: its name, and a JSON value."""

    name: str
    data: Any

    def encode(self) -> bytes:
        """As it is sent. JSON has no raw line ends, so one `data` line holds it."""
        return f"event: {self.name}\ndata: {json.dumps(self.data)}\n\n".encode()


def streamed(
    events: Generator[Event, None, None], closing: Callable[[], bool]
) -> StreamingResponse:
    """Sends events as they come; an exception ends the stream with an `error` event.

    So does the end of the server. The iterator is closed when the client is gone, once the event
    that it is at is there.

    Args:
        closing: Whether the server is about to end.
    """
    return StreamingResponse(_encoded(events, closing), media_type=STREAM, headers=HEADERS)


async def _encoded(
    events: Generator[Event, None, None], closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    turns = _Turns(events)
    try:
        while True:
            coming = asyncio.ensure_future(run_in_threadpool(turns.next))
            # Nobody may be there any more to be told of an error.
            coming.add_done_callback(lambda done: done.cancelled() or done.exception())
            while not coming.done():
                await asyncio.wait({coming}, timeout=_TICK_SECONDS)
                if closing() and not coming.done():
                    raise ProblemError(503, "The server is about to end: ask again.")
            if (event := coming.result()) is None:
                return
            yield event.encode()
    except Exception as error:
        problem = problem_of(error).problem.model_dump(mode="json", exclude_none=True)
        yield Event("error", problem).encode()
    finally:
        turns.close()


class _Turns:
    """An iterator that threads take turns at, and that may be closed while one of them is at it."""

    def __init__(self, events: Generator[Event, None, None]) -> None:
        self._events = events
        self._turn = threading.Lock()
        self._is_left = False

    def next(self) -> Event | None:
        """The next event; None after the last one."""
        with self._turn:
            event = None if self._is_left else next(self._events, None)
        if self._is_left:
            self.close()
        return event

    def close(self) -> None:
        """Closes the iterator: here, since who is cancelled can't wait, or in the thread at it."""
        self._is_left = True
        if self._turn.acquire(blocking=False):
            try:
                self._events.close()
            finally:
                self._turn.release()
