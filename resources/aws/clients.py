"""boto3 clients as all adapters use them: adaptive retries, bounded waits, one session a process.

Credentials, region, profiles and endpoints come by boto3's own chain (`AWS_*` variables, shared
config files, the role of a task or an instance), so what is documented there holds here.
"""

from __future__ import annotations

import threading
from typing import Any

from resources.failure import FailureKind, SparknetError

CONNECT_SECONDS = 10
READ_SECONDS = 70
CONNECTIONS = 32


class AwsClients:
    """Makes a client for a service at its first use. Clients are shared between threads."""

    def __init__(self, region: str | None = None, attempts: int = 8) -> None:
        self._region = region
        self._attempts = attempts
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The client for a service, named as boto3 names it.

        Raises:
            SparknetError: No region is known, or boto3 is not installed.
        """
        with self._lock:  # sessions are not safe across threads, the clients they make are
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def __reduce__(self) -> tuple[type[AwsClients], tuple[str | None, int]]:
        return AwsClients, (self._region, self._attempts)

    def signing(self) -> tuple[Any, str]:
        """Credentials, renewed when they expire, and region, for requests that we sign ourselves.

        Raises:
            SparknetError: There are no credentials, or no region is known.
        """
        try:
            import boto3
        except ImportError:
            raise _no_boto3() from None
        with self._lock:
            session = boto3.session.Session(region_name=self._region)
            credentials, region = session.get_credentials(), session.region_name
        if region is None:
            raise _no_region("OpenSearch")
        if credentials is None:
            raise SparknetError(
                FailureKind.REFUSED,
                "No AWS credentials were found to sign with: set AWS_PROFILE, or run with a role.",
            )
        return credentials, region

    def _made(self, service: str) -> Any:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import NoRegionError
        except ImportError:
            raise _no_boto3() from None
        # Adaptive mode slows a client down once a service throttles it, and retries with jitter:
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": self._attempts},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=CONNECTIONS,
            user_agent_extra="sparknet-assets",
        )
        try:
            return boto3.session.Session(region_name=self._region).client(service, config=config)
        except NoRegionError:
            raise _no_region(service) from None


def _no_boto3() -> SparknetError:
    return SparknetError(
        FailureKind.UNAVAILABLE,
        "The adapters on AWS need boto3: pip install 'sparknet-assets[aws]'.",
        retryable=False,
    )


def _no_region(service: str) -> SparknetError:
    return SparknetError(
        FailureKind.REFUSED,
        f"No AWS region is set, so {service} can't be reached: set AWS_REGION or"
        " SPARKNET_AWS_REGION.",
    )
