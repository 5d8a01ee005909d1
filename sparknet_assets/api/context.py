"""What the routes work with, and the dependencies that hand it to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from resources.api_keys import Scope
from sparknet_assets.api.keys import NOBODY, Caller, KeyRing
from sparknet_assets.api.problems import ProblemError, no_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from resources.catalog import DocumentRecord
    from resources.deployment import Deployment
    from sparknet_assets.api.metrics import Metrics
    from sparknet_assets.api.runner import Runner


@dataclass
class Api:
    """One app: its deployment, and what lives as long as it.

    Attributes:
        runner: Starts batches in child processes; None where others do the processing.
    """

    deployment: Deployment
    keys: KeyRing
    metrics: Metrics
    runner: Runner | None = None
    closing: bool = field(default=False)

    def document(self, doc_id: str) -> DocumentRecord:
        """The document's row, deleted ones included. Raises ProblemError (404)."""
        try:
            doc_id.encode()
        except UnicodeEncodeError:
            raise no_document(doc_id.encode("utf-8", "replace").decode()) from None
        record = self.deployment.catalog.get(doc_id)
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


def requires(scope: Scope) -> Callable[[Request], None]:
    """A dependency that refuses callers without a scope."""

    def check(request: Request) -> None:
        if scope not in caller_of(request).scopes:
            raise ProblemError(403, f"This key may not do that: it needs the scope {scope}.")

    return check


ApiDep = Annotated[Api, Depends(_api)]
CallerDep = Annotated[Caller, Depends(caller_of)]
