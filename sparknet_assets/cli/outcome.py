"""Documents through the stages with a progress bar, and what became of them, for all commands."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import (
    clean,
    counted,
    document_table,
    print_json,
    show,
    totals_line,
)
from sparknet_assets.stage_names import STAGE_NAMES

if TYPE_CHECKING:
    from schedules.plan import Plan
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.cli.progress import View
    from sparknet_assets.cli.session import Session
    from sparknet_assets.intake.found_files import Problem
    from sparknet_assets.reports import DocumentReport


def materialize_stale(session: Session, allow_removals: bool, as_json: bool) -> None:
    """Reconciles, and says what was planned and what became of it."""
    from resources.failure import FailureKind
    from schedules.plan import WORK
    from schedules.plan_words import plan_lines
    from schedules.reconciliation import reconcile
    from sparknet_assets.cli.progress import Counter, progress_view
    from sparknet_assets.intake.found_files import Problem

    started = time.monotonic()
    counter = Counter(STAGE_NAMES)
    with progress_view() as view:
        view.start("planning", None)

        def planned(plan: Plan) -> None:
            view.start("starting", len(plan.of(*WORK)))

        def report(result: StageResult) -> None:
            counter.add(result)
            view.show(counter)

        outcome = reconcile(
            session.deployment,
            allow_removals=allow_removals,
            planned=planned,
            progress=report,
            requested_by="sparknet materialize --stale",
        )
    if not as_json:
        for line in plan_lines(outcome.plan, allow_removals=allow_removals):
            click.echo(clean(line))
        for receipt in outcome.receipts:
            click.echo(f"removed {receipt.doc_id}")
    held = []
    if outcome.plan.held_back and not allow_removals:
        held = [Problem("raw/", FailureKind.REFUSED, outcome.plan.held_back)]
    doc_ids = [document.doc_id for document in outcome.plan.of(*WORK)]
    if not (as_json or doc_ids or held):
        _say_what_answers(session)
        return
    finish(
        session,
        doc_ids,
        held,
        as_json,
        time.monotonic() - started,
        removed=[receipt.doc_id for receipt in outcome.receipts],
    )


def run_stages(
    session: Session,
    doc_ids: Sequence[str],
    stages: Sequence[str] | None,
    force: bool,
    view: View,
) -> None:
    """Runs the Dagster job over the documents, in this process."""
    if not doc_ids:
        return
    from sparknet_assets.cli.progress import Counter, chosen_stages
    from sparknet_assets.runs.execution import execute

    counter = Counter(chosen_stages(stages, STAGE_NAMES))
    view.start("starting", len(doc_ids))

    def report(result: StageResult) -> None:
        counter.add(result)
        view.show(counter)

    execute(session.deployment, doc_ids, stages=stages, force=force, progress=report)


def finish(
    session: Session,
    doc_ids: Sequence[str],
    problems: Sequence[Problem],
    as_json: bool,
    seconds: float,
    stages: Sequence[str] = (),
    removed: Sequence[str] = (),
) -> None:
    """Prints what became of the documents; exits with 1 unless all are well."""
    from sparknet_assets.reports import report, totals, troubled

    reports = list(report(session.deployment.catalog, doc_ids))
    counts = totals(reports)
    if as_json:
        print_json(
            {
                "documents": [item.as_json() for item in reports],
                "totals": counts,
                "problems": [
                    {"path": p.path, "kind": p.kind.value, "message": p.message} for p in problems
                ],
                "removed": list(removed),
                "seconds": round(seconds, 3),
                "cost_usd": round(sum(item.cost_usd for item in reports), 6),
            }
        )
    else:
        _print_outcome(reports, problems, counts, seconds)
        _say_what_answers(session)
    unfinished = not stages and any(item.document.status.value == "pending" for item in reports)
    if problems or troubled(reports) or unfinished:
        raise click.exceptions.Exit(1)


def _say_what_answers(session: Session) -> None:
    from sparknet_assets.generations.holdings import another_answers

    said = another_answers(session.deployment, session.deployment.live)
    if said:
        click.echo(said, err=True)


def _print_outcome(
    reports: Sequence[DocumentReport],
    problems: Sequence[Problem],
    counts: dict[str, int],
    seconds: float,
) -> None:
    from sparknet_assets.reports import troubled

    bad = troubled(reports)
    if bad:
        show(document_table(bad))
        click.echo()
    for problem in problems:
        click.echo(f"not taken in: {clean(problem.message)}", err=True)
    if not reports:
        click.echo("No documents were taken in." if problems else "There are no documents yet.")
        return
    pages = sum(item.document.pages for item in reports)
    chunks = sum(item.document.chunks for item in reports)
    cost = sum(item.cost_usd for item in reports)
    paid = f", ${cost:.4f} paid" if cost else ""
    click.echo(
        f"{totals_line(counts)}: {counted(pages, 'page')}, "
        f"{counted(chunks, 'chunk')} in {seconds:.1f} s{paid}"
    )
