"""Which keys are valid, for every storage: a key that passes can't leave the root anywhere."""

from __future__ import annotations

from resources.storage import InvalidKeyError

# Longest name that ext4, XFS, APFS and NTFS all take, and S3's limit for a whole key (UTF-8 bytes).
MAX_NAME_BYTES = 255
MAX_KEY_BYTES = 1024
# Names that start so are unfinished writes of the local adapter.
TEMPORARY_PREFIX = ".~sparknet-"


def check_key(key: str) -> None:
    """Raises InvalidKeyError unless `key` is relative, whole and fit for any storage."""
    if not key:
        raise InvalidKeyError("A storage key must not be empty.")
    if _size(key) > MAX_KEY_BYTES:
        raise InvalidKeyError(
            f"The storage key {key[:80]!r}... is longer than {MAX_KEY_BYTES} bytes: shorten it."
        )
    for name in key.split("/"):
        _check_name(name, key)


def check_prefix(prefix: str) -> None:
    """Raises InvalidKeyError unless some valid key can start with `prefix`."""
    folder, slash, rest = prefix.rpartition("/")
    if slash:
        check_key(folder)
    _check_characters(rest, prefix)


def _check_name(name: str, key: str) -> None:
    if name in {"", ".", ".."}:
        raise InvalidKeyError(
            f"The storage key {key!r} has the segment {name!r}: use names between single slashes,"
            " without '.' and '..', and no slash at either end."
        )
    _check_characters(name, key)
    if name.startswith(TEMPORARY_PREFIX):
        raise InvalidKeyError(f"The storage key {key!r} uses a name kept for unfinished writes.")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidKeyError(
            f"The storage key {key[:80]!r}... has a segment longer than {MAX_NAME_BYTES} bytes:"
            " shorten it."
        )


def _check_characters(text: str, key: str) -> None:
    if "\0" in text or "\\" in text:
        raise InvalidKeyError(f"The storage key {key!r} has a NUL or a backslash in it.")
    _size(text)


def _size(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise InvalidKeyError(f"The storage key {text!r} is not valid Unicode text.") from None
