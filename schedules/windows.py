"""Reading raw/ a window at a time, so that a look at any number of objects is bounded work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from resources.storage import InvalidKeyError
from sparknet_assets.raw_names import RAW, depth_and_name, is_temporary

if TYPE_CHECKING:
    from resources.catalog import DocumentRecord
    from resources.storage import ObjectInfo, StorageAdapter

PAGE = 1000
"""Keys of one request to an object store; a window is a number of them."""
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Window:
    """A part of the listing of raw/ in which every document is whole.

    A name is what stands directly under raw/: of a folder with its slash, or of a loose file.

    Attributes:
        objects: All objects of the names in the window, in key order. Of a folder that is larger
            than a window, those that decide which of them is the document, and some others.
        after: The names sort after this one,
        upto: and not after this one; None when the listing ends with the window.
    """

    objects: tuple[ObjectInfo, ...]
    after: str = ""
    upto: str | None = None


def read_window(
    storage: StorageAdapter,
    after: str = "",
    limit: int = 10 * PAGE,
    recorded: Callable[[str], str] = lambda doc_id: "",
) -> Window:
    """Lists the names after `after`, about `limit` objects of them.

    A window ends where a name ends: the last folder of a full listing is left to the next window,
    which then holds all of it. A folder that alone is larger is read to its end.

    Args:
        after: Where the window before this one ended (`Window.upto`); empty for the first.
        recorded: Gives the key of the object that a document was last read from.

    Raises:
        SparknetError, OSError: The storage can't be listed. A window is whole, or there is none.
    """
    start = after + _LAST_CHARACTER if after.endswith("/") else after
    listed = list(storage.list(RAW, start_after=RAW + start, limit=limit))
    objects = [info for info in listed if name_of(info.key) > after]
    if len(listed) < limit:
        return Window(tuple(objects), after)
    last = name_of(listed[-1].key)
    whole = [info for info in objects if name_of(info.key) < last or not last.endswith("/")]
    if whole:
        return Window(tuple(whole), after, name_of(whole[-1].key))
    rest = storage.list(RAW + last, start_after=listed[-1].key)
    return Window(_decisive(chain(objects, rest), limit, recorded(last[:-1])), after, last)


def read_document(
    storage: StorageAdapter, doc_id: str, limit: int, recorded: str
) -> tuple[ObjectInfo, ...]:
    """The objects of one document, or of a very large folder those that decide about it.

    Raises:
        SparknetError, OSError: Its folder can't be looked into.
    """
    with _looking_into(doc_id):
        return _decisive(storage.list(f"{RAW}{doc_id}/"), limit, recorded)


def name_of(key: str) -> str:
    """What stands directly under raw/ for this key: a folder with its slash, or a loose file."""
    name, slash, _ = key.removeprefix(RAW).partition("/")
    return name + slash


def require_raw(storage: StorageAdapter, known: int) -> None:
    """Refuses an empty listing of raw/ when that is because the folder itself is not there.

    Args:
        known: Documents that the catalog knows.

    Raises:
        SparknetError: There are known documents, and no folder.
    """
    if known and not storage.has_folder(RAW):
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            "raw/ is not there, but the catalog knows documents: is its disk mounted? If all of "
            "them are to go, run `sparknet delete`.",
            retryable=True,
        )


def is_gone(storage: StorageAdapter, record: DocumentRecord) -> bool:
    """Looks again whether a document that was missing from a listing really has no original.

    Raises:
        SparknetError, OSError: Its folder can't be looked into, or raw/ itself is gone by now, so
            nobody can tell.
    """
    require_raw(storage, 1)
    with _looking_into(record.doc_id):
        if storage.stat(record.raw_key) is not None:
            return False
        return all(is_temporary(info.key) for info in storage.list(f"{RAW}{record.doc_id}/"))


@contextmanager
def _looking_into(doc_id: str) -> Iterator[None]:
    """A folder that the storage refuses, as a link that leads elsewhere, is one of many."""
    try:
        yield
    except InvalidKeyError as error:
        raise SparknetError(FailureKind.UNREADABLE, f"{RAW}{doc_id}/: {error}") from error


def _decisive(objects: Iterable[ObjectInfo], limit: int, recorded: str) -> tuple[ObjectInfo, ...]:
    """The first objects of a folder, the recorded one, and the least by depth and name."""
    kept: list[ObjectInfo] = []
    least: ObjectInfo | None = None
    own: ObjectInfo | None = None
    for info in objects:
        if is_temporary(info.key):
            continue
        if len(kept) < limit:
            kept.append(info)
        if info.key == recorded:
            own = info
        if least is None or depth_and_name(info.key) < depth_and_name(least.key):
            least = info
    chosen = {info.key: info for info in (*kept, own, least) if info is not None}
    return tuple(chosen[key] for key in sorted(chosen))
