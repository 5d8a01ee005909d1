"""`If-Match` (RFC 9110, 13.1.1): a change only of what the caller has seen."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from fastapi import Header

from sparknet_assets.api.problems import ProblemError

IfMatch = Annotated[
    str | None,
    Header(
        max_length=1000,
        description="The `ETag` of the fields as they were read, or their `version` in quotes: a"
        " field that was corrected since then stays as it is, and the answer is 412.",
    ),
]
# A proxy that compresses marks tags as weak; the number within says exactly what was read.
_TAG = re.compile(r'(?:W/)?"([0-9]{1,9})(?:-[0-9a-f]*)?"')


def tag_of(version: int, body: bytes = b"") -> str:
    """The ETag of fields with so many corrections, and of their bytes if there are some."""
    return f'"{version}-{hashlib.sha256(body).hexdigest()[:32]}"' if body else f'"{version}"'


def version_in(if_match: str | None, doc_id: str) -> int | None:
    """The version that the caller has seen; None where whatever there is may be changed.

    Raises:
        ProblemError: No tag in it is one of fields (412).
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = [_TAG.fullmatch(tag.strip()) for tag in if_match.split(",")]
    versions = [int(tag[1]) for tag in found if tag]
    if not versions:
        raise ProblemError(412, "If-Match has no ETag of these fields.", doc_id=doc_id)
    return max(versions)
