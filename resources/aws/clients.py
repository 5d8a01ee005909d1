"""boto3 clients as all adapters use them: adaptive retries, bounded waits, one session a process.

Credentials, region, profiles and endpoints come by boto3's own chain (`AWS_*` variables, shared
config files, the role of a task or an instance), so what is documented there holds here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from resources.failure import FailureKind, SparknetError

CONNECT_SECONDS = 10
READ_SECONDS = 70
CONNECTIONS = 32


class AwsClients:
    """Makes a client for a service at its first use. Clients are shared between threads.

    Pickles as its settings: another process makes its own.
    """

    def __init__(self, region: str | None = None, attempts: int = 8) -> None:
        self._region = region
        self._attempts = attempts
        self._clients: dict[tuple[int, str, int], Any] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[..., AwsClients], tuple[str | None, int]]:
        return AwsClients, (self._region, self._attempts)

    def client(self, service: str, read_seconds: int = READ_SECONDS) -> Any:
        """The client for a service, named as boto3 names it.

        Args:
            read_seconds: Longest silence of the service before a call is given up.

        Raises:
            SparknetError: No region is known, or boto3 is not installed.
        """
        with self._lock:  # sessions are not safe across threads, the clients they make are
            # A forked process has the connections of its parent, which are not for two to use.
            key = (os.getpid(), service, read_seconds)
            if key not in self._clients:
                self._clients[key] = self._made(service, read_seconds)
            return self._clients[key]

    def signing(self) -> tuple[Any, str]:
        """Credentials, renewed when they expire, and region, for requests that we sign ourselves.

        Raises:
            SparknetError: There are no credentials, or no region is known.
        """
        with self._lock:
            session = self._session()
            credentials, region = session.get_credentials(), session.region_name
        if region is None:
            raise _no_region("OpenSearch")
        if credentials is None:
            raise SparknetError(
                FailureKind.REFUSED,
                "No AWS credentials were found to sign with: set AWS_PROFILE, or run with a role.",
            )
        return credentials, region

    def _session(self) -> Any:
        try:
            import boto3
        except ImportError:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                "The adapters on AWS need boto3: pip install 'sparknet-assets[aws]'.",
                retryable=False,
            ) from None
        # boto3 itself reads AWS_DEFAULT_REGION alone; Lambda and ECS set AWS_REGION.
        return boto3.session.Session(region_name=self._region or os.environ.get("AWS_REGION"))

    def _made(self, service: str, read_seconds: int) -> Any:
        session = self._session()
        from botocore.config import Config
        from botocore.exceptions import NoRegionError

        # Adaptive mode slows a client down once a service throttles it, and retries with jitter:
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": self._attempts},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            max_pool_connections=CONNECTIONS,
            user_agent_extra="sparknet-assets",
            # boto3 would presign by version 2 in old regions, which objects under KMS refuse.
            signature_version="s3v4" if service == "s3" else None,
        )
        try:
            return session.client(service, config=config)
        except NoRegionError:
            raise _no_region(service) from None


def _no_region(service: str) -> SparknetError:
    return SparknetError(
        FailureKind.REFUSED,
        f"No AWS region is set, so {service} can't be reached: set AWS_REGION or"
        " SPARKNET_AWS_REGION.",
    )
