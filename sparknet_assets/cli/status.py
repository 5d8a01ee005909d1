"""`sparknet status`: where each document stands."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import (
    clean,
    counted,
    document_table,
    json_option,
    page_list,
    print_json,
    show,
    status_cell,
    table,
    totals_line,
    what_is_wrong,
)

if TYPE_CHECKING:
    from resources.catalog import DocumentRecord, StageRecord
    from resources.failure import SparknetError
    from sparknet_assets.cli.session import Session
    from sparknet_assets.reports import DocumentReport

_LISTED = 200

EXAMPLES = """\b
Examples:
  sparknet status
  sparknet status annual-report-pdf
  sparknet status --json | jq '.documents[] | select(.status == "failed")'
"""


@click.command(epilog=EXAMPLES)
@click.argument("doc", required=False)
@click.option(
    "--all", "list_all", is_flag=True, help=f"List all: over {_LISTED}, and deleted ones."
)
@json_option
@click.pass_obj
def status(session: Session, doc: str | None, list_all: bool, as_json: bool) -> None:
    """Shows where each document stands, or the stages of one document."""
    from sparknet_assets.reports import report, report_all

    catalog = session.deployment.catalog
    if doc is not None:
        found = list(report(catalog, [doc]))
        if not found:
            raise unknown_document(session, doc)
        if as_json:
            totals = {found[0].document.status.value: 1}
            print_json({"documents": [found[0].as_json()], "totals": totals})
        else:
            _print_one(found[0])
        return
    totals = catalog.totals()
    if as_json:
        documents = [item.as_json() for item in report_all(catalog)]
        print_json({"documents": documents, "totals": totals})
        return
    if not totals:
        click.echo(f"No documents in {session.deployment.location()} yet: sparknet ingest PATH...")
        return
    count = sum(totals.values())
    everything = list_all or count <= _LISTED
    left_out = set() if list_all else {"deleted"} if everything else {"indexed", "deleted"}
    listed = [item for item in report_all(catalog) if item.document.status.value not in left_out]
    if listed:
        show(document_table(listed if everything else listed[:_LISTED]))
    click.echo(f"\n{counted(count, 'document')}: {totals_line(totals)}")
    if not everything:
        click.echo("Only those that need a look are listed; --all lists every document.")
    elif totals.get("deleted") and not list_all:
        click.echo("Deleted documents are listed with --all.")


def known_documents(session: Session, docs: Collection[str]) -> dict[str, DocumentRecord]:
    """The rows of the documents that a command names.

    Raises:
        SparknetError: There is no document of such a name.
    """
    known = session.deployment.catalog.get_many(docs)
    for doc in docs:
        if doc not in known:
            raise unknown_document(session, doc)
    return known


def unknown_document(session: Session, doc: str) -> SparknetError:
    """The error for a document that is not in the catalog, with the nearest name."""
    from difflib import get_close_matches

    from resources.failure import FailureKind, SparknetError

    names = (record.doc_id for record in session.deployment.catalog.documents())
    close = get_close_matches(doc, list(names), n=1)
    hint = f"; did you mean {close[0]}?" if close else "; `sparknet status` lists all."
    return SparknetError(FailureKind.REFUSED, f"There is no document {doc}{hint}")


def _reused(stage: StageRecord) -> str:
    from sparknet_assets.reports import taken_over

    taken = taken_over(stage)
    if stage.reused or taken is None:
        return "yes" if stage.reused else ""
    return f"{taken[0]:,} of {taken[1]:,}"


def _print_one(item: DocumentReport) -> None:
    from rich.text import Text

    from sparknet_assets.tiers import source_of
    from sparknet_assets.unclimbed import unclimbed_pages

    document = item.document
    heading = Text.assemble(document.doc_id, "  ", status_cell(document.status.value))
    if document.status == "deleted":
        show(heading)
        finish = f"none: `sparknet delete {document.doc_id}` finishes the removal"
        show(f"receipt {document.receipt or finish}")
        return
    heading.append(f"  {counted(document.pages, 'page')}, {counted(document.chunks, 'chunk')}")
    show(heading)
    show(f"file    {document.raw_key}")
    if document.source:
        show(f"source  {clean(document.source)}")
    show(f"tier    {document.tier} ({source_of(document)})")
    if document.failure:
        show(f"failure {what_is_wrong(item)}")
        if due := document.failure.next_retry_at:
            show(f"retry   {due.astimezone():%Y-%m-%d %H:%M:%S}")
    if document.stale:
        show(f"stale   {clean(document.stale)}")
    rows = table(
        "stage", "status", "pages", "seconds", "reused", "missing pages", "updated",
        numbers=("pages", "seconds"),
    )  # fmt: skip
    for name, stage in item.stages.items():
        rows.add_row(
            name,
            status_cell(stage.status.value),
            str(stage.pages or ""),
            f"{stage.seconds:.2f}",
            _reused(stage),
            page_list(stage.failed_pages),
            f"{stage.updated_at.astimezone():%Y-%m-%d %H:%M:%S}",
        )
    if item.stages:
        show(rows)
    if waiting := sum(map(unclimbed_pages, item.stages.values())):
        pages = counted(waiting, "doubtful page")
        show(f"budget  {pages} not read again: a run with money for it does that")
