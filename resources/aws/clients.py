"""boto3 clients as all adapters use them: retries, bounded waits, one session a process.

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
# Modes of retrying: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
# Both wait longer each time, with jitter. Adaptive mode holds all calls of a client to a rate, too,
# which falls by a third with each throttled call: right where a quota of calls a second throttles
# (200 calls from 8 threads to a service that takes 5 a second: 200 answered, 5.0/s; in standard
# mode 156 to 179 answered, 3.7/s), and ruinous where the rate is not the reason, as for one hot
# partition of many (300 calls from 16 threads, 30 % of them throttled: 1.2/s; standard 13 to 30/s).
_BY_QUOTA = frozenset({"textract", "bedrock-runtime"})


class AwsClients:
    """Makes a client for a service at its first use. Clients are shared between threads.

    Pickles as its settings: another process makes its own.
    """

    def __init__(self, region: str | None = None, attempts: int = 8) -> None:
        self._region = region
        self._attempts = attempts
        self._clients: dict[tuple[int, str, int, int], Any] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[..., AwsClients], tuple[str | None, int]]:
        return AwsClients, (self._region, self._attempts)

    def client(
        self, service: str, read_seconds: int = READ_SECONDS, attempts: int | None = None
    ) -> Any:
        """The client for a service, named as boto3 names it.

        Args:
            read_seconds: Longest silence of the service before a call is given up.
            attempts: At a call, where not so many as at all others; 1 for who retries himself.

        Raises:
            SparknetError: No region is known, or boto3 is not installed.
        """
        with self._lock:  # sessions are not safe across threads, the clients they make are
            # A forked process has the connections of its parent, which are not for two to use.
            key = (os.getpid(), service, read_seconds, attempts or self._attempts)
            if key not in self._clients:
                self._clients[key] = self._made(*key[1:])
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

    def _made(self, service: str, read_seconds: int, attempts: int) -> Any:
        session = self._session()
        from botocore.config import Config
        from botocore.exceptions import NoRegionError

        config = Config(
            retries={"mode": retry_mode(service), "total_max_attempts": attempts},
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


def retry_mode(service: str) -> str:
    """How calls to a service are retried: `adaptive` or `standard`."""
    return "adaptive" if service in _BY_QUOTA else "standard"


def _no_region(service: str) -> SparknetError:
    return SparknetError(
        FailureKind.REFUSED,
        f"No AWS region is set, so {service} can't be reached: set AWS_REGION or"
        " SPARKNET_AWS_REGION.",
    )
