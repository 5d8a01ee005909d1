"""`sparknet compare`: is another deployment of the same documents in the same state?"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from sparknet_assets.cli.session import Session
    from sparknet_assets.verification.parity import Parity

_LISTED = 200


@click.command(
    epilog="""\b
Examples:
  sparknet compare aws.toml
  sparknet compare aws.toml --json | jq '.stages'

OTHER is a settings file like sparknet.toml; what it says holds, then SPARKNET_* variables. Stages
have to agree where their settings and inputs do. Exit code 1: some difference has no such reason.
"""
)
@click.argument("other", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "list_all", is_flag=True, help=f"List all, also when over {_LISTED}.")
@json_option
@click.pass_obj
def compare(session: Session, other: Path, list_all: bool, as_json: bool) -> None:
    """Holds this deployment against another one of the same documents."""
    from resources.deployment import Deployment
    from resources.settings import SettingsError, load_settings
    from sparknet_assets.verification import parity

    try:
        given = tomllib.loads(other.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{other} is not valid TOML: {error}") from None
    found = parity.compare(session.deployment, Deployment(load_settings(**given)))
    if as_json:
        print_json(found.as_json())
    else:
        _print(found, None if list_all else _LISTED)
    if not found.ok:
        raise click.exceptions.Exit(1)


def _print(found: Parity, limit: int | None) -> None:
    show(_totals(found))
    if found.differences:
        rows = table("document", "stage", "explained", "difference")
        ordered = sorted(found.differences, key=lambda difference: difference.explained)
        for item in ordered[:limit]:
            explained = "yes" if item.explained else "NO"
            rows.add_row(clean(item.doc_id), item.stage, explained, clean(item.detail))
        click.echo()
        show(rows)
        if limit is not None and len(ordered) > limit:
            click.echo(f"The first {limit} are listed; --all lists every difference.")
    said = "every difference is explained" if found.ok else "there are unexplained differences"
    click.echo(f"{counted(found.documents, 'document')} compared: {said}.")


def _totals(found: Parity) -> Table:
    verdicts = ("equal", "explained", "unexplained")
    rows = table("stage", *verdicts, numbers=verdicts)
    for name in dict.fromkeys(stage for stage, _ in found.stages):
        counts = [str(found.stages[name, verdict]) for verdict in verdicts]  # type: ignore[index]
        rows.add_row(name or "documents in both", *counts)
    return rows
