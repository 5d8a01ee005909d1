"""`sparknet tier`: how much to spend on documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.choices import TIERS
from sparknet_assets.cli.output import counted, json_option, print_json
from sparknet_assets.cli.status import known_documents

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  sparknet tier annual-report-pdf premium
  sparknet tier letter-1 letter-2 basic --json
  sparknet tier contract premium && sparknet plan

Redoes nothing by itself: `sparknet plan` shows what follows and what it costs, `sparknet
materialize DOC...` does it. What is said here outweighs object metadata, rules and the default.
"""
)
@click.argument("docs", nargs=-1, required=True, metavar="DOC...")
@click.argument("tier", type=click.Choice(TIERS), metavar="TIER")
@json_option
@click.pass_obj
def tier(session: Session, docs: Sequence[str], tier: str, as_json: bool) -> None:
    """Gives documents a tier: basic, standard or premium."""
    from sparknet_assets.tiers import set_tier, source_of

    before = known_documents(session, docs)
    rows = set_tier(session.deployment, docs, tier)
    if as_json:
        changes = [
            {
                "doc_id": row.doc_id,
                "tier": row.tier,
                "tier_source": source_of(row),
                "before": before[row.doc_id].tier,
            }
            for row in rows
        ]
        print_json({"documents": changes})
        return
    changed = [row.doc_id for row in rows if before[row.doc_id].tier != tier]
    click.echo(f"{counted(len(rows), 'document')} {tier}, {len(changed)} changed.")
    if changed:
        click.echo("`sparknet plan` shows what is to be redone.")
