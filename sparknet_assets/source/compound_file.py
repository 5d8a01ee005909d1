"""What an OLE compound file is, by the streams in its root (MS-CFB): DOC, XLS, PPT, MSG, ..."""

from __future__ import annotations

import os
import struct
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

UNKNOWN_COMPOUND_FILE = "application/x-ole-storage"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ENCRYPTED_OOXML = {
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".xlsm": _OFFICE + "spreadsheetml.sheet",
    ".pptx": _OFFICE + "presentationml.presentation",
    ".pptm": _OFFICE + "presentationml.presentation",
}
_NO_ENTRY, _NO_SECTOR = 0xFFFFFFFF, 0xFFFFFFFA
_MOST_ENTRIES = 100_000
_MINI_STREAM_CUTOFF = 4096


class _Stream(NamedTuple):
    start: int
    size: int


def compound_file_type(path: Path, filename: str) -> tuple[str, bool]:
    """Media type of a compound file, and whether it is encrypted. Damage gives the general type."""
    try:
        with path.open("rb") as file:
            reader = _Reader(file)
            return _judge(reader, reader.root_streams(), PurePosixPath(filename).suffix.lower())
    except (struct.error, ValueError, IndexError, OverflowError):
        return UNKNOWN_COMPOUND_FILE, False


def _judge(reader: _Reader, streams: dict[str, _Stream], suffix: str) -> tuple[str, bool]:
    if "EncryptedPackage" in streams:  # MS-OFFCRYPTO 2.3: an OOXML file inside, of any kind
        return _ENCRYPTED_OOXML.get(suffix, _OFFICE + "wordprocessingml.document"), True
    if "WordDocument" in streams:
        flags = reader.first_bytes(streams["WordDocument"])[10:12]
        # FibBase (MS-DOC 2.5.2): bit 8 is fEncrypted
        return "application/msword", bool(int.from_bytes(flags, "little") & 0x0100)
    for name in ("Workbook", "Book"):
        if name in streams:
            return "application/vnd.ms-excel", _has_filepass(reader.first_bytes(streams[name]))
    if "PowerPoint Document" in streams:
        return "application/vnd.ms-powerpoint", "EncryptedSummary" in streams
    if "__properties_version1.0" in streams:
        return "application/vnd.ms-outlook", False
    return UNKNOWN_COMPOUND_FILE, False


def _has_filepass(data: bytes) -> bool:
    """True when a FilePass record (MS-XLS 2.4.117) comes among the first ones of the workbook."""
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == 0x2F:
            return True
        at += 4 + length
    return False


class _Reader:
    """Reads directory entries and the first bytes of streams, never more than it needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)
        header = file.read(512)
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in (9, 12):
            raise ValueError("no sector size of a compound file")
        self._sector_size = 1 << shift
        self._directory_start, self._difat_start = struct.unpack_from("<I16xI", header, 48)
        self._fat_sectors = list(struct.unpack_from("<109I", header, 76))

    def root_streams(self) -> dict[str, _Stream]:
        """The root's own streams and storages; those of embedded objects are left out."""
        entries = self._directory()
        found: dict[str, _Stream] = {}
        waiting, seen = [struct.unpack_from("<I", entries[0], 76)[0]], set[int]()
        while waiting:
            number = waiting.pop()
            if number in seen or number >= len(entries):
                continue
            seen.add(number)
            entry = entries[number]
            length = struct.unpack_from("<H", entry, 64)[0]
            name = entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", entry, 116)
            found[name] = _Stream(start, size)
            waiting += struct.unpack_from("<II", entry, 68)
        return found

    def first_bytes(self, stream: _Stream) -> bytes:
        """The first sector of a stream; nothing of those kept in the mini stream."""
        return b"" if stream.size < _MINI_STREAM_CUTOFF else self._sector(stream.start)

    def _directory(self) -> list[bytes]:
        entries: list[bytes] = []
        sector, seen = self._directory_start, set[int]()
        while sector < _NO_SECTOR and sector not in seen and len(entries) < _MOST_ENTRIES:
            seen.add(sector)
            data = self._sector(sector)
            entries += [data[at : at + 128] for at in range(0, len(data) - 127, 128)]
            sector = self._next(sector)
        return entries

    def _sector(self, number: int) -> bytes:
        offset = (number + 1) * self._sector_size
        if offset >= self._size:
            return b""
        self._file.seek(offset)
        return self._file.read(self._sector_size)

    def _next(self, sector: int) -> int:
        per_sector = self._sector_size // 4
        index, place = divmod(sector, per_sector)
        fat = self._sector(self._fat_sector(index))
        return int(struct.unpack_from("<I", fat, place * 4)[0])

    def _fat_sector(self, index: int) -> int:
        """Where the index-th sector of the FAT is; the header lists the first 109."""
        if index < 109:
            return int(self._fat_sectors[index])
        steps, place = divmod(index - 109, self._sector_size // 4 - 1)
        sector = self._difat_start
        for _ in range(min(steps, _MOST_ENTRIES)):
            sector = int(struct.unpack_from("<I", self._sector(sector), self._sector_size - 4)[0])
        return int(struct.unpack_from("<I", self._sector(sector), place * 4)[0])
