"""Who follows what happens: one reader of the catalog for any number of streams."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from sparknet_assets.api.changes_seen import ChangesSeen
from sparknet_assets.api.event_stream import Event
from sparknet_assets.api.rows import rows

if TYPE_CHECKING:
    from sparknet_assets.api.context import Api

_TICK_SECONDS = 0.5
# Reading the catalog takes at most a tenth of the time.
_LEAST_SECONDS, _SHARE = 1.0, 10.0
_KEEP_ALIVE_SECONDS = 15.0
_QUEUED = 1000
_FOLLOWERS = 50


class Watch:
    """Looks for changes as long as someone follows; without followers it does nothing."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._followers: set[asyncio.Queue[Event]] = set()
        self._task: asyncio.Task[None] | None = None
        self._changes: dict[str, int] = {}

    @property
    def full(self) -> bool:
        """Whether there are as many followers as there may be."""
        return len(self._followers) >= _FOLLOWERS

    async def follow(self) -> AsyncIterator[bytes]:
        """Changes as server-sent events, from now on, until the server ends."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUED)
        self._followers.add(queue)
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        quiet = time.monotonic()
        try:
            yield b": following\n\n"
            while not self._api.closing:
                try:
                    event = await asyncio.wait_for(queue.get(), _TICK_SECONDS)
                except TimeoutError:
                    if time.monotonic() - quiet > _KEEP_ALIVE_SECONDS:
                        yield b": still here\n\n"
                        quiet = time.monotonic()
                    continue
                yield event.encode()
                quiet = time.monotonic()
        finally:
            self._followers.discard(queue)
            if not self._followers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look(self) -> None:
        # What there is when the first one comes is no change.
        catalog = self._api.deployment.catalog
        seen = await run_in_threadpool(ChangesSeen, catalog, from_now=True)
        next_read = time.monotonic() + _LEAST_SECONDS
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._progress()
            if time.monotonic() < next_read:
                continue
            started = time.monotonic()
            # The catalog may not answer for a while: those who follow need not know.
            with contextlib.suppress(Exception):
                for event in await run_in_threadpool(self._changed, seen):
                    self._tell(event)
            took = time.monotonic() - started
            next_read = time.monotonic() + max(_LEAST_SECONDS, _SHARE * took)

    def _progress(self) -> None:
        for run in self._api.runner.runs() if self._api.runner else ():
            if self._changes.get(run.id) != run.changes:
                self._changes[run.id] = run.changes
                self._tell(Event("progress", run.view().model_dump(mode="json")))

    def _tell(self, event: Event) -> None:
        for queue in self._followers:
            # Who reads too slowly misses some: the page asks anew now and then.
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(event)

    def _changed(self, seen: ChangesSeen) -> list[Event]:
        deployment = self._api.deployment
        there = sorted(seen.look(), key=lambda record: record.doc_id)[:_QUEUED]
        return [Event("document", each.model_dump(mode="json")) for each in rows(deployment, there)]
