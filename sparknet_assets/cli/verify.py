"""`sparknet verify`: do raw, artifacts, catalog and index agree?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  sparknet verify
  sparknet verify --json | jq '.problems[].kind' | sort | uniq -c

Changes nothing. `sparknet materialize` makes missing artifacts and indexes again;
`sparknet materialize DOC --force` redoes all of a document.
"""
)
@json_option
@click.pass_obj
def verify(session: Session, as_json: bool) -> None:
    """Checks that originals, artifacts, catalog and index agree."""
    from sparknet_assets import verification

    problems = list(verification.verify(session.deployment))
    if as_json:
        print_json({"ok": not problems, "problems": [item._asdict() for item in problems]})
    elif problems:
        rows = table("document", "problem", "detail")
        for item in problems:
            rows.add_row(clean(item.doc_id), item.kind, clean(item.detail))
        show(rows)
        click.echo(
            f"\n{counted(len(problems), 'problem')}. `sparknet materialize` makes what is missing "
            "again, `sparknet materialize DOC --force` redoes a document; docs/operations.md has "
            "the rest."
        )
    else:
        count = sum(session.deployment.catalog.totals().values())
        click.echo(f"All agree: {counted(count, 'document')}, no problems.")
    if problems:
        raise click.exceptions.Exit(1)
