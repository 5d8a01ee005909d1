"""What S3 writes into a queue: directly, in an SNS envelope, or as an event of EventBridge."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

from resources.event_queue import EventKind

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
_KINDS = {
    "ObjectCreated": EventKind.CREATED,
    "ObjectRemoved": EventKind.REMOVED,
    "LifecycleExpiration": EventKind.REMOVED,
}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
_DETAIL_TYPES = {"Object Created": EventKind.CREATED, "Object Deleted": EventKind.REMOVED}


class NotAnEventError(ValueError):
    """A message is not one of S3's; says what is wrong with its shape, and quotes nothing of it."""


def read_events(body: str) -> list[tuple[str, EventKind]]:
    """Keys and what happened to them; none for a test event or one that changes no bytes.

    Raises:
        NotAnEventError: The body is something else.
    """
    said = _object(body)
    if said.get("Type") == "Notification" and "Message" in said:
        said = _object(said["Message"])
    try:
        if "Records" in said:
            return [event for record in said["Records"] for event in _of_record(record)]
        if said.get("source") == "aws.s3":
            return _of_event_bridge(said)
    except (KeyError, TypeError, AttributeError):
        raise NotAnEventError("a field is missing") from None
    if said.get("Event") == "s3:TestEvent":
        return []
    raise NotAnEventError("neither records nor an event of S3")


def _object(text: Any) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise NotAnEventError("no JSON") from None
    if not isinstance(said, dict):
        raise NotAnEventError("no JSON object")
    return said


def _of_record(record: Any) -> list[tuple[str, EventKind]]:
    if record["eventSource"] != "aws:s3":
        raise NotAnEventError("a record of another service")
    group = record["eventName"].removeprefix("s3:").partition(":")[0]
    key = _key(record["s3"]["object"]["key"])
    return [(unquote_plus(key), _KINDS[group])] if group in _KINDS else []


def _of_event_bridge(said: dict[str, Any]) -> list[tuple[str, EventKind]]:
    """Keys are as they are here, not encoded as in notifications."""
    kind = _DETAIL_TYPES.get(said["detail-type"])
    key = _key(said["detail"]["object"]["key"])
    return [(key, kind)] if kind else []


def _key(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise NotAnEventError("no key")
    return value
