"""Messages as S3, SNS and EventBridge write them."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from resources.event_queue import EventKind

_NAMES = {EventKind.CREATED: "ObjectCreated:Put", EventKind.REMOVED: "ObjectRemoved:Delete"}
_DETAILS = {EventKind.CREATED: "Object Created", EventKind.REMOVED: "Object Deleted"}


def record(key: str, name: str) -> dict[str, object]:
    """One record of a notification, by the name of its event."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": "bucket"}, "object": {"key": quote_plus(key, safe="/")}},
    }


def notification(key: str, kind: EventKind = EventKind.CREATED) -> str:
    """What S3 sends to a queue."""
    return json.dumps({"Records": [record(key, _NAMES[kind])]})


def in_sns(body: str) -> str:
    """The same, by way of a topic."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": body})


def event_bridge(key: str, kind: EventKind = EventKind.CREATED) -> str:
    """The same as EventBridge says it: the key is not encoded."""
    detail = {"bucket": {"name": "bucket"}, "object": {"key": key}}
    return json.dumps({"source": "aws.s3", "detail-type": _DETAILS[kind], "detail": detail})


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bucket"})
