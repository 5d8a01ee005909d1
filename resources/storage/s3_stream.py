"""Reading from S3: a stream of one version that survives broken connections."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any, BinaryIO

from resources.aws.errors import error_code
from resources.failure import FailureKind, SparknetError
from resources.storage.s3_bucket import Bucket, etag_of, is_absent

ATTEMPTS = 5
"""Connections in a row that may break without giving a byte."""
_BUFFER = 256 * 1024
_BEYOND = frozenset({"416", "InvalidRange"})
_REPLACED = frozenset({"412", "PreconditionFailed"})


def open_stream(bucket: Bucket, key: str) -> BinaryIO | None:
    """The object as a stream; None when there is none."""
    with bucket.errors("s3:GetObject", key):
        try:
            answer = bucket.client.get_object(Bucket=bucket.name, Key=key)
        except Exception as error:
            if is_absent(error):
                return None
            raise
    return io.BufferedReader(_Body(bucket, key, answer), _BUFFER)


def read_range(bucket: Bucket, key: str, start: int, size: int) -> bytes | None:
    """Some of the bytes of an object, fewer where it ends; None when there is none.

    A connection that breaks is taken up anew from `start`: one answer is of one version.
    """
    asked = f"bytes={start}-{start + max(size, 1) - 1}"
    for attempt in range(ATTEMPTS):
        with bucket.errors("s3:GetObject", key):
            try:
                answer = bucket.client.get_object(Bucket=bucket.name, Key=key, Range=asked)
                data: bytes = answer["Body"].read()
                return data[: max(size, 0)]
            except Exception as error:
                if is_absent(error):
                    return None
                if error_code(error) in _BEYOND:
                    return b""
                if attempt == ATTEMPTS - 1 or not _is_broken(error):
                    raise
    raise AssertionError("the last attempt returns or raises")


class _Body(io.RawIOBase):
    """The bytes of one version, asked for again from where a connection broke or a seek led."""

    def __init__(self, bucket: Bucket, key: str, answer: dict[str, Any]) -> None:
        self._bucket = bucket
        self._key = key
        self._etag = etag_of(answer)
        self._size = int(answer["ContentLength"])
        self._body: Any = answer["Body"]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        to = base + offset
        if to < 0:
            raise ValueError(f"can't seek to {to}")
        if to != self._at:
            self._drop()
            self._at = to
        return to

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._at)
        if wanted <= 0:
            return 0
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            data = self._read(wanted, last=last)
            if data:
                view[: len(data)] = data
                self._at += len(data)
                return len(data)
            self._drop()
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            f"{self._bucket.address(self._key)} ends before its {self._size} bytes: try again.",
        )

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, wanted: int, *, last: bool) -> bytes:
        """Some bytes; none when the connection broke."""
        with self._bucket.errors("s3:GetObject", self._key):
            if self._body is None:
                self._body = self._again()
            try:
                data: bytes = self._body.read(wanted)
            except Exception as error:
                if last or not _is_broken(error):
                    raise
                return b""
        return data

    def _again(self) -> Any:
        try:
            answer = self._bucket.client.get_object(
                Bucket=self._bucket.name,
                Key=self._key,
                IfMatch=f'"{self._etag}"',
                Range=f"bytes={self._at}-",
            )
        except Exception as error:
            if error_code(error) in _REPLACED or is_absent(error):
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"{self._bucket.address(self._key)} was replaced or removed while it was read:"
                    " it is read anew later.",
                ) from error
            raise
        return answer["Body"]

    def _drop(self) -> None:
        if self._body is not None:
            with suppress(Exception):  # whatever a broken connection says when it is closed
                self._body.close()
            self._body = None


def _is_broken(error: Exception) -> bool:
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from urllib3.exceptions import HTTPError

    return isinstance(error, HTTPClientError | IncompleteReadError | HTTPError | OSError)
