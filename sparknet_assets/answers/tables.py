"""What the figures of a table's row mean: rows above it that name columns and groups, units."""

from __future__ import annotations

import re

from sparknet_assets.answers.amounts import has_figures
from sparknet_assets.answers.sentences import ROW

_UNITS = re.compile(r"\((?:[^()]*\b)?(?:in|except)\b[^()]*\)", re.IGNORECASE)
_MOST_ROWS = 6
_CAPTION = 300


def heading_of(passage: str, row: str) -> str:
    """What names the columns of a row, its group in the table, and above the table its units.

    Columns are named by the rows that the table begins with as long as they have no figures but
    dates; a row without figures can't be told from those, so of its table only rows with an empty
    first cell are headings. A group is named by the nearest row above that has one cell only.
    Empty for what is no row, and for a table without any of these.
    """
    if ROW not in row or "\n" in row:
        return ""
    above, table = _parted(passage, row)
    lines = table.split("\n") if table else []
    heading = _columns(lines, has_figures(row))
    group = next((line for line in reversed(lines[len(heading) :]) if ROW not in line), "")
    if group and not has_figures(group) and not group.startswith("|"):
        heading.append(group)
    units = _UNITS.search(above.rpartition("\n\n")[2])
    return "\n".join([units[0], *heading] if units else heading)


def above_table(passage: str, row: str) -> str:
    """The two paragraphs above a row's table, which mostly say what that is of."""
    above, _ = _parted(passage, row)
    paragraphs = [part for part in above.split("\n\n")[-2:] if ROW not in part]
    return "\n".join(part[-_CAPTION:] for part in paragraphs).strip()


def label_of(row: str) -> str:
    """The first cell of a row, which names what its figures are of."""
    return row.partition(ROW)[0] if ROW in row else ""


def _parted(passage: str, row: str) -> tuple[str, str]:
    """What stands above the table of a row, and the rows of it that stand above that."""
    start = passage.find(row)
    above, _, _ = passage[: max(start, 0)].rpartition("\n\n")
    return above, passage[len(above) : start].strip("\n") if start >= 0 else ""


def _columns(lines: list[str], of_figures: bool) -> list[str]:
    heading: list[str] = []
    for line in lines[:_MOST_ROWS]:
        # The first cell of a heading row is empty; that of a row of figures names them.
        if not line.startswith(ROW.lstrip()) and (not of_figures or has_figures(line)):
            break
        heading.append(line)
    # Without a row of several cells there are no columns, but groups.
    while heading and ROW not in heading[-1] and not heading[-1].startswith("|"):
        heading.pop()
    return heading
