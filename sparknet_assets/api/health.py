"""Whether the parts that a request needs answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from resources.failure import SparknetError

if TYPE_CHECKING:
    from sparknet_assets.api.context import Api

log = logging.getLogger(__name__)


class Part(BaseModel):
    """One part of the deployment."""

    ok: bool
    detail: str


class Health(BaseModel):
    """The state of the server; `degraded` when any part does not answer."""

    status: Literal["ok", "degraded"]
    version: str
    deployment: str
    checks: dict[str, Part]


def health_of(api: Api, version: str) -> Health:
    """Asks each part for something small."""
    deployment = api.deployment
    parts: dict[str, Callable[[], str]] = {
        "catalog": lambda: f"{sum(deployment.catalog.totals().values())} documents",
        "storage": lambda: _there(deployment.storage.stat("raw/.health") is None),
        "index": lambda: deployment.live.name if deployment.live else "nothing indexed yet",
    }
    if api.runner is not None:
        parts["processing"] = api.runner.health
    checks = {name: _asked(name, part) for name, part in parts.items()}
    ok = all(check.ok for check in checks.values())
    return Health(
        status="ok" if ok else "degraded",
        version=version,
        deployment=deployment.settings.deployment,
        checks=checks,
    )


def _there(absent: bool) -> str:
    return "answers" if absent else "answers, and holds raw/.health"


def _asked(name: str, part: Callable[[], str]) -> Part:
    try:
        return Part(ok=True, detail=part())
    except Exception as error:
        log.warning("health: %s does not answer: %s", name, type(error).__name__)
        kind = error.kind.value if isinstance(error, SparknetError) else "internal"
        return Part(ok=False, detail=f"does not answer ({kind})")
