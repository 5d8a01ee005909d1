"""Bulk requests: of bounded size, smaller when the server is pressed, each item accounted for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.vector_store.opensearch_client import Connection, HttpError, pause

# AWS: 5 to 15 MiB serve best, and the smallest instances take no more than 10:
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html
MOST_BYTES = 5 * 2**20
MOST_ACTIONS = 1000
_PRESSED = frozenset({429, 503})
_NAMED = 3


class Action(NamedTuple):
    """One line, or two, of a bulk request.

    Attributes:
        doc_id: Of the document whose chunk it is, for messages; may be empty.
        lines: As they are sent, each with its line feed.
    """

    doc_id: str
    lines: bytes


class Done(NamedTuple):
    """What became of the actions.

    Attributes:
        items: The server's answer to each action, in their order.
        twice: Whether an action may have been done twice: its answer was lost, and it was repeated.
    """

    items: list[dict[str, Any]]
    twice: bool


_Portion = list[tuple[int, Action]]


class Bulk:
    """Does actions on one index."""

    def __init__(self, connection: Connection, index: str) -> None:
        self._connection = connection
        self._path = f"/{index}/_bulk"
        self._items: dict[int, dict[str, Any]] = {}
        self._failed: list[tuple[Action, int, str]] = []
        self._twice = False

    def run(self, actions: Sequence[Action]) -> Done:
        """Does all of them; what the server has no room for is tried again, in smaller portions.

        Raises:
            SparknetError: Actions failed for good, by their documents; the others were done. Or
                the server is pressed through all attempts, or refuses; some may have been done.
        """
        waiting = deque(_portions(actions))
        attempt = 0
        while waiting:
            portion = waiting.popleft()
            try:
                again = self._answered(portion)
            except HttpError as error:
                attempt += self._may_repeat(error, portion, attempt)
                half = len(portion) // 2 if error.status in (413, 429) else 0
                waiting.extendleft(part for part in (portion[half:], portion[:half]) if part)
                continue
            attempt = attempt + 1 if again else 0
            if again and attempt >= self._connection.attempts:
                raise self._connection.typed(HttpError(429, "pressed"), "POST", self._path)
            if again:
                pause(attempt)
                waiting.appendleft(again)
        if self._failed:
            raise _failure(self._failed)
        return Done([self._items[n] for n in range(len(actions))], self._twice)

    def _answered(self, portion: _Portion) -> _Portion:
        """Sends a portion; returns those actions that are to be tried again."""
        body = b"".join(action.lines for _, action in portion)
        answer = self._connection.send("POST", self._path, body)
        again: _Portion = []
        for (number, action), result in zip(portion, answer["items"], strict=True):
            ((verb, item),) = result.items()
            error = item.get("error") or {}
            if not error or (verb == "delete" and item["status"] == 404):
                self._items[number] = item
            elif item["status"] in _PRESSED:
                again.append((number, action))
            else:
                # Not its reason, which quotes the document.
                self._failed.append((action, item["status"], str(error.get("type", ""))))
        return again

    def _may_repeat(self, error: HttpError, portion: _Portion, attempt: int) -> int:
        """Waits when that helps; returns what counts as an attempt."""
        if error.status == 413:
            if len(portion) == 1:
                raise _failure([(portion[0][1], 413, "request too large")]) from error
            return 0
        if not error.passing or attempt + 1 >= self._connection.attempts:
            raise self._connection.typed(error, "POST", self._path) from error
        self._twice |= error.status != 429
        pause(attempt)
        return 1


def _portions(actions: Iterable[Action]) -> Iterator[_Portion]:
    portion: _Portion = []
    size = 0
    for number, action in enumerate(actions):
        full = size + len(action.lines) > MOST_BYTES or len(portion) >= MOST_ACTIONS
        if portion and full:
            yield portion
            portion, size = [], 0
        portion.append((number, action))
        size += len(action.lines)
    if portion:
        yield portion


def _failure(failed: Sequence[tuple[Action, int, str]]) -> SparknetError:
    documents = list(dict.fromkeys(action.doc_id for action, _, _ in failed))
    more = f" and {len(documents) - _NAMED} more" if len(documents) > _NAMED else ""
    _, status, type = failed[0]
    kind, remedy = FailureKind.INTERNAL, "run the vector_index stage of these documents again"
    if status == 413:
        kind, remedy = FailureKind.TOO_LARGE, "set a smaller SPARKNET_CHUNK_TOKENS"
    elif status == 403:
        kind, remedy = FailureKind.UNAVAILABLE, "the index takes no writes: look for a full disk"
    return SparknetError(
        kind,
        f"OpenSearch did not take {len(failed)} chunks of {', '.join(documents[:_NAMED])}{more}"
        f" ({status} {type}): {remedy}.",
    )
