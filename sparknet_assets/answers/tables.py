"""What the figures of a table's row mean: the rows above it that name columns and units."""

from __future__ import annotations

import re

from sparknet_assets.answers.sentences import ROW

_UNITS = re.compile(r"\((?:[^()]*\b)?(?:in|except)\b[^()]*\)", re.IGNORECASE)
_MOST_ROWS = 6


def heading_of(passage: str, row: str) -> str:
    """The heading rows of the table that a row stands in, and the line above it that names units.

    Empty for what is no row, and for a table without a heading.
    """
    if ROW not in row or "\n" in row:
        return ""
    start = passage.find(row)
    above, _, _ = passage[: max(start, 0)].rpartition("\n\n")
    table = passage[len(above) : start].strip("\n") if start >= 0 else ""
    heading: list[str] = []
    for line in table.split("\n"):
        # The first cell of a heading row is empty; that of a row of figures names them.
        if not line.startswith(ROW.lstrip()) or len(heading) == _MOST_ROWS:
            break
        heading.append(line)
    units = _UNITS.search(above.rpartition("\n\n")[2])
    return "\n".join([units[0], *heading] if units else heading)
