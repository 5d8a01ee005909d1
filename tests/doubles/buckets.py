"""Buckets of the tests, on whichever server the environment points to."""

from __future__ import annotations

import os
import uuid
from functools import cache

from resources.aws.clients import AwsClients
from resources.storage.s3 import S3StorageAdapter


def bucket_of(storage: S3StorageAdapter) -> str:
    """The name of the bucket behind a storage."""
    return storage._bucket.name


def new_bucket(
    *, versioned: bool = False, kms_key: str = "", clients: AwsClients | None = None
) -> S3StorageAdapter:
    """A storage over an empty bucket of its own."""
    clients = clients or _clients(os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ACCESS_KEY_ID"])
    name = f"sparknet-{uuid.uuid4().hex}"
    client = clients.client("s3")
    client.create_bucket(Bucket=name)
    if versioned:
        set_versioning(clients, name, "Enabled")
    return S3StorageAdapter(name, clients, kms_key)


@cache
def _clients(endpoint: str, access_key: str) -> AwsClients:
    """Of all buckets on a server; what is made of the environment is made once."""
    return AwsClients()


def set_versioning(clients: AwsClients, bucket: str, status: str) -> None:
    """`Enabled` or `Suspended`."""
    clients.client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": status}
    )
