"""Versions of the libraries that shape a stage's output, as its fingerprint takes them in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata


@cache
def library_versions(*names: str) -> Mapping[str, str]:
    """Package -> installed version; read once a process, as it takes 1 ms a package."""
    return {name: metadata.version(name) for name in names}
