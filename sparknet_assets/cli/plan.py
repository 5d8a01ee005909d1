"""`sparknet plan`: what would be redone, why, and what it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table

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

Changes nothing; `sparknet materialize --stale` does what the plan says. Times and costs are
estimates, from what a page has taken at each stage so far.
"""
)
@click.option("--all", "list_all", is_flag=True, help=f"List all, also when over {_LISTED}.")
@json_option
@click.pass_obj
def plan(session: Session, list_all: bool, as_json: bool) -> None:
    """Shows what is new, changed, removed or out of date, and why."""
    from schedules.reconciliation import gather_settled

    found = gather_settled(session.deployment).plan
    if as_json:
        print_json(found.as_json())
        return
    if found.documents:
        show(plan_table(found, None if list_all else _LISTED))
        click.echo()
    for line in plan_lines(found):
        click.echo(line)
    if not list_all and len(found.documents) > _LISTED:
        click.echo(f"The first {_LISTED} are listed; --all lists every document.")


def plan_table(found: Plan, limit: int | None = None) -> Table:
    """The documents that need something done, one a row."""
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


def plan_lines(found: Plan) -> list[str]:
    """The totals of a plan in words, with what a person should know."""
    totals = found.totals()
    names = ("new", "changed", "pending", "orphaned", "outdated", "due", "removed")
    todo = [f"{totals[name]:,} {name}" for name in names if totals[name]]
    rest_names = ("unchanged", "waiting", "unsettled")
    rest = [f"{totals[name]:,} {name}" for name in rest_names if totals[name]]
    lines = [f"Nothing to do: {', '.join(rest) or 'no documents yet'}."]
    if todo:
        lines = [f"To do: {', '.join(todo)}. {_estimate(totals)}"]
        if rest:
            lines.append(f"Left as they are: {', '.join(rest)}.")
    if found.held_back:
        lines.append(f"Removals are held back: {found.held_back}")
    lines += [f"Left aside: {clean(key)}: {clean(reason)}" for key, reason in found.ignored]
    return lines


def duration(seconds: float | None) -> str:
    """A time for people: `0.4 s`, `12 min`, `3.5 h`; empty when it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _estimate(totals: dict[str, Any]) -> str:
    """Pages, working time and money; the time is that of one worker."""
    parts = [counted(totals["pages"], "known page")]
    if totals["seconds"]:
        parts.append(f"about {duration(totals['seconds'])} of work")
    if totals["cost_usd"]:
        parts.append(f"about ${totals['cost_usd']:.2f}")
    return ", ".join(parts) + "."
