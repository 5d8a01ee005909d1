"""The application: routes, layers and errors put together around a deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi

from sparknet_assets import __version__
from sparknet_assets.api import problems, static
from sparknet_assets.api.armour import Armour
from sparknet_assets.api.bodies import Bodies, Patience
from sparknet_assets.api.context import Api
from sparknet_assets.api.guard import Guard
from sparknet_assets.api.keys import KeyRing
from sparknet_assets.api.metrics import PREFIX, Measured, Metrics
from sparknet_assets.api.rates import Rates
from sparknet_assets.api.routes import (
    ask,
    changes,
    documents,
    fields,
    overview,
    pages,
    runs,
    search,
    service,
    uploads,
)
from sparknet_assets.api.runner import Runner

if TYPE_CHECKING:
    from resources.deployment import Deployment

_ROUTERS = (service, documents, uploads, changes, pages, fields, search, ask, runs, overview)


def create_app(
    deployment: Deployment,
    *,
    loopback: bool = True,
    processing: bool = False,
    runner: Runner | None = None,
    patience: Patience | None = None,
) -> FastAPI:
    """The API over a deployment; opens and starts nothing before the first request.

    Args:
        loopback: Whether it is served on loopback only: requests for other hosts are refused then,
            and no key is needed unless the settings have some.
        processing: Whether it indexes what is uploaded, in child processes: not where the process
            is stopped between requests, as on Lambda.
        runner: In place of its own, for `processing`.
        patience: How slow bodies may come.

    Raises:
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
        responses=problems.documented(),
        lifespan=lifespan,
    )
    app.state.api = api
    problems.install(app)
    for module in _ROUTERS:
        app.include_router(module.router, prefix=PREFIX)
    app.include_router(service.plain)
    app.include_router(static.router)
    app.openapi = lambda: _contract(app)  # type: ignore[method-assign]
    # The last one added is the outermost.
    shared = (lambda: deployment.cache) if settings.api_shared_limits else None
    rates = Rates(settings.api_per_second, settings.api_burst, shared)
    app.add_middleware(Bodies, patience=patience)
    app.add_middleware(Guard, keys=keys, rates=rates, loopback=loopback)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Armour)
    return app


def _contract(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: errors are problems, and keys come in one of two headers."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = problems.Problem.model_json_schema()
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    schema["security"] = [{}, {"bearer": []}, {"header": []}]
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    app.openapi_schema = schema
    return schema
