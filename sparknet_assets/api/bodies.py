"""Bodies of requests: how large, how slow, how deep they may be."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from sparknet_assets.api.problems import ProblemError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_JSON = 2**20
DEEPEST_JSON = 64
_UPLOAD = re.compile(r"(POST .*/documents|PUT .*/documents/[^/]+/original)")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Patience:
    """How slow a body may come.

    Attributes:
        pause: Seconds between two parts.
        grace: Seconds from which on the rate counts.
        rate: Bytes a second, on average.
    """

    pause: float = 20.0
    grace: float = 30.0
    rate: float = 8192.0

    def check(self, size: int, seconds: float) -> None:
        """Raises ProblemError (408)."""
        if seconds > self.grace and size < self.rate * seconds:
            raise _slow()


class Bodies:
    """Takes in each JSON body whole, within the limits, before a route sees the request.

    Uploads pass: they are read a part at a time by `parts`.
    """

    def __init__(self, app: ASGIApp, patience: Patience) -> None:
        self._app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_upload(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = bytearray()
            check_length(Headers(scope=scope), LARGEST_JSON)
            async for part in parts(receive, LARGEST_JSON, self._patience):
                body += part
            _check_depth(bytes(body))
        except ProblemError as refusal:
            await refusal.response()(scope, receive, send)
            return
        except ClientDisconnect:
            return
        await self._app(scope, _replay(bytes(body), receive), send)


def is_upload(scope: Scope) -> bool:
    """Whether the body of a request is a document."""
    return _UPLOAD.fullmatch(f"{scope['method']} {scope['path']}") is not None


def check_length(headers: Headers, largest: int) -> None:
    """Refuses a body by the length that it announces. Raises ProblemError (413)."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > largest):
        raise too_large(largest)


async def parts(receive: Receive, largest: int, patience: Patience) -> AsyncIterator[bytes]:
    """The parts of a body as they come.

    Raises:
        ProblemError: It is larger than `largest` (413), or comes too slowly (408).
        ClientDisconnect: The sender is gone.
    """
    size, started = 0, time.monotonic()
    while True:
        try:
            message = await asyncio.wait_for(receive(), patience.pause)
        except TimeoutError:
            raise _slow() from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise too_large(largest)
        if part:
            yield part
        if not message.get("more_body", False):
            return
        patience.check(size, time.monotonic() - started)


def too_large(largest: int) -> ProblemError:
    """The body is larger than what is taken."""
    return ProblemError(
        413,
        f"The body is larger than the limit of {largest / 2**20:,.1f} MiB.",
        kind="too_large",
        headers={"Connection": "close"},
    )


def _slow() -> ProblemError:
    return ProblemError(408, "The body came too slowly.", headers={"Connection": "close"})


def _check_depth(body: bytes) -> None:
    """Before any parser goes down with it. Raises ProblemError (400)."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST_JSON:
            raise ProblemError(400, f"The JSON is nested deeper than {DEEPEST_JSON} levels.")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then what comes after it: that the client is gone."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
