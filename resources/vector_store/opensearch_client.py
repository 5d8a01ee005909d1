"""Requests to OpenSearch: signed, retried with jitter, and errors in words."""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING, Any, Literal

from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients

_READ_SECONDS = 60
_CONNECTIONS = 16
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 20.0
_PASSING = frozenset({429, 500, 502, 503, 504})
# A shard that could not be asked: its answer would be a part, given as the whole.
_PARTIAL = 503


class HttpError(Exception):
    """An answer that is none: one attempt, not yet in words for people.

    Attributes:
        status: 0 when there was no answer at all.
        type: OpenSearch's name for the error.
        reason: As it says; may quote documents.
    """

    def __init__(self, status: int, type: str, reason: str = "") -> None:
        super().__init__(f"{status} {type}")
        self.status = status
        self.type = type
        self.reason = reason

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 0 or self.status in _PASSING


class Connection:
    """Speaks to one endpoint. Picklable; each process has connections of its own.

    Args:
        endpoint: URL of a domain or collection.
        service: As requests are signed for.
        aws: Where credentials and region come from; None to send requests unsigned.
        attempts: At a request that is throttled or finds nobody.
    """

    def __init__(
        self, endpoint: str, service: Literal["es", "aoss"], aws: AwsClients | None, attempts: int
    ) -> None:
        self.endpoint = endpoint
        self.attempts = attempts
        self._service = service
        self._aws = aws
        self._client: Any = None
        self._pid = 0

    def __reduce__(self) -> tuple[type[Connection], tuple[Any, ...]]:
        return Connection, (self.endpoint, self._service, self._aws, self.attempts)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        params: dict[str, str] | None = None,
    ) -> Any:
        """The answer to a request that may be sent twice.

        Raises:
            HttpError: 400, 404 or 409, for which the caller has a better word.
            SparknetError: Anything else that went wrong, through all attempts.
        """
        for attempt in range(self.attempts):
            try:
                return self.send(method, path, body, params)
            except HttpError as error:
                if error.status in (400, 404, 409):
                    raise
                if not error.passing or attempt + 1 == self.attempts:
                    raise self.typed(error, method, path) from error
            pause(attempt)
        raise AssertionError("unreachable")

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        params: dict[str, str] | None = None,
    ) -> Any:
        """One attempt. `body` is bytes of lines, or what is to become JSON.

        Raises:
            HttpError: The answer was an error, incomplete, or none.
            SparknetError: There are no credentials to sign with.
        """
        from opensearchpy import TransportError

        from resources.aws.errors import aws_errors

        lines = isinstance(body, bytes)
        headers = {"content-type": "application/x-ndjson" if lines else "application/json"}
        content = body if lines or body is None else json.dumps(body).encode()
        try:
            with aws_errors(self._permission(method), self.endpoint):
                answer = self._connected().transport.perform_request(
                    method, path, params=params or {}, body=content, headers=headers
                )
        except TransportError as error:
            raise _http_error(error) from error
        if isinstance(answer, dict) and answer.get("_shards", {}).get("failed"):
            raise HttpError(_PARTIAL, "shards_failed")
        if isinstance(answer, dict) and answer.get("timed_out"):
            raise HttpError(_PARTIAL, "timed_out")
        return answer

    def typed(self, error: HttpError, method: str, path: str) -> SparknetError:
        """The error in words, with what was not allowed and to whom it has to be."""
        where = f"{method} {path} at {self.endpoint}"
        if error.status in (401, 403):
            return SparknetError(FailureKind.REFUSED, self._denied(error, where))
        if error.status == 429:
            return SparknetError(
                FailureKind.THROTTLED,
                f"OpenSearch throttled {where} through all attempts: it is tried again later.",
            )
        if error.status == 0:
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"No OpenSearch answers at {self.endpoint} ({error.type}): check"
                " SPARKNET_OPENSEARCH_ENDPOINT and the network.",
            )
        if error.passing:
            return SparknetError(
                FailureKind.UNAVAILABLE,
                f"OpenSearch could not do {where} ({error.status} {error.type}): it is tried again"
                " later.",
            )
        return SparknetError(
            FailureKind.INTERNAL,
            f"OpenSearch refused {where}: {error.status} {error.type}.",
            retryable=False,
        )

    def _denied(self, error: HttpError, where: str) -> str:
        if self._aws is None:
            return f"OpenSearch refuses {where} ({error.type}): set SPARKNET_OPENSEARCH_SIGNED."
        permission = self._permission(where.split(" ", 1)[0])
        if self._service == "aoss":
            return (
                f"OpenSearch Serverless refuses {where} ({error.type}): allow {permission} on the"
                " collection to the role that SPARKNET runs as, and name that role in a data access"
                " policy of the collection."
            )
        return (
            f"OpenSearch refuses {where} ({error.type}): allow {permission} on the domain to the"
            " role that SPARKNET runs as, and where the domain has fine-grained access control, map"
            " that role to one of its own (security_exception)."
        )

    def _permission(self, method: str) -> str:
        return "aoss:APIAccessAll" if self._service == "aoss" else f"es:ESHttp{method.title()}"

    def _connected(self) -> Any:
        if self._client is None or self._pid != os.getpid():
            self._client, self._pid = self._made(), os.getpid()
        return self._client

    def _made(self) -> Any:
        from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

        signer = None
        if self._aws is not None:
            signer = Urllib3AWSV4SignerAuth(*self._aws.signing(), self._service)
        return OpenSearch(
            hosts=[self.endpoint],
            http_auth=signer,
            connection_class=Urllib3HttpConnection,
            max_retries=0,  # retried here, where it is known what may be sent twice
            timeout=_READ_SECONDS,
            pool_maxsize=_CONNECTIONS,
        )


def pause(attempt: int) -> None:
    """Waits before the next attempt: https://aws.amazon.com/builders-library (full jitter)."""
    time.sleep(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))


def _http_error(error: Any) -> HttpError:
    status = error.status_code if isinstance(error.status_code, int) else 0
    if not status:
        return HttpError(0, type(error).__name__)
    info = error.info if isinstance(error.info, dict) else {}
    said = info.get("error")
    if isinstance(said, dict):
        return HttpError(status, str(said.get("type", "")), str(said.get("reason", "")))
    return HttpError(status, "no error type")
