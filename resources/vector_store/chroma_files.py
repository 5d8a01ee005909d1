"""The folders of Chroma's files: names, what marks a change, durability, what is left over."""

from __future__ import annotations

import os
import secrets
import shutil
import struct
from contextlib import suppress
from pathlib import Path

from resources.failure import FailureKind, SparknetError

_BLOCK = 2**20
# Of hnswlib's files: version, offset, capacity, vectors, bytes a vector.
_HEADER = struct.Struct("<iQQQQ")


def new_folder(generation: Path) -> Path:
    """A folder for Chroma's files whose name never comes up again."""
    return generation / f"chroma-{secrets.token_hex(4)}"


def remove_others(generation: Path, current: str) -> None:
    """Removes the folders that were replaced, or never finished by a process that was killed."""
    for folder in generation.glob("chroma*"):
        if folder.name != current:
            _remove(folder)


def fingerprint(folder: Path) -> str:
    """Changes when Chroma writes its index files."""
    files = sorted(folder.glob("*/*"))
    return "".join(f"{f.name}:{s.st_size}:{s.st_mtime_ns};" for f in files for s in [f.stat()])


def sync_index(folder: Path) -> None:
    """Makes the index files outlast a power cut; of its database Chroma takes care."""
    for file in folder.glob("*/*"):
        _sync(file)


def sync_all(folder: Path) -> None:
    """Makes a folder outlast a power cut, with all that is in it."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def blank_unused(folder: Path) -> None:
    """Overwrites the room that index files have for more vectors, where it is not blank.

    hnswlib writes it out as it found it in memory: that may be text of any document the process has
    read, also of one that was removed. A process that was killed while it loaded a small index
    leaves files that are not whole: without a header they are left alone, and are written anew, and
    blanked, when the index is loaded the next time; with one they may be shorter than it says.
    """
    for header in folder.glob("*/header.bin"):
        begins = header.read_bytes()[: _HEADER.size]
        if len(begins) < _HEADER.size:
            continue
        version, _, capacity, count, width = _HEADER.unpack(begins)
        for name, each in (("data_level0.bin", width), ("length.bin", 4)):
            file = header.with_name(name)
            if version == 1 and file.stat().st_size <= capacity * each:
                _blank(file, count * each)


class Blanking:
    """`blank_unused` for one who asks Chroma of a folder: it looks what was written since.

    Chroma writes the files of an index that it never synced anew when it loads it, which whatever
    is asked of it first may see to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: frozenset[tuple[str, int, int]] = frozenset()

    def after_reading(self) -> None:
        """Costs next to nothing where no file was written since the last call."""
        with suppress(FileNotFoundError):  # replaced, and removed meanwhile
            if self._marks() != self._seen:
                self.after_writing()

    def after_writing(self) -> None:
        """Blanks whatever the files' times say."""
        blank_unused(self._folder)
        self._seen = self._marks()

    def _marks(self) -> frozenset[tuple[str, int, int]]:
        stats = ((str(file), file.stat()) for file in self._folder.glob("*/*.bin"))
        return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _blank(file: Path, start: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        while block := opened.read(_BLOCK):
            if block.count(0) != len(block):
                opened.seek(-len(block), os.SEEK_CUR)
                opened.write(bytes(len(block)))


def size(folder: Path) -> int:
    """Bytes of all files in a folder, those that vanish meanwhile left out."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def require_space(folder: Path) -> None:
    """Checks that there is room for a folder's files once more.

    Raises:
        SparknetError: There is not.
    """
    needed, free = size(folder), shutil.disk_usage(folder).free
    if free < needed:
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            f"Compacting the index in {folder} needs {needed / 1e9:.1f} GB free on its disk, which"
            f" has {free / 1e9:.1f} GB: free some space and try again.",
        )


def remove_generation(generation: Path) -> None:
    """Removes its folder, at once for all who come after."""
    aside = generation.with_name(f"{_dropped(generation)}{secrets.token_hex(4)}")
    generation.rename(aside)
    remove_dropped(generation)


def remove_dropped(generation: Path) -> None:
    """Removes what a killed removal of an earlier generation of this name left."""
    for aside in generation.parent.glob(f"{_dropped(generation)}*"):
        _remove(aside)


def _dropped(generation: Path) -> str:
    return f".{generation.name}.dropped-"


def _remove(folder: Path) -> None:
    """Removes a folder that another process may be removing as well."""
    while folder.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
