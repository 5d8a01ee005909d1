"""The web page: files of the package, as they are."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request, Response

from sparknet_assets.api.armour import PAGE
from sparknet_assets.api.partial import is_known
from sparknet_assets.api.problems import ProblemError

router = APIRouter(include_in_schema=False)
# Not the machine's own table, which may call JavaScript something that browsers refuse.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}


@router.get("/")
def page(request: Request) -> Response:
    """The page itself."""
    return _file("index.html", request)


@router.get("/assets/{path:path}")
def asset(path: str, request: Request) -> Response:
    """What the page loads."""
    return _file(path, request)


def _file(path: str, request: Request) -> Response:
    found = _found(path)
    if found is None:
        raise ProblemError(404, "There is nothing at this address.")
    data = found.read_bytes()
    # Weak, since it stands for the compressed bytes too.
    tag = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": PAGE,
    }
    if is_known(request.headers, tag):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, _TYPES[found.suffix])


@cache
def _all() -> dict[str, Path]:
    """Path below the page's folder -> file, for all that may be given out."""
    folder = Path(str(files("sparknet_assets"))) / "web"
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.suffix in _TYPES and path.is_file()
    }


def _found(path: str) -> Path | None:
    """The file of a path. Looked up in a list, so no path can lead anywhere else."""
    return _all().get(path)
