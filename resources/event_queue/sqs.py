"""Events of a bucket as they come out of an SQS queue."""

from __future__ import annotations

import logging
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from resources.aws.errors import aws_errors
from resources.event_queue import StorageEvent
from resources.event_queue.s3_events import NotAnEventError, read_events

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients

log = logging.getLogger(__name__)

BATCH = 10
"""Messages of one request, to receive or to delete:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
WAIT_SECONDS = 1
"""Any wait at all asks all of SQS's servers, so what comes back empty is empty."""
RECEIVE_SECONDS = 10.0
"""Of one `receive`, however many messages there are that nobody can read."""
DELETE_ATTEMPTS = 4
_WARNED_OF = 1000
_PART = re.compile(r"(\d+)/(\d+) (.*)", re.DOTALL)


class SQSEventQueue:
    """EventQueue over a queue that a bucket notifies, itself or through SNS or EventBridge.

    Messages stay hidden for the queue's own visibility timeout. Test events and events about
    nothing but tags and the like are deleted at once.

    Args:
        queue_url: As SQS gives it.
    """

    def __init__(self, queue_url: str, clients: AwsClients) -> None:
        self._url = queue_url
        self._clients = clients
        self._warned: set[str] = set()

    def __repr__(self) -> str:
        return f"SQSEventQueue({self._url!r})"

    def receive(self, limit: int) -> Sequence[StorageEvent]:
        """Events of up to `limit` messages; what nobody can read counts for nothing.

        Raises:
            SparknetError: The queue is missing, refuses or can't be reached.
        """
        events: list[StorageEvent] = []
        left = limit
        deadline = time.monotonic() + RECEIVE_SECONDS
        while left > 0 and time.monotonic() < deadline:
            messages = self._messages(min(left, BATCH))
            if not messages:
                break
            idle: list[str] = []
            for message in messages:
                try:
                    found = list(_events(message))
                except NotAnEventError as error:
                    self._warn(message, error)
                    continue
                events += found
                left -= bool(found)
                if not found:
                    idle.append(message["ReceiptHandle"])
            self.delete(idle)
        return events

    def delete(self, receipts: Sequence[str]) -> None:
        """Deletes messages, ten with each request; what is unknown or expired is passed over.

        A message with several events goes when all of them are among the receipts. What SQS fails
        to delete comes again, which does no harm.
        """
        handles = _whole(receipts)
        for start in range(0, len(handles), BATCH):
            left = self._delete(handles[start : start + BATCH])
            if left:
                log.warning("%d messages could not be deleted, and will come again.", len(left))

    def _messages(self, most: int) -> list[dict[str, Any]]:
        with aws_errors("sqs:ReceiveMessage", self._url):
            answer = self._clients.client("sqs").receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=most, WaitTimeSeconds=WAIT_SECONDS
            )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def _delete(self, handles: Sequence[str]) -> Sequence[str]:
        """Those of at most ten that could not be deleted, though they may be there."""
        for attempt in range(DELETE_ATTEMPTS):
            if attempt:
                time.sleep(0.1 * 2**attempt)
            entries = [{"Id": str(n), "ReceiptHandle": h} for n, h in enumerate(handles)]
            with aws_errors("sqs:DeleteMessage", self._url):
                answer = self._clients.client("sqs").delete_message_batch(
                    QueueUrl=self._url, Entries=entries
                )
            # The sender's fault is a receipt that has expired or that nobody gave out.
            failed = [f for f in answer.get("Failed", ()) if not f.get("SenderFault")]
            handles = [handles[int(f["Id"])] for f in failed]
            if not handles:
                break
        return handles

    def _warn(self, message: dict[str, Any], error: NotAnEventError) -> None:
        name = message["MessageId"]
        if name not in self._warned and len(self._warned) < _WARNED_OF:
            self._warned.add(name)
            log.warning(
                "Message %s is no event of a bucket (%s): left to the queue's redrive policy.",
                name,
                error,
            )


def _events(message: dict[str, Any]) -> Iterator[StorageEvent]:
    found = read_events(message["Body"])
    handle = message["ReceiptHandle"]
    for number, (key, kind) in enumerate(found):
        receipt = handle if len(found) == 1 else f"{number}/{len(found)} {handle}"
        yield StorageEvent(key, kind, receipt)


def _whole(receipts: Sequence[str]) -> list[str]:
    """Handles of the messages all of whose events are named."""
    whole: dict[str, None] = {}
    parts: dict[tuple[str, int], set[int]] = defaultdict(set)
    for receipt in receipts:
        if part := _PART.fullmatch(receipt):
            number, count, handle = int(part[1]), int(part[2]), part[3]
            named = parts[handle, count]
            named.add(number)
            if len(named) == count:
                whole[handle] = None
        else:
            whole[receipt] = None
    return list(whole)
