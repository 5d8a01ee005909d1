"""Writing to S3: one request for small objects, parts for large, nothing on an exception."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any

from resources.failure import SparknetError
from resources.storage.s3_bucket import Bucket, etag_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Types that a browser may be given; anything else is a download, HTML and SVG in particular.
_TYPES = {
    ".json": "application/json",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".pdf": "application/pdf",
    ".parquet": "application/vnd.apache.parquet",
}
_CHECKSUM = "SHA256"
_PART_CHECKSUM = "ChecksumSHA256"


@dataclass(frozen=True, slots=True)
class Written:
    """What a write has made.

    Attributes:
        size: Bytes.
        time: Of the answer, UTC.
    """

    etag: str
    size: int
    time: datetime


def put_object(bucket: Bucket, key: str, data: bytes | bytearray) -> Written:
    """Writes an object in one request; S3 refuses it when the bytes don't have their SHA-256."""
    with bucket.errors("s3:PutObject", key):
        answer = bucket.client.put_object(
            Bucket=bucket.name, Key=key, Body=bytes(data), **_parameters(bucket, key)
        )
    return Written(etag_of(answer), len(data), _time(answer))


class Upload(io.BufferedIOBase):
    """A file to write; as a context it is the object on a clean exit, and aborted otherwise.

    Holds one part in memory. What is smaller than a part is written in one request.

    Attributes:
        written: There once the context has ended.
    """

    # 10,000 parts make 156 GiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    PART_BYTES = 16 * 2**20

    written: Written

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._pending = bytearray()
        self._size = 0
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: ReadableBuffer, /) -> int:
        view = memoryview(data).cast("B")
        self._size += len(view)
        done = 0
        while done < len(view):
            room = self.PART_BYTES - len(self._pending)
            if room == 0:
                self._send_part()
                continue
            self._pending += view[done : done + room]
            done += room
        return len(view)

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.written = self._commit()
        except BaseException:
            self._abort()
            raise
        else:
            if kind is not None:
                self._abort()
        finally:
            self._pending.clear()

    def _commit(self) -> Written:
        if not self._upload_id:
            return put_object(self._bucket, self._key, self._pending)
        self._send_part()
        with self._bucket.errors("s3:PutObject", self._key):
            answer = self._bucket.client.complete_multipart_upload(
                **self._names(), MultipartUpload={"Parts": self._parts}
            )
        return Written(etag_of(answer), self._size, _time(answer))

    def _send_part(self) -> None:
        if not self._upload_id:
            self._begin()
        number = len(self._parts) + 1
        with self._bucket.errors("s3:PutObject", self._key):
            answer = self._bucket.client.upload_part(
                **self._names(),
                PartNumber=number,
                Body=bytes(self._pending),
                ChecksumAlgorithm=_CHECKSUM,
            )
        part = {"PartNumber": number, "ETag": answer["ETag"]}
        if _PART_CHECKSUM in answer:  # servers without checksums leave it out
            part[_PART_CHECKSUM] = answer[_PART_CHECKSUM]
        self._parts.append(part)
        self._pending.clear()

    def _begin(self) -> None:
        with self._bucket.errors("s3:PutObject", self._key):
            answer = self._bucket.client.create_multipart_upload(
                Bucket=self._bucket.name, Key=self._key, **_parameters(self._bucket, self._key)
            )
        self._upload_id = answer["UploadId"]

    def _abort(self) -> None:
        """What can't be aborted now is left to `sweep` and to the bucket's lifecycle rule."""
        if not self._upload_id:
            return
        with suppress(SparknetError), self._bucket.errors("s3:AbortMultipartUpload", self._key):
            self._bucket.client.abort_multipart_upload(**self._names())

    def _names(self) -> dict[str, str]:
        return {"Bucket": self._bucket.name, "Key": self._key, "UploadId": self._upload_id}


def _parameters(bucket: Bucket, key: str) -> dict[str, Any]:
    kind = _TYPES.get(PurePosixPath(key).suffix.lower(), "application/octet-stream")
    return {"ContentType": kind, "ChecksumAlgorithm": _CHECKSUM, **bucket.encryption}


def _time(answer: dict[str, Any]) -> datetime:
    with suppress(KeyError, ValueError):
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    return datetime.now(UTC).replace(microsecond=0)
