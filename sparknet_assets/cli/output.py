"""Results on stdout: JSON for programs, tables for people."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sparknet_assets.reports import DocumentReport

_PIPED_WIDTH = 160
_NARROW = 80
# What of a name stays on one line when the terminal is narrow.
_NAME_WIDTH = 16
_TITLE_WIDTH = 80
COLOURS = {"indexed": "green", "partial": "yellow", "failed": "red", "pending": "cyan"}

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of tables."
)


def print_json(value: object) -> None:
    """One JSON document on stdout, plain ASCII whatever the terminal's encoding."""
    click.echo(json.dumps(value, indent=2))


def console() -> Console:
    """Where tables go; wide, plain text when stdout is not a terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(width=width, highlight=False, emoji=False, markup=False)


def show(*renderables: Any) -> None:
    """Prints tables and styled text, each line without the blanks that rich fills it up with."""
    out = console()
    with out.capture() as captured:
        for renderable in renderables:
            out.print(renderable)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    """An empty table; the columns in `numbers` are right-aligned."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column in numbers
        # Folded on a narrow terminal, never cut: names are there to be copied.
        made.add_column(
            column, justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    return made


def clean(text: str) -> str:
    """Text of a document without control characters: it must not steer the terminal."""
    return "".join(c if unicodedata.category(c)[0] != "C" or c == "\n" else " " for c in text)


def called(doc_id: str, filename: str) -> str:
    """What people know a document by, and in brackets the id that commands take."""
    return clean(doc_id if filename in ("", doc_id) else f"{filename} ({doc_id})")


def shortened(text: str, length: int = _TITLE_WIDTH) -> str:
    """A text on one line, its end left out where it is longer."""
    line = " ".join(clean(text).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}\u2026"


def status_cell(status: str) -> Any:
    """A status in its colour."""
    from rich.text import Text

    return Text(status, style=COLOURS.get(status, ""))


def document_table(reports: Sequence[DocumentReport]) -> Table:
    """Documents, one a row, with what is wrong."""
    figures = ["pages", "chunks", "seconds"] if console().width >= _NARROW else ["pages"]
    rows = table("document", "status", *figures, "what is wrong", numbers=figures)
    longest = max((len(item.document.doc_id) for item in reports), default=0)
    rows.columns[0].min_width = min(longest, _NAME_WIDTH)
    for item in reports:
        document = item.document
        seconds = sum(stage.seconds for stage in item.stages.values())
        shown = [str(document.pages or ""), str(document.chunks or ""), f"{seconds:.1f}"]
        rows.add_row(
            document.doc_id,
            status_cell(document.status.value),
            *shown[: len(figures)],
            what_is_wrong(item),
        )
    return rows


def what_is_wrong(item: DocumentReport) -> str:
    """The failure of a document in words; empty when there is none."""
    failure = item.document.failure
    if failure is None:
        return clean(item.document.stale)
    missing = item.failed_pages
    pages = f"missing page{'s' * (len(missing) > 1)} {page_list(missing)}; " if missing else ""
    older = " (the version before it answers)" if item.document.stale else ""
    return clean(f"{failure.kind.value}: {pages}{failure.message}{older}")


def page_list(pages: Sequence[int]) -> str:
    """Page numbers with ranges: `1-3, 7`."""
    spans: list[list[int]] = []
    for page in sorted(pages):
        if spans and page == spans[-1][1] + 1:
            spans[-1][1] = page
        else:
            spans.append([page, page])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def counted(number: int, noun: str) -> str:
    """`1 page`, `1,200 pages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def totals_line(totals: Mapping[str, int]) -> str:
    """`12 indexed, 1 failed`."""
    order = ["indexed", "partial", "failed", "pending", "deleted"]
    return ", ".join(f"{totals[status]:,} {status}" for status in order if totals.get(status))
