"""Answers that a client has already, or wants a part of (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from sparknet_assets.api.problems import ProblemError

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Span(NamedTuple):
    """A part of what there is: the bytes from `start` to before `end`, of `size`."""

    start: int
    end: int
    size: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes {self.start}-{self.end - 1}/{self.size}"}


def is_known(headers: Headers, tag: str) -> bool:
    """Whether the client has what this ETag stands for, so that 304 answers it."""
    given = headers.get("if-none-match", "")
    tags = [each.strip().removeprefix("W/") for each in given.split(",")]
    return tag.removeprefix("W/") in tags or given.strip() == "*"


def span_of(request: Request, size: int, tag: str) -> Span | None:
    """The part that is asked for; None for all of it.

    Several parts at once, and units other than bytes, are answered with all of it, as is a part of
    another version (`If-Range`).

    Raises:
        ProblemError: The part begins behind the end (416).
    """
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or asked[0] == "bytes=-" or is_head(request):
        return None
    if request.headers.get("if-range", tag) != tag:
        return None
    first, last = asked[1], asked[2]
    if first:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None
    else:
        start, end = max(0, size - int(last)), size
    if start >= end:
        raise ProblemError(
            416,
            f"There are {size:,} bytes, none in the range that was asked for.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return Span(start, end, size)


def is_head(request: Request) -> bool:
    """Whether only the headers are wanted; see `heads`."""
    return bool(request.scope.get("state", {}).get("head", False))


def answer(
    request: Request, data: bytes, tag: str, media_type: str, headers: dict[str, str]
) -> Response:
    """Bytes, or the part of them that is asked for."""
    given = {**headers, "ETag": tag, "Accept-Ranges": "bytes"}
    span = span_of(request, len(data), tag)
    if span is None:
        return Response(data, 200, given, media_type)
    return Response(data[span.start : span.end], 206, {**given, **span.headers}, media_type)
