"""`sparknet verify`: do raw, artifacts, catalog and index agree?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from sparknet_assets.cli.session import Session
    from sparknet_assets.verification import Disagreement
    from sparknet_assets.verification.evaluation import Report


@click.command(
    epilog="""\b
Examples:
  sparknet verify
  sparknet verify --json | jq '.problems[].kind' | sort | uniq -c

Changes nothing; the UI shows the same checks. Exit code 1 says that there are problems; warnings
are for you to know.
"""
)
@click.option("--deep", is_flag=True, help="Also hash originals and page images. Reads everything.")
@json_option
@click.pass_obj
def verify(session: Session, deep: bool, as_json: bool) -> None:
    """Checks that originals, artifacts, catalog and index agree."""
    from sparknet_assets.verification import examine
    from sparknet_assets.verification.evaluation import evaluate

    deployment = session.deployment
    report = evaluate(examine(deployment, deep=deep))
    _tell_ui(deployment, report)
    if as_json:
        print_json(as_dict(report))
    else:
        _print(report)
    if report.problems:
        raise click.exceptions.Exit(1)


def as_dict(report: Report) -> dict[str, object]:
    """The report as `--json` prints it."""
    return {
        "ok": not report.problems,
        "problems": [item._asdict() for item in report.problems],
        "warnings": [item._asdict() for item in report.warnings],
    }


def _print(report: Report) -> None:
    problems, warnings = report.problems, report.warnings
    if warnings:
        _show("warning", warnings)
        click.echo(f"\n{counted(len(warnings), 'warning')}.\n")
    if problems:
        _show("problem", problems)
        click.echo(
            f"\n{counted(len(problems), 'problem')} in {counted(report.examined, 'document')}. "
            "docs/operations.md says what each means."
        )
    else:
        click.echo(f"All agree: {counted(report.examined, 'document')}, no problems.")


def _show(what: str, found: Sequence[Disagreement]) -> None:
    rows = table("document", what, "detail")
    for item in found:
        rows.add_row(clean(item.doc_id), item.kind, clean(item.detail))
    show(rows)


def _tell_ui(deployment: Deployment, report: Report) -> None:
    """Records the evaluations in the shared instance; verifying does not depend on it."""
    from sparknet_assets.checks import report_to
    from sparknet_assets.instance import open_instance

    try:
        with open_instance(deployment.settings) as instance:
            report_to(instance, report)
    except Exception as error:  # whatever Dagster's storage raises: it may be what is damaged
        click.echo(f"The UI was not told: {clean(str(error))}", err=True)
