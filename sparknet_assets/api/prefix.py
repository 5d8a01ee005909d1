"""A path prefix under which a proxy shows the server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_OWN = ("/api/v1", "/assets", "/health", "/metrics", "/openapi.json")


def checked_prefix(prefix: str) -> str:
    """The prefix without a slash at its end; empty for none.

    Raises:
        SparknetError: It is no path, or one of the server's own.
    """
    bare = prefix.rstrip("/")
    segments = bare.split("/")
    if not bare:
        return ""
    if not _PREFIX.fullmatch(bare) or "." in segments or ".." in segments:
        raise SparknetError(
            FailureKind.REFUSED, f"{prefix!r} is no path prefix: give one like /documents."
        )
    if any(own == bare or own.startswith(f"{bare}/") for own in _OWN):
        raise SparknetError(
            FailureKind.REFUSED, f"{bare} is an address of the server's own: give another prefix."
        )
    return bare


class Prefix:
    """Takes the prefix off, for a proxy that leaves it on; requests without it pass as they are.

    The page needs its slash at the end: its addresses are relative.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not self._prefix:
            await self._app(scope, receive, send)
        elif path == self._prefix:
            location = f"{self._prefix.rpartition('/')[2]}/"
            await Response(status_code=308, headers={"Location": location})(scope, receive, send)
        elif path.startswith(f"{self._prefix}/"):
            scope["path"] = path[len(self._prefix) :]
            raw = scope.get("raw_path")
            if raw and raw.startswith(f"{self._prefix}/".encode()):
                scope["raw_path"] = raw[len(self._prefix) :]
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)
