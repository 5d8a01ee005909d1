"""`sparknet ingest`, `materialize`, `retry`: documents through the stages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.choices import FAILURE_KINDS, TIERS
from sparknet_assets.cli.outcome import finish, materialize_stale, run_stages
from sparknet_assets.cli.output import json_option
from sparknet_assets.cli.status import known_documents
from sparknet_assets.stage_names import STAGE_NAMES

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session
    from sparknet_assets.intake.found_files import Problem


def _safe_doc_id(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    from sparknet_assets.intake.naming import is_safe_doc_id

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
  sparknet ingest contracts/ --tier premium

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
    help="How much to spend on these documents; by default what rules and settings say.",
)
@click.option("--doc-id", callback=_safe_doc_id, help="Name of the document, for a single file.")
@json_option
@click.pass_obj
def ingest(
    session: Session, paths: Sequence[Path], tier: str | None, doc_id: str | None, as_json: bool
) -> None:
    """Takes in files and folders, and indexes them."""
    from sparknet_assets.cli.progress import progress_view
    from sparknet_assets.intake.taking_in import take_in

    started = time.monotonic()
    with progress_view() as view:
        view.start("taking in", None)
        intake = take_in(session.deployment, paths, tier=tier, doc_id=doc_id, progress=view.tick)
        run_stages(session, intake.doc_ids, None, False, view)
    doc_ids = [*intake.doc_ids, *intake.refused]
    finish(session, doc_ids, intake.problems, as_json, time.monotonic() - started)


@click.command(
    epilog="""\b
Examples:
  sparknet materialize
  sparknet materialize --stage chunks --stage embeddings --stage vector_index
  sparknet materialize annual-report-pdf --force
  sparknet materialize --stale

What is up to date is not done again, unless --force is given. --stale does what `sparknet plan`
says: it takes up what is new or changed in raw/ and what is out of date, and removes from every
store what is gone from raw/.
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
@click.option("--stale", is_flag=True, help="Do what `sparknet plan` says, removals included.")
@click.option(
    "--allow-removals", is_flag=True, help="With --stale: even if most documents are gone."
)
@json_option
@click.pass_obj
def materialize(
    session: Session,
    docs: Sequence[str],
    stages: Sequence[str],
    force: bool,
    stale: bool,
    allow_removals: bool,
    as_json: bool,
) -> None:
    """Brings documents up to date: those named, or all."""
    if stale:
        if docs or stages or force:
            raise click.UsageError("--stale takes no documents, no --stage and no --force.")
        materialize_stale(session, allow_removals, as_json)
        return
    if allow_removals:
        raise click.UsageError("--allow-removals goes with --stale.")
    from resources.catalog import DocumentStatus
    from sparknet_assets.cli.progress import progress_view
    from sparknet_assets.records import never_copied

    catalog = session.deployment.catalog
    known = known_documents(session, docs) or {d.doc_id: d for d in catalog.documents()}
    doc_ids = [
        doc_id for doc_id in (docs or known) if known[doc_id].status is not DocumentStatus.DELETED
    ]
    started = time.monotonic()
    with progress_view() as view:
        there = [doc_id for doc_id in doc_ids if not never_copied(known[doc_id])]
        run_stages(session, there, stages or None, force, view)
    finish(session, doc_ids, [], as_json, time.monotonic() - started, stages=stages)


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
    from sparknet_assets.intake.taking_in import take_in
    from sparknet_assets.records import never_copied

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
            if not never_copied(record):
                due.append(record.doc_id)
            else:
                again = take_in(deployment, [Path(record.source)], doc_id=record.doc_id)
                problems += again.problems
                due += again.doc_ids
        run_stages(session, due, None, False, view)
    finish(session, doc_ids, problems, as_json, time.monotonic() - started)
