"""`sparknet ingest`, `materialize`, `retry`: documents through the stages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.choices import FAILURE_KINDS, TIERS
from sparknet_assets.cli.output import (
    clean,
    counted,
    document_table,
    json_option,
    print_json,
    show,
    totals_line,
)
from sparknet_assets.cli.status import unknown_document
from sparknet_assets.stage_names import STAGE_NAMES

if TYPE_CHECKING:
    from resources.catalog import DocumentRecord
    from sparknet_assets.cli.progress import View
    from sparknet_assets.cli.session import Session
    from sparknet_assets.document_run import StageResult
    from sparknet_assets.found_files import Problem
    from sparknet_assets.reports import DocumentReport


def _safe_doc_id(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    from sparknet_assets.naming import is_safe_doc_id

    if value is not None and not is_safe_doc_id(value):
        raise click.BadParameter(
            "use a to z, 0 to 9, - and _, starting with a letter or digit, at most 100 characters"
        )
    return value


@click.command(
    epilog="""\b
Examples:
  sparknet ingest reports/
  sparknet ingest contract-v2.pdf --doc-id contract
  sparknet ingest scans/ --json > result.json

A file that was ingested before keeps its document; when it changed, the document is redone. Exit
code 1 says that a document failed or a path could not be read; all others are indexed regardless.
"""
)
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option(
    "--tier",
    type=click.Choice(TIERS),
    help="How much may be spent on these documents; recorded for services that cost money.",
)
@click.option("--doc-id", callback=_safe_doc_id, help="Name of the document, for a single file.")
@json_option
@click.pass_obj
def ingest(
    session: Session, paths: Sequence[Path], tier: str | None, doc_id: str | None, as_json: bool
) -> None:
    """Takes in files and folders, and indexes them."""
    from sparknet_assets.cli.progress import progress_view
    from sparknet_assets.intake import take_in

    started = time.monotonic()
    with progress_view() as view:
        view.start("taking in", None)
        intake = take_in(session.deployment, paths, tier=tier, doc_id=doc_id, progress=view.tick)
        _execute(session, intake.doc_ids, None, False, view)
    doc_ids = [*intake.doc_ids, *intake.refused]
    _finish(session, doc_ids, intake.problems, as_json, time.monotonic() - started)


@click.command(
    epilog="""\b
Examples:
  sparknet materialize
  sparknet materialize --stage chunks --stage embeddings --stage vector_index
  sparknet materialize annual-report-pdf --force

What is up to date is not done again, unless --force is given.
"""
)
@click.argument("docs", nargs=-1, metavar="[DOC]...")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    type=click.Choice(STAGE_NAMES),
    help="Only this stage; repeatable.",
)
@click.option("--force", is_flag=True, help="Redo what is up to date.")
@json_option
@click.pass_obj
def materialize(
    session: Session, docs: Sequence[str], stages: Sequence[str], force: bool, as_json: bool
) -> None:
    """Brings documents up to date: those named, or all."""
    from resources.catalog import DocumentStatus
    from sparknet_assets.cli.progress import progress_view

    catalog = session.deployment.catalog
    known = catalog.get_many(docs) if docs else {d.doc_id: d for d in catalog.documents()}
    for doc in docs:
        if doc not in known:
            raise unknown_document(session, doc)
    doc_ids = [
        doc_id for doc_id in (docs or known) if known[doc_id].status is not DocumentStatus.DELETED
    ]
    started = time.monotonic()
    with progress_view() as view:
        there = [doc_id for doc_id in doc_ids if not _never_copied(known[doc_id])]
        _execute(session, there, stages or None, force, view)
    _finish(session, doc_ids, [], as_json, time.monotonic() - started, stages=stages)


@click.command(
    epilog="""\b
Examples:
  sparknet retry
  sparknet retry --kind timed_out --kind out_of_memory
"""
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(FAILURE_KINDS),
    help="Only documents that failed for this reason; repeatable.",
)
@json_option
@click.pass_obj
def retry(session: Session, kinds: Sequence[str], as_json: bool) -> None:
    """Tries again what failed, and documents with missing pages."""
    from resources.catalog import DocumentStatus
    from sparknet_assets.cli.progress import progress_view
    from sparknet_assets.intake import take_in

    deployment = session.deployment
    chosen = [
        record
        for status in (DocumentStatus.FAILED, DocumentStatus.PARTIAL)
        for record in deployment.catalog.documents(status=status)
        if record.failure is not None and (not kinds or record.failure.kind.value in kinds)
    ]
    if not chosen and not as_json:
        click.echo("Nothing to retry.")
        return
    started = time.monotonic()
    problems: list[Problem] = []
    doc_ids = [record.doc_id for record in chosen]
    due = []
    with progress_view() as view:
        for record in chosen:
            if not _never_copied(record):
                due.append(record.doc_id)
            else:
                again = take_in(deployment, [Path(record.source)], doc_id=record.doc_id)
                problems += again.problems
                due += again.doc_ids
        _execute(session, due, None, False, view)
    _finish(session, doc_ids, problems, as_json, time.monotonic() - started)


def _never_copied(record: DocumentRecord) -> bool:
    """A file over the size limit stays where it is; the limit may have been raised since."""
    return bool(record.source) and record.status == "failed" and not record.raw_version


def _execute(
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
    from sparknet_assets.execution import execute

    counter = Counter(chosen_stages(stages, STAGE_NAMES))
    view.start("starting", len(doc_ids))

    def report(result: StageResult) -> None:
        counter.add(result)
        view.show(counter)

    execute(session.deployment, doc_ids, stages=stages, force=force, progress=report)


def _finish(
    session: Session,
    doc_ids: Sequence[str],
    problems: Sequence[Problem],
    as_json: bool,
    seconds: float,
    stages: Sequence[str] = (),
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
                "seconds": round(seconds, 3),
            }
        )
    else:
        _print_outcome(reports, problems, counts, seconds)
    unfinished = not stages and any(item.document.status.value == "pending" for item in reports)
    if problems or troubled(reports) or unfinished:
        raise click.exceptions.Exit(1)


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
    click.echo(
        f"{totals_line(counts)}: {counted(pages, 'page')}, "
        f"{counted(chunks, 'chunk')} in {seconds:.1f} s"
    )
