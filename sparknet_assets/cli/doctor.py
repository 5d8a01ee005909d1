"""`sparknet doctor`: can this machine, with these settings, do the work?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, json_option, print_json, show, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from sparknet_assets.cli.session import Session
    from sparknet_assets.diagnosis import Check

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command(
    epilog="""\b
Examples:
  sparknet doctor
  SPARKNET_OCR=tesseract sparknet doctor
"""
)
@json_option
@click.pass_obj
def doctor(session: Session, as_json: bool) -> None:
    """Checks settings, adapters and the machine, with a remedy for what is wrong."""
    from sparknet_assets import diagnosis

    settings = session.deployment.settings
    checks = list(diagnosis.diagnose(session.deployment))
    ok = all(check.level != "fail" for check in checks)
    in_force = diagnosis.settings_in_force(settings)
    versions = diagnosis.versions()
    if as_json:
        print_json(
            {
                "ok": ok,
                "checks": [check._asdict() for check in checks],
                "settings": {name: value for name, value, _ in in_force},
                "versions": versions,
            }
        )
    else:
        show(checks_table(checks))
        changed = [f"  {name} = {value}" for name, value, default in in_force if not default]
        show("\nSettings other than the defaults:" if changed else "\nAll settings: defaults.")
        for line in changed:
            show(line)
        show("\nVersions: " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    if not ok:
        raise click.exceptions.Exit(1)


def checks_table(checks: Iterable[Check]) -> Table:
    """What was found, a line for each check."""
    from rich.text import Text

    rows = table("check", "", "what was found", "what to do")
    for check in checks:
        mark = Text(check.level, style=_COLOURS[check.level])
        rows.add_row(check.name, mark, clean(check.detail), check.remedy)
    return rows
