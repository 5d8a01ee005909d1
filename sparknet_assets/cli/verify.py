"""`sparknet verify`: do raw, artifacts, catalog and index agree?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from schedules.repair import Mended
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.cli.session import Session
    from sparknet_assets.verification import Disagreement
    from sparknet_assets.verification.evaluation import Report

_LISTED = 200


@click.command(
    epilog="""\b
Examples:
  sparknet verify
  sparknet verify --repair
  sparknet verify --json | jq '.problems[].kind' | sort | uniq -c

Changes nothing without --repair; the UI shows the same checks. Exit code 1 says that there are
problems, or that some remain; warnings are for you to know.
"""
)
@click.option("--deep", is_flag=True, help="Also hash originals and page images. Reads everything.")
@click.option("--repair", is_flag=True, help="Mend what can be mended, and look again.")
@json_option
@click.pass_obj
def verify(session: Session, deep: bool, repair: bool, as_json: bool) -> None:
    """Checks that originals, artifacts, catalog and index agree."""
    if repair:
        _repair(session.deployment, deep, as_json)
        return
    from sparknet_assets.verification import examine
    from sparknet_assets.verification.evaluation import evaluate

    report = evaluate(examine(session.deployment, deep=deep))
    _tell_ui(session.deployment, report)
    if as_json:
        print_json(_as_json(report))
    else:
        _print(report)
        if report.problems:
            click.echo("`sparknet verify --repair` mends what can be mended.")
    if report.problems:
        raise click.exceptions.Exit(1)


def _repair(deployment: Deployment, deep: bool, as_json: bool) -> None:
    from schedules.repair import mend
    from sparknet_assets.cli.progress import Counter, progress_view
    from sparknet_assets.stage_names import STAGE_NAMES

    counter = Counter(STAGE_NAMES)
    with progress_view() as view:

        def watch(result: StageResult) -> None:
            counter.add(result)
            view.show(counter)

        view.start("verifying", None)
        mended = mend(
            deployment,
            deep=deep,
            found=lambda report: view.start("repairing", None) if report.problems else None,
            progress=watch,
        )
    _tell_ui(deployment, mended.report)
    if as_json:
        print_json({**_as_json(mended.report), "ok": mended.ok, **_repairs_as_json(mended)})
    else:
        _print_repairs(mended)
    if not mended.ok:
        raise click.exceptions.Exit(1)


def _as_json(report: Report) -> dict[str, object]:
    return {
        "ok": not report.problems,
        "problems": [item._asdict() for item in report.problems],
        "warnings": [item._asdict() for item in report.warnings],
        **({"busy": report.busy} if report.busy else {}),
    }


def _repairs_as_json(mended: Mended) -> dict[str, object]:
    return {
        "repaired": [item._asdict() for item in mended.repaired],
        "failed": [{"doc_id": d, "message": m} for d, m in sorted(mended.failed.items())],
    }


def _print(report: Report) -> None:
    problems, warnings = report.problems, report.warnings
    if warnings:
        _show("warning", warnings)
        click.echo(f"\n{counted(len(warnings), 'warning')}.\n")
    if report.busy:
        click.echo(
            f"{counted(len(report.busy), 'document')} being worked on by other processes: verify "
            "again when they are done."
        )
    if problems:
        _show("problem", problems)
        click.echo(
            f"\n{counted(len(problems), 'problem')} in {counted(report.examined, 'document')}. "
            "docs/operations.md says what each means."
        )
    else:
        click.echo(f"All agree: {counted(report.examined, 'document')}, no problems.")


def _print_repairs(mended: Mended) -> None:
    from sparknet_assets.verification.remedies import advice_for, repairs_for

    if mended.repaired:
        _show("repaired", mended.repaired)
        click.echo(f"\n{counted(len(mended.repaired), 'problem')} repaired.\n")
    _print(mended.report)
    for doc_id, message in sorted(mended.failed.items()):
        click.echo(f"Not repaired: {clean(doc_id)}: {clean(message)}")
    asked = {problem for problem, _ in repairs_for(mended.report.problems).ask}
    for kind in sorted({problem.kind for problem in asked}):
        click.echo(f"{kind} needs you: {advice_for(kind)}")
    waiting = {problem.doc_id for problem in asked}
    rest = (p.kind for p in mended.report.problems if p.doc_id not in waiting)
    for kind in sorted(set(rest)):
        click.echo(f"{kind} is there after the repair: `sparknet status DOC` may say why")


def _show(what: str, found: Sequence[Disagreement]) -> None:
    rows = table("document", what, "detail")
    for item in found[:_LISTED]:
        rows.add_row(clean(item.doc_id), item.kind, clean(item.detail))
    show(rows)
    if len(found) > _LISTED:
        click.echo(f"and {len(found) - _LISTED:,} more: --json lists all")


def _tell_ui(deployment: Deployment, report: Report) -> None:
    """Records the evaluations in the shared instance; verifying does not depend on it."""
    from sparknet_assets.checks import report_to
    from sparknet_assets.instance import open_instance

    try:
        with open_instance(deployment.settings) as instance:
            report_to(instance, report)
    except Exception as error:  # whatever Dagster's storage raises: it may be what is damaged
        click.echo(f"The UI was not told: {clean(str(error))}", err=True)
