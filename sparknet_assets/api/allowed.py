"""Which methods an address takes: what `Allow` of a 405 has to list (RFC 9110, 10.2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import compile_path

if TYPE_CHECKING:
    from fastapi import FastAPI

_ENDLESS = "/events"


def allowed(app: FastAPI, path: str, said: str) -> str:
    """All methods of a path, of which a router names those of the first route that fits.

    Args:
        path: Of the request, without a proxy's prefix.
        said: What the router named; it counts where the contract does not know the path.
    """
    methods = {name.strip() for name in said.split(",") if name.strip()}
    for template, operations in app.openapi()["paths"].items():
        if compile_path(template)[0].match(path):
            methods |= {name.upper() for name in operations}
    if "GET" in methods and not path.endswith(_ENDLESS):
        methods.add("HEAD")
    return ", ".join(sorted(methods))
