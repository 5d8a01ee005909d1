"""What Prometheus scrapes: requests by route, documents by status, money."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from resources.deployment import Deployment
    from sparknet_assets.api.runner import Runner

PREFIX = "/api/v1"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one app, in a registry of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sparknet_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "sparknet_http_request_seconds",
            "Seconds until the answer was sent.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.uploaded = Counter(
            "sparknet_uploaded_bytes", "Bytes of originals taken in.", registry=self.registry
        )
        self.answer_cost = Counter(
            "sparknet_answer_cost_usd",
            "US dollars paid to a language model for answers.",
            registry=self.registry,
        )
        self.runs: Runner | None = None
        self.registry.register(_FromCatalog(deployment, self))

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _FromCatalog(Collector):
    """Read when scraped, so that documents of any door are counted."""

    def __init__(self, deployment: Deployment, metrics: Metrics) -> None:
        self._deployment = deployment
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        documents = GaugeMetricFamily(
            "sparknet_documents", "Documents by status.", labels=("status",)
        )
        for status, count in sorted(self._deployment.catalog.totals().items()):
            documents.add_metric((status,), count)
        yield documents
        if self._metrics.runs is not None:
            runs = GaugeMetricFamily("sparknet_runs", "Runs of this server.", labels=("state",))
            for state, count in sorted(self._metrics.runs.counts().items()):
                runs.add_metric((state,), count)
            yield runs

    def describe(self) -> Iterator[Metric]:
        # Without it, registering would read the catalog.
        yield GaugeMetricFamily("sparknet_documents", "Documents by status.", labels=("status",))


class Measured:
    """Counts and times each request under the template of its route, never its own path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = _template(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)


def _template(scope: Scope) -> str:
    """The route's path with its parameters unfilled. A router knows its part without the prefix."""
    route = getattr(scope.get("route"), "path", "none")
    prefixed = scope["path"].startswith(PREFIX) and not route.startswith((PREFIX, "none"))
    return f"{PREFIX}{route}" if prefixed else str(route)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
