"""`sparknet ask`: an answer with the places that it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from sparknet_assets.cli.choices import ANSWERERS
from sparknet_assets.cli.filter_options import filter_options, filters_of
from sparknet_assets.cli.output import called, clean, json_option, print_json, shortened
from sparknet_assets.cli.status import known_documents

if TYPE_CHECKING:
    from sparknet_assets.answers.results import Answer, Answerer, Citation, Event
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  sparknet ask "When does the lease end?"
  sparknet ask "What were total net sales?" --doc 10-q-2023-pdf --pages 1-5
  sparknet ask "Who signed?" --answerer extractive
  sparknet ask "Who signed?" --json | jq '.citations[] | {doc_id, page, quote}'

Without a language model (SPARKNET_LLM), sentences are quoted word for word. With one, its sentences
are shown that were found in the passages they cite. Where the documents don't answer, it says so.
"""
)
@click.argument("question")
@click.option(
    "--answerer",
    type=click.Choice(ANSWERERS),
    default="auto",
    show_default=True,
    help="Quote, or have the language model answer; auto: the model where one is set.",
)
@filter_options
@json_option
@click.pass_obj
def ask(
    session: Session, /, question: str, answerer: Answerer, as_json: bool, **filters: Any
) -> None:
    """Answers a question from the documents, with document and page of each sentence."""
    from sparknet_assets.answers import answer

    known_documents(session, filters["docs"])
    chosen = filters_of(**filters)
    events = answer.ask_stream(session.deployment, question, filters=chosen, answerer=answerer)
    if as_json:
        print_json(_whole(events).as_json())
    else:
        _print(events)


def _whole(events: Iterable[Event]) -> Answer:
    from sparknet_assets.answers.results import Done

    return next(event.answer for event in events if isinstance(event, Done))


def _print(events: Iterable[Event]) -> None:
    """Each sentence as soon as it is verified, with its places behind it."""
    from sparknet_assets.answers.results import CitationEvent, Done, Text

    for event in events:
        match event:
            case Text():
                click.echo(clean(event.text).strip())
            case CitationEvent():
                _print_citation(event.citation)
            case Done():
                _print_ending(event.answer)


def _print_citation(citation: Citation) -> None:
    for line in citation.context.splitlines():
        click.echo(click.style(f"    {clean(line)}", dim=True))
    if citation.score is None:
        click.echo(click.style(f'    "{" ".join(clean(citation.quote).split())}"', dim=True))
    old = " (an older version)" if citation.stale else ""
    title = f": {shortened(citation.title)}" if citation.title else ""
    place = f"{called(citation.doc_id, citation.filename)}, page {citation.page}{old}{title}"
    click.echo(click.style(f"    {place}", dim=True))


def _print_ending(found: Answer) -> None:
    """What does not belong to the answer goes to stderr, where it is in nobody's way."""
    if found.note:
        click.echo(found.note, err=True)
    for dropped in found.dropped:
        click.echo(f"  dropped, {dropped.why}: {clean(dropped.text)}", err=True)
    if found.usage and found.cost_usd:
        click.echo(f"  {found.model}: ${found.cost_usd:.4f}", err=True)
