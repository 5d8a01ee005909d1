"""Objects in one S3 bucket: encrypted, checked on their way, gone for good when deleted."""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from resources.failure import FailureKind, SparknetError
from resources.storage import InvalidKeyError, ObjectInfo, ObjectNotFoundError
from resources.storage.keys import check_key, check_prefix
from resources.storage.s3_bucket import Bucket, etag_of
from resources.storage.s3_stream import open_stream, read_range
from resources.storage.s3_upload import Upload, Written, put_object
from resources.storage.s3_versions import abort_uploads, delete_versions, purge

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients

log = logging.getLogger(__name__)

PAGE = 1000
"""Keys that one request lists: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2"""
LONGEST_URL_SECONDS = 7 * 86400
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""
_BLOCK = 2**20
_DELETIONS = 16
"""At once: each is requests that mostly wait, and the client's connections are bounded."""


class S3StorageAdapter:
    """StorageAdapter over a bucket; any number of processes and machines may use it at once.

    The change mark is the ETag: the MD5 of what was written in one request, of the MD5s of the
    parts of a larger object, or, where KMS encrypts, a digest that differs with each write. A
    VersionId is none: listings don't say it, and it is `null` where versioning is suspended.

    Args:
        bucket: Its name. It may keep versions, or not.
        kms_key: Id, alias or ARN of the KMS key that encrypts; S3's own key (SSE-S3) by default.
    """

    page_keys: ClassVar[int] = PAGE

    def __init__(self, bucket: str, clients: AwsClients, kms_key: str = "") -> None:
        self._bucket = Bucket(bucket, clients, kms_key)
        self._seen = False

    def __repr__(self) -> str:
        return f"S3StorageAdapter({self._bucket.name!r})"

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Writes `data` under `key`, replacing what was there.

        Raises:
            InvalidKeyError: The key is not fit for every storage.
            SparknetError: S3 refused it or could not be reached; what was there is as it was.
        """
        check_key(key)
        if len(data) > Upload.PART_BYTES:
            with self._upload(key) as upload:
                upload.write(data)
            return self._info_of(key, upload.written)
        return self._info_of(key, put_object(self._bucket, key, data))

    def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Copies the file at `path` to `key`, in parts when it is large; raises as `put` does."""
        with path.open("rb") as source, self._upload(key) as upload:
            shutil.copyfileobj(source, upload, _BLOCK)
        return self._info_of(key, upload.written)

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        """A file to write: `key` on a clean exit, aborted on an exception; raises as `put` does."""
        with self._upload(key) as upload:
            yield upload  # type: ignore[misc]  # all of BinaryIO that a writer can have

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises ObjectNotFoundError."""
        with self.open(key) as file:
            return file.read()

    def get_range(self, key: str, start: int, size: int) -> bytes:
        """`size` bytes from `start` on, fewer where it ends; one request, mostly.

        Raises:
            ObjectNotFoundError: There is no such object.
            SparknetError: S3 refused it or could not be reached.
        """
        check_key(key)
        data = read_range(self._bucket, key, start, size)
        if data is None:
            raise ObjectNotFoundError(key)
        return data

    def open(self, key: str) -> BinaryIO:
        """The object as a seekable stream of one version.

        A connection that breaks is taken up where it broke. When the object is another one by
        then, or gone, reading raises SparknetError: a reader never sees a mixture.
        """
        check_key(key)
        stream = open_stream(self._bucket, key)
        if stream is None:
            raise ObjectNotFoundError(key)
        return stream

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """A copy of the object in a temporary file of the same name. Raises ObjectNotFoundError."""
        with self.open(key) as source, tempfile.TemporaryDirectory(prefix="sparknet-s3-") as folder:
            path = Path(folder) / PurePosixPath(key).name
            try:
                with path.open("wb") as target:
                    shutil.copyfileobj(source, target, _BLOCK)
            except OSError as error:
                if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                    raise
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"No space left for a copy of {key}: free some under {folder} and try again.",
                ) from error
            yield path

    def stat(self, key: str) -> ObjectInfo | None:
        """What is stored under `key`, or None."""
        check_key(key)
        head = self._bucket.head(key)
        if head is None:
            self._require_bucket()
            return None
        return _info(key, head["ContentLength"], head)

    def label(self, key: str, name: str) -> str:
        """The object's metadata of this name, else its tag; "" for neither.

        Without the permission to read tags (`s3:GetObjectTagging`) there are none, with a warning.

        Raises:
            ObjectNotFoundError: There is no such object.
            SparknetError: S3 refused to say, or could not be reached.
        """
        check_key(key)
        head = self._bucket.head(key)
        if head is None:
            raise ObjectNotFoundError(key)
        said = head.get("Metadata", {}).get(name)
        return str(said) if said is not None else self._bucket.tags(key).get(name, "")

    def list(
        self, prefix: str = "", *, start_after: str = "", limit: int | None = None
    ) -> Iterator[ObjectInfo]:
        """Objects in the byte order of their keys, a thousand with each request.

        Left out are folders as the console makes them (empty objects whose key ends in a slash)
        and, with a warning, what has a key that other storages could not have.

        Raises:
            SparknetError: The bucket can't be listed.
        """
        check_prefix(prefix)
        left = PAGE if limit is None else limit
        at: dict[str, str] = {"StartAfter": start_after} if start_after else {}
        while left > 0:
            page = self._page(prefix, at, min(left, PAGE))
            for found in page.get("Contents", ()):
                if _is_listed(found["Key"]):
                    yield _info(found["Key"], found["Size"], found)
                    left -= limit is not None
            if not page.get("IsTruncated"):
                return
            at = {"ContinuationToken": page["NextContinuationToken"]}

    def has_folder(self, prefix: str) -> bool:
        """True: a bucket has no folders, and one that is missing raises when it is listed."""
        return True

    def delete(self, key: str) -> bool:
        """Removes the object with every version and delete marker; True if there was one.

        Only what is there at the beginning goes: a version written meanwhile stays.
        """
        check_key(key)
        return delete_versions(self._bucket, key)

    def delete_many(self, keys: Iterable[str]) -> int:
        """Removes objects as `delete` does, several at once; returns how many of them there were.

        Raises:
            SparknetError: One could not be removed; others may have been, before it or after it.
        """
        with ThreadPoolExecutor(_DELETIONS) as pool:
            return sum(pool.map(self.delete, keys))

    def sweep(self, folder: str) -> int:
        """Aborts the unfinished uploads below `folder`, and removes what versioning hides there.

        That is: replaced versions, delete markers, and empty objects that stand for folders.
        """
        prefix = folder.rstrip("/") + "/"
        check_prefix(prefix)
        return abort_uploads(self._bucket, prefix) + purge(self._bucket, prefix)

    def presigned_url(self, key: str, seconds: int) -> str:
        """An address that anybody may read the object at for a while; never to be logged.

        Args:
            seconds: How long, from 1 to 604,800 (7 days); credentials that expire sooner end it.

        Raises:
            ValueError: `seconds` is out of range.
        """
        check_key(key)
        if not 1 <= seconds <= LONGEST_URL_SECONDS:
            raise ValueError(f"seconds should be from 1 to {LONGEST_URL_SECONDS}, not {seconds}")
        with self._bucket.errors("s3:GetObject", key):
            url: str = self._bucket.client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket.name, "Key": key}, ExpiresIn=seconds
            )
        return url

    def _upload(self, key: str) -> Upload:
        check_key(key)
        return Upload(self._bucket, key)

    def _page(self, prefix: str, at: dict[str, str], most: int) -> dict[str, Any]:
        with self._bucket.errors("s3:ListBucket"):
            page: dict[str, Any] = self._bucket.client.list_objects_v2(
                Bucket=self._bucket.name, Prefix=prefix, MaxKeys=most, **at
            )
        self._seen = True
        return page

    def _require_bucket(self) -> None:
        # A missing bucket answers HEAD as a missing object does; a listing tells them apart.
        if not self._seen:
            self._page("", {}, 1)

    def _info_of(self, key: str, written: Written) -> ObjectInfo:
        """S3 does not say at a write what time it notes for it; somebody may write right after."""
        info = self.stat(key)
        if info is not None and info.version == written.etag:
            return info
        return ObjectInfo(key, written.size, written.etag, written.time)


def _info(key: str, size: int, said: dict[str, Any]) -> ObjectInfo:
    modified: datetime = said["LastModified"]
    # HEAD knows whole seconds only, and a listing must say the same.
    return ObjectInfo(key, size, etag_of(said), modified.replace(microsecond=0))


def _is_listed(key: str) -> bool:
    if key.endswith("/"):
        return False
    try:
        check_key(key)
    except InvalidKeyError as error:
        log.warning("Left out of the listing: %s", error)
        return False
    return True
