"""Which files under `raw/` are documents, and which only pass by."""

from __future__ import annotations

RAW = "raw/"

_TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", "~")
_SYSTEM = frozenset({"thumbs.db", "desktop.ini", "icon\r"})


def is_temporary(key: str) -> bool:
    """True for hidden files, lock files and unfinished downloads, in whatever folder."""
    parts = key.removeprefix(RAW).split("/")
    name = parts[-1].lower()
    hidden = any(part.startswith(".") for part in parts)
    return hidden or name.startswith("~$") or name.endswith(_TEMPORARY) or name in _SYSTEM


def depth_and_name(key: str) -> tuple[int, str]:
    """Sort key: of several files in a document's folder, the least is the document."""
    return key.count("/"), key
