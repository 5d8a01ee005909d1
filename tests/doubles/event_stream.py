"""Messages of `application/vnd.amazon.eventstream`, as a service writes them.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the format:
lengths and their CRC-32, headers, payload, CRC-32 of it all. botocore reads it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

_STRING = 7


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """An event of this type, its payload as JSON."""
    headers = {
        ":message-type": "event",
        ":event-type": name,
        ":content-type": "application/json",
    }
    return _message(headers, json.dumps(payload).encode())


def exception(name: str, message: str) -> bytes:
    """An exception that ends a stream that has begun; named as the member of the stream's shape."""
    headers = {
        ":message-type": "exception",
        ":exception-type": name,
        ":content-type": "application/json",
    }
    return _message(headers, json.dumps({"message": message}).encode())


def _message(headers: Mapping[str, str], payload: bytes) -> bytes:
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    lengths = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    body = lengths + struct.pack("!I", crc32(lengths)) + encoded + payload
    return body + struct.pack("!I", crc32(body))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING, len(text)) + text
