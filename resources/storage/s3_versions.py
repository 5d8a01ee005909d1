"""What S3 keeps beside the current objects: versions, delete markers, unfinished uploads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from resources.storage.s3_bucket import Bucket

_GONE = frozenset({"NoSuchUpload", "404"})


@dataclass(frozen=True, slots=True)
class _Version:
    key: str
    version_id: str
    current: bool
    marker: bool
    size: int


def delete_versions(bucket: Bucket, key: str) -> bool:
    """Removes every version and delete marker of one key; True if there was an object.

    The current one goes last, so that no earlier one shows up in between and a broken-off removal
    is begun again.
    """
    found = list(_of_key(bucket, key))
    for version in sorted(found, key=lambda version: version.current):
        _delete(bucket, version)
    return any(version.current and not version.marker for version in found)


def purge(bucket: Bucket, prefix: str) -> int:
    """Removes all below a prefix that a listing does not show; returns how many there were."""
    hidden = [
        version
        for version in _versions(bucket, prefix)
        if not version.current or version.marker or _is_folder(version)
    ]
    # Markers last: without its marker, an earlier version would be the object again.
    for version in sorted(hidden, key=lambda version: version.marker):
        _delete(bucket, version)
    return len(hidden)


def abort_uploads(bucket: Bucket, prefix: str) -> int:
    """Aborts the unfinished multipart uploads below a prefix; returns how many there were."""
    uploads = list(_uploads(bucket, prefix))
    for key, upload_id in uploads:
        with bucket.errors("s3:AbortMultipartUpload", key):
            try:
                bucket.client.abort_multipart_upload(
                    Bucket=bucket.name, Key=key, UploadId=upload_id
                )
            except bucket.client.exceptions.NoSuchUpload:
                continue  # finished or aborted since
    return len(uploads)


def _of_key(bucket: Bucket, key: str) -> Iterator[_Version]:
    for version in _versions(bucket, key):
        if version.key != key:
            return  # keys come in order, and the prefix itself is the first
        yield version


def _versions(bucket: Bucket, prefix: str) -> Iterator[_Version]:
    """Versions and markers in the order of their keys; without versioning, the objects."""
    at: dict[str, str] = {}
    while True:
        with bucket.errors("s3:ListBucketVersions"):
            page = bucket.client.list_object_versions(Bucket=bucket.name, Prefix=prefix, **at)
        found = [_version(said, marker=False) for said in page.get("Versions", ())]
        found += [_version(said, marker=True) for said in page.get("DeleteMarkers", ())]
        yield from sorted(found, key=lambda version: version.key)
        if not page.get("IsTruncated"):
            return
        at = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _version(said: dict[str, Any], *, marker: bool) -> _Version:
    return _Version(
        said["Key"], said["VersionId"], bool(said["IsLatest"]), marker, said.get("Size", 0)
    )


def _is_folder(version: _Version) -> bool:
    return version.key.endswith("/") and version.size == 0


def _delete(bucket: Bucket, version: _Version) -> None:
    # One by one: the XML of a request for many can't carry every character that a key may have.
    with bucket.errors("s3:DeleteObjectVersion", version.key):
        bucket.client.delete_object(
            Bucket=bucket.name, Key=version.key, VersionId=version.version_id
        )


def _uploads(bucket: Bucket, prefix: str) -> Iterator[tuple[str, str]]:
    at: dict[str, str] = {}
    while True:
        with bucket.errors("s3:ListBucketMultipartUploads"):
            page = bucket.client.list_multipart_uploads(
                Bucket=bucket.name, Prefix=prefix, EncodingType="url", **at
            )
        coded = page.get("EncodingType") == "url"  # boto3 decodes the keys of other listings only
        for said in page.get("Uploads", ()):
            key = unquote(said["Key"]) if coded else said["Key"]
            if key.startswith(prefix):
                yield key, said["UploadId"]
        if not page.get("IsTruncated"):
            return
        marker = page["NextKeyMarker"]
        at = {
            "KeyMarker": unquote(marker) if coded else marker,
            "UploadIdMarker": page["NextUploadIdMarker"],
        }
