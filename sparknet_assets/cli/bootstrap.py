"""`sparknet bootstrap`: makes what the deployment needs before its first document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.doctor import checks_table
from sparknet_assets.cli.output import json_option, print_json, show

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  SPARKNET_DEPLOYMENT=aws SPARKNET_S3_BUCKET=documents sparknet bootstrap
  sparknet bootstrap --json
"""
)
@json_option
@click.pass_obj
def bootstrap(session: Session, as_json: bool) -> None:
    """Makes the DynamoDB table where it is missing; checks bucket, queue and index.

    Changes nothing that is there, so it can be run at each deployment.
    """
    from sparknet_assets.bootstrap import bootstrap as steps

    checks = list(steps(session.deployment))
    ok = all(check.level != "fail" for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": [check._asdict() for check in checks]})
    elif checks:
        show(checks_table(checks))
    else:
        show("Nothing to make: with these settings nothing is on AWS.")
    if not ok:
        raise click.exceptions.Exit(1)
