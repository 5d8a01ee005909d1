"""`sparknet delete`: documents out of every store, with a receipt for each."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table
from sparknet_assets.cli.status import unknown_document

if TYPE_CHECKING:
    from resources.failure import Failure
    from sparknet_assets.cli.session import Session
    from sparknet_assets.removal.receipts import Receipt


@click.command(
    epilog="""\b
Examples:
  sparknet delete annual-report-pdf
  sparknet delete contract-v1 contract-v2 --yes --reason "superseded"
  sparknet delete cv-pdf --json | jq -r '.documents[].receipt'

Everything made from a document goes: original, pages, text, passages, vectors, caches that no other
document uses, and its events in Dagster. The receipt under receipts/ says what went from where, and
that nothing is left. One that was broken off is finished by the same command.
"""
)
@click.argument("docs", nargs=-1, required=True, metavar="DOC...")
@click.option("--reason", default="deleted by command", show_default=True, help="For the receipt.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask when there is more than one.")
@json_option
@click.pass_obj
def delete(session: Session, docs: Sequence[str], reason: str, yes: bool, as_json: bool) -> None:
    """Deletes documents, for good, from every store."""
    doc_ids = list(dict.fromkeys(docs))
    _refuse_unknown(session, doc_ids)
    if len(doc_ids) > 1 and not yes and sys.stdin.isatty():
        names = ", ".join(doc_ids[:5]) + (", ..." if len(doc_ids) > 5 else "")
        question = f"Delete {counted(len(doc_ids), 'document')} for good: {names}?"
        if not click.confirm(question, err=True):
            click.echo("Nothing was deleted.", err=True)
            raise click.exceptions.Exit(1)
    started = time.monotonic()
    receipts, failures = _remove(session, doc_ids, reason)
    seconds = time.monotonic() - started
    if as_json:
        print_json(
            {
                "documents": [_as_json(receipt) for receipt in receipts],
                "failures": [
                    {
                        "doc_id": doc_id,
                        **failure.model_dump(include={"kind", "message", "retryable"}),
                    }
                    for doc_id, failure in failures.items()
                ],
                "seconds": round(seconds, 3),
            }
        )
    else:
        _print(receipts, failures, session, seconds)
    if failures:
        raise click.exceptions.Exit(1)


def _refuse_unknown(session: Session, doc_ids: Sequence[str]) -> None:
    """What the catalog doesn't know may yet be in raw/ or in the index."""
    deployment = session.deployment
    known = deployment.catalog.get_many(doc_ids).keys()
    unknown = [doc_id for doc_id in doc_ids if doc_id not in known]
    if not unknown:
        return
    from sparknet_assets.originals import find_raw
    from sparknet_assets.removal.receipts import is_folder_name

    indexed = set().union(*(store.document_ids() for store in deployment.stores()))
    for doc_id in unknown:
        there = is_folder_name(doc_id) and (doc_id in indexed or find_raw(doc_id, deployment))
        if not there:
            raise unknown_document(session, doc_id)


def _remove(
    session: Session, doc_ids: Sequence[str], reason: str
) -> tuple[list[Receipt], dict[str, Failure]]:
    """Runs the Dagster job over the documents, in this process."""
    from resources.processes import this_host
    from sparknet_assets.cli.progress import progress_view
    from sparknet_assets.removal.job import execute_removal
    from sparknet_assets.removal.receipts import RemovalError

    with progress_view() as view:
        view.start("deleting", len(doc_ids))
        try:
            receipts = execute_removal(
                session.deployment,
                doc_ids,
                reason=reason,
                requested_by=f"{getpass.getuser()} on {this_host()}",
                progress=view.tick,
            )
        except RemovalError as error:
            return error.receipts, error.failures
    return receipts, {}


def _as_json(receipt: Receipt) -> dict[str, Any]:
    return {**receipt.model_dump(mode="json"), "receipt": receipt.key}


def _print(
    receipts: Sequence[Receipt],
    failures: dict[str, Failure],
    session: Session,
    seconds: float,
) -> None:
    rows = table(
        "document", "files", "vectors", "cached", "events", "left", "receipt",
        numbers=("files", "vectors", "cached", "events", "left"),
    )  # fmt: skip
    for receipt in receipts:
        counts = {name: amount.count for name, amount in receipt.removed.items()}
        rows.add_row(
            receipt.doc_id,
            str(counts.get("raw", 0) + counts.get("processed", 0)),
            str(counts.get("vectors", 0)),
            str(counts.get("cache", 0)),
            str(counts.get("events", "")),
            str(sum(receipt.remaining.values())),
            receipt.key,
        )
    if receipts:
        show(rows)
        click.echo()
    for failure in failures.values():
        click.echo(f"not deleted: {clean(failure.message)}", err=True)
    for note in sorted({note for receipt in receipts for note in receipt.notes}):
        click.echo(f"note: {note}", err=True)
    for key in [key for receipt in receipts for key in receipt.kept]:
        click.echo(f"left: {clean(key)} arrived since; it is a new document", err=True)
    click.echo(
        f"{counted(len(receipts), 'document')} deleted in {seconds:.1f} s; "
        f"receipts are under {session.deployment.location()}"
    )
