"""The application: routes, layers and errors put together around a deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware

from sparknet_assets import __version__
from sparknet_assets.api import problems, static
from sparknet_assets.api.armour import Armour
from sparknet_assets.api.bodies import Bodies, Patience
from sparknet_assets.api.context import Api
from sparknet_assets.api.contract import contract
from sparknet_assets.api.guard import Guard
from sparknet_assets.api.heads import Heads
from sparknet_assets.api.keys import KeyRing
from sparknet_assets.api.metrics import PREFIX, Measured, Metrics
from sparknet_assets.api.prefix import Prefix, checked_prefix
from sparknet_assets.api.rates import Rates
from sparknet_assets.api.routes import (
    ask,
    changes,
    costs,
    documents,
    fields,
    pages,
    plan,
    runs,
    search,
    service,
    uploads,
)
from sparknet_assets.api.runner import Runner

if TYPE_CHECKING:
    from resources.deployment import Deployment

# Shorter answers fit a packet as they are; the highest levels take ten times as long for 5 % less.
_SMALL, _QUICKLY = 1400, 4
# Compressed already, or sent piece by piece, or to be had in parts.
_DENSE = ("text/event-stream", "application/octet-stream", "image/png", "font/woff2")
_ROUTERS = (service, documents, uploads, changes, pages, fields, search, ask, runs, plan, costs)


def create_app(
    deployment: Deployment,
    *,
    loopback: bool = True,
    processing: bool = False,
    runner: Runner | None = None,
    patience: Patience | None = None,
    prefix: str = "",
) -> FastAPI:
    """The API over a deployment; opens and starts nothing before the first request.

    Args:
        loopback: Whether it is served on loopback only: requests for other hosts are refused then,
            and no key is needed unless the settings have some.
        processing: Whether it indexes what is uploaded, in child processes: not where the process
            is stopped between requests, as on Lambda.
        runner: In place of its own, for `processing`.
        patience: How slow bodies may come.
        prefix: Path under which a proxy shows it; requests come with it or without.

    Raises:
        SparknetError: The prefix can't be one.
        ValueError: Neither loopback nor keys: everybody could do everything.
    """
    settings = deployment.settings
    keys = KeyRing(settings.api_keys)
    if not keys and not loopback:
        raise ValueError("an API that others can reach needs keys: set SPARKNET_API_KEYS")
    metrics = Metrics(deployment)
    patience = patience or Patience()
    metrics.runs = (runner or Runner(deployment)) if processing else None
    api = Api(deployment, keys, metrics, patience, metrics.runs)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if api.runner is not None:
            api.runner.start()
        yield
        api.closing = True
        if api.runner is not None:
            await run_in_threadpool(api.runner.stop)

    app = FastAPI(
        title="SPARKNET Assets",
        version=__version__,
        summary="Documents in; passages, answers and fields with their places out.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would have to know the host as the client does
        responses=problems.documented(),
        lifespan=lifespan,
    )
    app.state.api = api
    problems.install(app)
    for module in _ROUTERS:
        app.include_router(module.router, prefix=PREFIX)
    app.include_router(service.plain)
    app.include_router(static.router)
    prefix = checked_prefix(prefix)
    app.openapi = lambda: contract(app, prefix)  # type: ignore[method-assign]
    # The last one added is the outermost.
    shared = (lambda: deployment.cache) if settings.api_shared_limits else None
    rates = Rates(settings.api_per_second, settings.api_burst, shared)
    app.add_middleware(Heads)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=_SMALL,
        compresslevel=_QUICKLY,
        exclude_content_types=_DENSE,
    )
    app.add_middleware(Bodies, patience=patience)
    app.add_middleware(Guard, keys=keys, rates=rates, loopback=loopback)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Armour)
    app.add_middleware(Prefix, prefix=prefix)
    return app
