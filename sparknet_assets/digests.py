"""sha256 of bytes that are too many to hold: a block at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from resources.storage import StorageAdapter

_BLOCK = 1 << 20


def read_blocks(file: BinaryIO) -> Iterator[bytes]:
    """The rest of an open file, a block at a time."""
    while block := file.read(_BLOCK):
        yield block


def sha256_of(blocks: Iterable[bytes]) -> str:
    """sha256 (hex) of blocks of bytes, one after the other."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def stored_sha256(storage: StorageAdapter, key: str) -> str:
    """sha256 (hex) of a stored object. Raises ObjectNotFoundError."""
    with storage.open(key) as file:
        return sha256_of(read_blocks(file))
