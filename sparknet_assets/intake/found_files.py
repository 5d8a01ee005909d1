"""From the paths a user names to the files behind them."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resources.failure import FailureKind
from resources.storage.local import open_at_once
from sparknet_assets.digests import read_blocks

# Folders of a home that this program writes itself: never taken in as documents.
OWN_FOLDERS = (
    "raw", "processed", "corrections", "schemas", "receipts", "state", "cache", "dagster",
)  # fmt: skip
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini", "ehthumbs.db"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A path that could not be taken in, and why."""

    path: str
    kind: FailureKind
    message: str


class UnreadableError(Exception):
    """A file that was found can't be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to take in.

    Attributes:
        path: Where it is, absolute.
        name: Its path relative to the folder that the user named; the file name for a file.
        size: Bytes, when it was found.
    """

    path: Path
    name: str
    size: int

    @property
    def source(self) -> str:
        """The absolute path as text that any store accepts, distinct for distinct paths."""
        return printable(self.path)

    @property
    def filename(self) -> str:
        """The file's own name, fit for a storage key: no control characters, at most 200 bytes."""
        name = os.fsencode(self.path.name).decode("utf-8", "replace")
        name = "".join("_" if c in "\\:" or unicodedata.category(c)[0] == "C" else c for c in name)
        stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
        suffix = _cut(suffix, 20)
        if stem.startswith("."):
            stem = "_" + stem[1:]
        return (_cut(stem, 200 - len(suffix.encode())) + suffix) or "document"

    def blocks(self) -> Iterator[bytes]:
        """The file's bytes.

        Raises:
            UnreadableError: It is gone, can't be read, or was written to meanwhile.
        """
        try:
            with open(self.path, "rb", opener=open_at_once) as file:
                before = os.fstat(file.fileno())
                if not stat.S_ISREG(before.st_mode):
                    raise UnreadableError(_no_file(self.path))
                yield from read_blocks(file)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise UnreadableError(_problem(self.path, error)) from None
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise UnreadableError(_unsettled(self.path))


def find_files(paths: Iterable[Path], home: Path) -> Iterator[SourceFile | Problem]:
    """Every file that the paths name, folders walked in sorted order; each file once.

    Hidden files, office lock files, what Windows keeps about a folder, and this program's own
    folders, under `home` or any other home, are passed over.
    Links are followed; a folder that was walked already is not walked again, so loops end.
    A path that can't be read, is missing, or holds no file comes as a `Problem`.
    """
    own = _own_folders(home)
    seen: set[str] = set()
    for given in paths:
        path = Path(os.path.abspath(given.expanduser()))  # noqa: PTH100 - links stay as named
        if any(path == folder or folder in path.parents for folder in own):
            yield Problem(
                printable(given),
                FailureKind.REFUSED,
                f"{printable(given)} is inside this project's own data folder; run "
                "`sparknet materialize` to process documents that are already there.",
            )
            continue
        for found in _files_of(path, own):
            key = found.source if isinstance(found, SourceFile) else found.path
            if key not in seen:
                seen.add(key)
                yield found


def printable(path: Path) -> str:
    """A path as valid Unicode; bytes that are no UTF-8 appear as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _files_of(path: Path, own: set[Path]) -> Iterator[SourceFile | Problem]:
    try:
        mode = path.stat()
    except OSError as error:
        yield _problem(path, error)
        return
    if stat.S_ISREG(mode.st_mode):
        yield SourceFile(path, path.name, mode.st_size)
    elif stat.S_ISDIR(mode.st_mode):
        found = False
        for item in _walk(path, own):
            found = True
            yield item
        if not found:
            yield Problem(
                printable(path), FailureKind.EMPTY, f"{printable(path)} holds no files to take in."
            )
    else:
        yield _no_file(path)


def _walk(root: Path, own: set[Path]) -> Iterator[SourceFile | Problem]:
    walked: set[tuple[int, int]] = set()
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            info = folder.stat()
            if (info.st_dev, info.st_ino) in walked:
                continue
            walked.add((info.st_dev, info.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            skipped = own | (_own_folders(folder) if _is_home(folder) else set())
        except OSError as error:
            yield _problem(folder, error)
            continue
        folders: list[Path] = []
        for entry in entries:
            if _is_no_document(entry.name) or Path(entry.path) in skipped:
                continue
            try:
                if entry.is_dir():
                    folders.append(Path(entry.path))
                else:
                    yield from _file_of(entry, root)
            except OSError as error:
                yield _problem(Path(entry.path), error)
        pending.extend(reversed(folders))


def _is_no_document(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower() in _OF_THE_SYSTEM


def _own_folders(home: Path) -> set[Path]:
    return {home / folder for folder in OWN_FOLDERS}


def _is_home(folder: Path) -> bool:
    """Another home, say of the demo, is no place of documents either."""
    return (folder / "state" / "catalog.db").is_file()


def _file_of(entry: os.DirEntry[str], root: Path) -> Iterator[SourceFile]:
    """The file of an entry; nothing for sockets and the like. Raises OSError on a broken link."""
    info = entry.stat()
    if stat.S_ISREG(info.st_mode):
        path = Path(entry.path)
        yield SourceFile(path, str(path.relative_to(root)), info.st_size)


def _problem(path: Path, error: OSError) -> Problem:
    shown = printable(path)
    if isinstance(error, FileNotFoundError):
        reason = "is a broken link" if path.is_symlink() else "does not exist"
        return Problem(shown, FailureKind.UNREADABLE, f"{shown} {reason}.")
    reason = (error.strerror or str(error)).lower()
    return Problem(shown, FailureKind.UNREADABLE, f"{shown} can't be read: {reason}.")


def _no_file(path: Path) -> Problem:
    shown = printable(path)
    return Problem(shown, FailureKind.UNSUPPORTED, f"{shown} is neither a file nor a folder.")


def _unsettled(path: Path) -> Problem:
    shown = printable(path)
    return Problem(
        shown,
        FailureKind.UNAVAILABLE,
        f"{shown} was written to while it was read: ingest it again when that is done.",
    )


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode("utf-8", "ignore")
