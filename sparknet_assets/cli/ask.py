"""`sparknet ask`: an answer with the places that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, json_option, print_json
from sparknet_assets.cli.status import known_documents

if TYPE_CHECKING:
    from sparknet_assets.answers.answer import Answer
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  sparknet ask "When does the lease end?"
  sparknet ask "What were total net sales?" --doc 10-q-2023-pdf
  sparknet ask "Who signed?" --json | jq '.citations[] | {doc_id, page, quote}'

The answer is quoted word for word; where no sentence supports one well enough, it says so.
"""
)
@click.argument("question")
@click.option("--doc", "docs", multiple=True, help="Ask this document only; repeatable.")
@json_option
@click.pass_obj
def ask(session: Session, question: str, docs: Sequence[str], as_json: bool) -> None:
    """Answers a question from the documents, with document and page of each sentence."""
    from sparknet_assets.answers import answer
    from sparknet_assets.retrieval import Filters

    known_documents(session, docs)
    filters = Filters(doc_ids=tuple(docs) or None)
    found = answer.ask(session.deployment, question, filters=filters)
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)


def _print(found: Answer) -> None:
    if found.note:
        click.echo(found.note, err=True)
    if not found.citations:
        click.echo(found.answer)
    for citation in found.citations:
        click.echo(clean(citation.quote))
        old = " (an older version)" if citation.stale else ""
        click.echo(click.style(f"    {citation.doc_id}, page {citation.page}{old}", dim=True))
