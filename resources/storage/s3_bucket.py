"""A bucket as the modules of the S3 adapter share it: its client, its errors, how it encrypts."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resources.aws.errors import DENIED, aws_errors, error_code

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients

log = logging.getLogger(__name__)

_ABSENT = frozenset({"404", "NoSuchKey"})
# HEAD has no body to tell these apart with: a region, a token, a clock.
_MUTE = frozenset({"301", "400"})


@dataclass(frozen=True)
class Bucket:
    """A bucket and who asks it.

    Attributes:
        kms_key: Encrypts what is written; empty for S3's own key.
    """

    name: str
    clients: AwsClients
    kms_key: str = ""

    @property
    def client(self) -> Any:
        return self.clients.client("s3")

    def errors(self, action: str, key: str = "") -> AbstractContextManager[None]:
        """Turns what boto3 raises inside into a SparknetError."""
        return aws_errors(action, self.address(key))

    def address(self, key: str = "") -> str:
        """Names an object, or the bucket, in messages."""
        return f"s3://{self.name}/{key}" if key else f"s3://{self.name}"

    @property
    def encryption(self) -> dict[str, Any]:
        """Parameters of a write; a bucket key saves one call to KMS for each object."""
        if self.kms_key:
            return {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": self.kms_key,
                "BucketKeyEnabled": True,
            }
        return {"ServerSideEncryption": "AES256"}

    def head(self, key: str) -> dict[str, Any] | None:
        """What S3 says of an object; None when it is not there, or the bucket isn't."""
        with self.errors("s3:GetObject", key):
            try:
                found: dict[str, Any] = self.client.head_object(Bucket=self.name, Key=key)
            except Exception as error:
                code = error_code(error)
                if code in _ABSENT:
                    return None
                if code in _MUTE:
                    self.client.list_objects_v2(Bucket=self.name, MaxKeys=1)
                raise
            return found

    def tags(self, key: str) -> dict[str, str]:
        """The tags of an object; none where we may not read them."""
        with self.errors("s3:GetObjectTagging", key):
            try:
                said = self.client.get_object_tagging(Bucket=self.name, Key=key)
            except Exception as error:
                code = error_code(error)
                if code in DENIED:
                    log.warning("tags of %s can't be read: allow s3:GetObjectTagging", key)
                    return {}
                if code in _ABSENT:
                    return {}
                raise
            return {tag["Key"]: tag["Value"] for tag in said.get("TagSet", ())}


def etag_of(said: dict[str, Any]) -> str:
    """The ETag in an answer, without its quotes."""
    return str(said["ETag"]).strip('"')


def is_absent(error: Exception) -> bool:
    """True of the error for an object that is not there."""
    return error_code(error) in _ABSENT
