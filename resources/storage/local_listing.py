"""Walking a folder in the order of S3's keys, reading no more of it than is asked for."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from resources.failure import FailureKind, SparknetError
from resources.storage.keys import TEMPORARY_PREFIX

log = logging.getLogger(__name__)

ABANDONED_SECONDS = 24 * 3600


def walk(
    path: str, folder: str, prefix: str, start_after: str
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Keys and entries of what is no folder, in the byte order of the keys.

    Folders are read when the walk gets there; what goes away meanwhile is left out, and so, with a
    warning, are folders that can't be read. Links to folders are not followed. Temporary files
    that are a day old are removed.

    Args:
        path: Where to begin; `folder` is its key, with a slash at the end, or empty.
        prefix: Keys wanted start with it.
        start_after: Keys wanted sort after it.

    Raises:
        SparknetError: `path` itself can't be read: that must not look like an empty folder.
    """
    # An explicit stack: folders may be nested deeper than Python's recursion limit.
    stack = [iter(_entries(_scan(path), folder, prefix, start_after))]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
        elif item[0].endswith("/"):
            key, entry = item
            stack.append(iter(_entries(_scan_below(entry.path), key, prefix, start_after)))
        else:
            yield item


def _entries(
    entries: Sequence[os.DirEntry[str]], folder: str, prefix: str, start_after: str
) -> Sequence[tuple[str, os.DirEntry[str]]]:
    """Files under their keys, subfolders under theirs with '/': sorted so, they are in order."""
    found = []
    for entry in entries:
        if entry.name.startswith(TEMPORARY_PREFIX):
            _remove_if_abandoned(Path(entry.path))
            continue
        key = folder + entry.name
        if entry.is_dir(follow_symlinks=False):
            key += "/"
            wanted = key.startswith(prefix) or prefix.startswith(key)
            wanted = wanted and (key > start_after or start_after.startswith(key))
        else:
            wanted = key.startswith(prefix) and key > start_after
        if wanted:
            found.append((key, entry))
    return sorted(found, key=lambda item: item[0])


def _scan(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []  # Not there, or gone or replaced by a file since its parent was read.
    except PermissionError as error:
        raise SparknetError(
            FailureKind.UNREADABLE,
            f"{path} can't be listed: permission denied. Let this user read the folder.",
            retryable=True,
        ) from error


def _scan_below(path: str) -> list[os.DirEntry[str]]:
    """One folder that can't be read does not keep the others from being listed."""
    try:
        return _scan(path)
    except SparknetError as error:
        log.warning("Left out of the listing: %s", error)
        return []


def _remove_if_abandoned(path: Path) -> None:
    # A read-only folder keeps its leftovers; a finished write has taken its file away.
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
            path.unlink()
