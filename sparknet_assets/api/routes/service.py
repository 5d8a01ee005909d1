"""About the server itself: health, metrics, what a caller may do."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from resources.api_keys import Scope
from sparknet_assets import __version__
from sparknet_assets.api.context import ApiDep, CallerDep, requires
from sparknet_assets.api.health import Health, health_of

router = APIRouter(tags=["service"])
plain = APIRouter(tags=["service"])


class Features(BaseModel):
    """What this deployment can do.

    Attributes:
        llm: Model that words answers; None: answers are quoted.
        budget_usd: What one run may spend; None: no limit.
        dagster_url: Where Dagster's UI is, if anywhere.
        processing: Whether this server indexes what is uploaded.
    """

    llm: str | None
    budget_usd: float | None
    dagster_url: str | None
    processing: bool


class Me(BaseModel):
    """Who calls.

    Attributes:
        auth: Whether a key is needed here.
    """

    name: str
    scopes: list[Scope]
    auth: bool
    features: Features


@router.get("/me", operation_id="getMe")
def get_me(api: ApiDep, caller: CallerDep) -> Me:
    """What the caller may do, and what this deployment can."""
    settings = api.deployment.settings
    model = {"none": None, "bedrock": settings.bedrock_model}
    return Me(
        name=caller.name,
        scopes=sorted(caller.scopes),
        auth=bool(api.keys),
        features=Features(
            llm=model.get(settings.llm, settings.llm),
            budget_usd=settings.budget_usd,
            dagster_url=settings.dagster_url,
            processing=api.runner is not None,
        ),
    )


@plain.get("/health", operation_id="getHealth", responses={503: {"model": Health}})
def get_health(api: ApiDep, response: Response) -> Health:
    """Whether the server can do its work. Needs no key, and says nothing that a key protects."""
    found = health_of(api, __version__)
    response.status_code = 200 if found.status == "ok" else 503
    return found


@plain.get(
    "/metrics",
    operation_id="getMetrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    dependencies=[Depends(requires("read"))],
)
def get_metrics(api: ApiDep) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(api.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
