"""`sparknet plan`: what would be redone, why, and what it would take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import (
    clean,
    counted,
    json_option,
    print_json,
    show,
    table,
)

if TYPE_CHECKING:
    from rich.table import Table

    from schedules.plan import PlannedDocument
    from schedules.plan_reasons import PlannedReason
    from sparknet_assets.cli.session import Session

_LISTED = 50
_REASONS = 20
# Of few documents, each is its own summary.
_SUMMED_UP = 10
# One table measures the width of all its rows, which takes long for tens of thousands.
_AT_ONCE = 1000


@click.command(
    epilog="""\b
Examples:
  sparknet plan
  sparknet plan --limit 0
  SPARKNET_CHUNK_TOKENS=128 sparknet plan
  sparknet plan --json | jq '.reasons[] | {documents, reason}'
  sparknet plan --json | jq '.documents[] | {doc_id, reason}'

Changes nothing; `sparknet materialize --stale` does what the plan says. A plan of more than a few
documents is summed up by reason first. --json has every reason and every document, whatever the
limit. Files that look changed, as all do in a home that was copied, are read to see whether they
are. Times and costs are estimates, from what a page has taken at each stage so far.
"""
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=_LISTED,
    show_default=True,
    help="Documents to list; 0: only what the reasons are.",
)
@click.option("--all", "list_all", is_flag=True, help="List every document.")
@json_option
@click.pass_obj
def plan(session: Session, limit: int, list_all: bool, as_json: bool) -> None:
    """Shows what is new, changed, removed or out of date, and why."""
    from schedules.plan_reasons import by_reason
    from schedules.plan_words import plan_lines
    from schedules.reconciliation import gather_by_content

    found = gather_by_content(session.deployment).plan
    reasons = by_reason(found.documents)
    if as_json:
        print_json({**found.as_json(), "reasons": [each.as_json() for each in reasons]})
        return
    listed = found.documents if list_all else found.documents[:limit]
    if found.documents and (len(found.documents) > _SUMMED_UP or not listed):
        show(reason_table(reasons[:_REASONS]))
        if len(reasons) > _REASONS:
            click.echo(f"and {counted(len(reasons) - _REASONS, 'more reason')}.")
        click.echo()
    if listed:
        for rows in _tables(listed):
            show(rows)
        click.echo()
    for line in plan_lines(found):
        click.echo(clean(line))
    if listed and len(listed) < len(found.documents):
        click.echo(f"The first {len(listed):,} are listed; --all lists every document.")


def reason_table(reasons: Sequence[PlannedReason]) -> Table:
    """What would be done for each reason, one a row."""
    from schedules.plan_words import duration

    rows = table(
        "documents", "change", "pages", "about", "why", numbers=("documents", "pages", "about")
    )
    for each in reasons:
        rows.add_row(
            f"{each.documents:,}",
            each.change.value,
            f"{each.pages:,}" if each.pages else "",
            duration(each.seconds),
            clean(each.reason),
        )
    return rows


def plan_table(documents: Sequence[PlannedDocument]) -> Table:
    """The documents that need something done, one a row."""
    from schedules.plan_words import duration

    rows = table("document", "change", "pages", "about", "why", numbers=("pages", "about"))
    for document in documents:
        rows.add_row(
            clean(document.doc_id),
            document.change.value,
            str(document.pages or ""),
            duration(document.seconds),
            clean(document.reason),
        )
    return rows


def _tables(documents: Sequence[PlannedDocument]) -> Iterator[Table]:
    for start in range(0, len(documents), _AT_ONCE):
        yield plan_table(documents[start : start + _AT_ONCE])
