"""What evaluations gave, kept in the storage: every one as a line, and the accepted figures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from resources.failure import FailureKind, SparknetError
from resources.storage import ObjectNotFoundError
from sparknet_assets.evaluation.measured import Accepted, Entry, Kind

if TYPE_CHECKING:
    from resources.storage import StorageAdapter

HISTORY = "evaluation/history/"
ACCEPTED = "evaluation/accepted/"


def append(storage: StorageAdapter, entries: Sequence[Entry]) -> str:
    """Writes entries of one evaluation, a line each; returns the key.

    An object each: nothing is read first, so two that evaluate at once both stay.
    """
    when = min(entry.when for entry in entries)
    key = f"{HISTORY}{when:%Y-%m-%dT%H-%M-%S.%f}-{uuid.uuid4().hex[:8]}.jsonl"
    lines = "".join(entry.model_dump_json() + "\n" for entry in entries)
    storage.put(key, lines.encode())
    return key


def read(
    storage: StorageAdapter, set_name: str | None = None, kind: Kind | None = None
) -> list[Entry]:
    """The history, the oldest first: all of it, or what is of one set or kind.

    Raises:
        SparknetError: A file is not of this making; says which.
    """
    found = []
    for info in storage.list(HISTORY):
        try:
            found += [
                Entry.model_validate_json(line) for line in storage.get(info.key).splitlines()
            ]
        except ValidationError:
            raise _unreadable(info.key) from None
    return [
        entry
        for entry in sorted(found, key=lambda entry: entry.when)
        if set_name in (None, entry.set_name) and kind in (None, entry.kind)
    ]


def accepted(storage: StorageAdapter, set_name: str, kind: Kind) -> Accepted | None:
    """The figures that are held to be right; None before any were.

    Raises:
        SparknetError: The file is not of this making.
    """
    key = _accepted_key(set_name, kind)
    try:
        return Accepted.model_validate_json(storage.get(key))
    except ObjectNotFoundError:
        return None
    except ValidationError:
        raise _unreadable(key) from None


def accept(storage: StorageAdapter, figures: Accepted) -> None:
    """Makes these the figures that later ones are held against."""
    key = _accepted_key(figures.entry.set_name, figures.entry.kind)
    storage.put(key, figures.model_dump_json().encode())


def _accepted_key(set_name: str, kind: Kind) -> str:
    return f"{ACCEPTED}{set_name}/{kind}.json"


def _unreadable(key: str) -> SparknetError:
    return SparknetError(
        FailureKind.REFUSED,
        f"{key} is not what an evaluation writes; remove it, or put back what it was.",
        retryable=False,
    )
