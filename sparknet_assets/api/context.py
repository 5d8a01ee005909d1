"""What the routes work with, and the dependencies that hand it to them."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from resources.api_keys import Scope
from sparknet_assets.api.costs_seen import CostsSeen
from sparknet_assets.api.elsewhere import RunsElsewhere
from sparknet_assets.api.keys import NOBODY, Caller, KeyRing
from sparknet_assets.api.plans_made import PlansMade
from sparknet_assets.api.problems import ProblemError, no_document
from sparknet_assets.api.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from resources.catalog import DocumentRecord
    from resources.deployment import Deployment
    from sparknet_assets.api.bodies import Patience
    from sparknet_assets.api.metrics import Metrics
    from sparknet_assets.api.runner import Runner

UPLOADS_AT_ONCE = 16


@dataclass
class Api:
    """One app: its deployment, and what lives as long as it.

    Attributes:
        runner: Starts batches in child processes; None where others do the processing.
        watch: Follows the catalog for the streams of events.
        elsewhere: Runs of other doors.
        costs: What was paid for documents.
        plans: What would be done.
        uploads: Admits so many at once: each may be as large as a document may be.
        removing: One removal at a time: Dagster's instance is opened through the environment.
        closing: Set when the server is about to end; streams end by it.
    """

    deployment: Deployment
    keys: KeyRing
    metrics: Metrics
    patience: Patience
    runner: Runner | None = None
    watch: Watch = field(init=False)
    elsewhere: RunsElsewhere = field(init=False)
    costs: CostsSeen = field(init=False)
    plans: PlansMade = field(init=False)
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))
    removing: threading.Lock = field(default_factory=threading.Lock)
    closing: bool = False

    def __post_init__(self) -> None:
        self.watch = Watch(self)
        self.elsewhere = RunsElsewhere(self.deployment)
        self.costs = CostsSeen(self.deployment)
        self.plans = PlansMade(self.deployment)

    def document(self, doc_id: str) -> DocumentRecord:
        """The document's row, deleted ones included. Raises ProblemError (404)."""
        record = self.deployment.catalog.get(doc_id) if is_unicode(doc_id) else None
        if record is None:
            raise no_document(doc_id)
        return record

    def there(self, doc_id: str) -> DocumentRecord:
        """The row of a document that is not deleted. Raises ProblemError (404)."""
        record = self.document(doc_id)
        if record.status == "deleted":
            raise ProblemError(404, f"The document {doc_id} was deleted.", doc_id=doc_id)
        return record


def _api(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


def caller_of(request: Request) -> Caller:
    """Who sent the request, as the guard found out."""
    caller: Caller = request.scope.get("state", {}).get("caller", NOBODY)
    return caller


def is_unicode(text: str) -> bool:
    """Whether a store can take the text: JSON can spell halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def requires(scope: Scope) -> Callable[[Request], None]:
    """A dependency that refuses callers without a scope."""

    def check(request: Request) -> None:
        if scope not in caller_of(request).scopes:
            raise ProblemError(403, f"This key may not do that: it needs the scope {scope}.")

    return check


ApiDep = Annotated[Api, Depends(_api)]
CallerDep = Annotated[Caller, Depends(caller_of)]
