"""`sparknet plan`: what would be redone, why, and what it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, json_option, print_json, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from schedules.plan import Plan
    from sparknet_assets.cli.session import Session

_LISTED = 200


@click.command(
    epilog="""\b
Examples:
  sparknet plan
  SPARKNET_CHUNK_TOKENS=128 sparknet plan
  sparknet plan --json | jq '.documents[] | {doc_id, reason}'

Changes nothing; `sparknet materialize --stale` does what the plan says. Files that look changed, as
all do in a home that was copied, are read to see whether they are. Times and costs are
estimates, from what a page has taken at each stage so far.
"""
)
@click.option("--all", "list_all", is_flag=True, help=f"List all, also when over {_LISTED}.")
@json_option
@click.pass_obj
def plan(session: Session, list_all: bool, as_json: bool) -> None:
    """Shows what is new, changed, removed or out of date, and why."""
    from schedules.plan_words import plan_lines
    from schedules.reconciliation import gather_by_content

    found = gather_by_content(session.deployment).plan
    if as_json:
        print_json(found.as_json())
        return
    if found.documents:
        show(plan_table(found, None if list_all else _LISTED))
        click.echo()
    for line in plan_lines(found):
        click.echo(clean(line))
    if not list_all and len(found.documents) > _LISTED:
        click.echo(f"The first {_LISTED} are listed; --all lists every document.")


def plan_table(found: Plan, limit: int | None = None) -> Table:
    """The documents that need something done, one a row."""
    from schedules.plan_words import duration

    rows = table("document", "change", "pages", "about", "why", numbers=("pages", "about"))
    for document in found.documents[:limit]:
        rows.add_row(
            clean(document.doc_id),
            document.change.value,
            str(document.pages or ""),
            duration(document.seconds),
            clean(document.reason),
        )
    return rows
