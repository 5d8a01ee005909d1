"""What can be told of a file from its container, before anything in it is expanded."""

from __future__ import annotations

import zipfile
from pathlib import Path

from resources.failure import FailureKind, SparknetError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_EXPANDED = 1 << 30  # bytes
MOST_RATIO = 200  # of a part larger than RATIO_FROM; XML compresses 10 to 60 times
RATIO_FROM = 32 << 20
MOST_PARTS = 50_000


def check_zip(path: Path, name: str) -> None:
    """Refuses what would not open, or not within reason.

    Raises:
        SparknetError: `encrypted` for an OLE wrapped or encrypted package, `corrupt` for a damaged
            one, `too_large` for one that expands beyond the limits above.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head == OLE_MAGIC:
        raise encrypted(name)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise SparknetError(
            FailureKind.CORRUPT, f"{name} is damaged or cut short ({error}); supply it again"
        ) from None
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise encrypted(name)
    total = sum(entry.file_size for entry in entries)
    bomb = any(
        entry.file_size > RATIO_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1)
        for entry in entries
    )
    if total > MOST_EXPANDED or bomb or len(entries) > MOST_PARTS:
        raise SparknetError(
            FailureKind.TOO_LARGE,
            f"{name} would expand to {total / 2**20:,.0f} MB in {len(entries):,} parts; "
            "save it smaller or split it",
        )


def encrypted(name: str) -> SparknetError:
    """The error for a document that opens with a password only."""
    return SparknetError(
        FailureKind.ENCRYPTED,
        f"{name} is protected by a password; save a copy without one and ingest that",
    )


def check_ole(path: Path, name: str) -> None:
    """Refuses an office file of after 2006 that is wrapped because it is encrypted.

    Raises:
        SparknetError: `encrypted`.
    """
    with path.open("rb") as file:
        head = file.read(1 << 20)
    if head.startswith(OLE_MAGIC) and "EncryptedPackage".encode("utf-16-le") in head:
        raise encrypted(name)
