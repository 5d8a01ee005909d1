"""`sparknet generations`: which index answers, how far the next one is, and the switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sparknet_assets.cli.output import json_option, print_json, show, table

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session
    from sparknet_assets.generations.gates import GateResult
    from sparknet_assets.generations.switching import Change

EXAMPLES = """\b
Examples:
  sparknet generations
  sparknet generations switch
  sparknet generations rollback
  sparknet generations retire sparknet-minilm-l6-v2-int8-2-384

Another embedder, model or collection in the settings names another index. `sparknet materialize`
builds it beside the one that answers; searches go on meanwhile, and see new documents.
"""


@click.group(invoke_without_command=True, epilog=EXAMPLES)
@json_option
@click.pass_context
def generations(context: click.Context, as_json: bool) -> None:
    """Lists the generations of the index, switches, rolls back, retires."""
    if context.invoked_subcommand is None:
        context.invoke(list_generations, as_json=as_json)


@generations.command(
    "list",
    epilog="""\b
Examples:
  sparknet generations list
  sparknet generations list --json | jq '.generations[] | select(.retirable) | .name'
""",
)
@json_option
@click.pass_obj
def list_generations(session: Session, as_json: bool) -> None:
    """Shows each generation, how far it is, and which answers."""
    from sparknet_assets.generations.switching import next_step, progress

    rows = progress(session.deployment)
    if as_json:
        print_json({"generations": [row.model_dump(mode="json") for row in rows]})
        return
    figures = ["documents", "chunks", "MiB"]
    shown = table("generation", "", *figures, numbers=figures)
    for row in rows:
        of = f"{row.documents:,} of {row.of_documents:,}"
        roles = ", ".join(row.roles)
        shown.add_row(row.name, roles, of, f"{row.chunks:,}", f"{row.size / 2**20:,.1f}")
    show(shown)
    hint = next_step(rows)
    if hint:
        click.echo(f"\n{hint}")


@generations.command(
    epilog="""\b
Examples:
  sparknet generations switch
  sparknet generations switch sparknet-minilm-l6-v2-fp32-2-384 --json

It must hold every document, its counts must agree, and words off pages must find these pages
about as often as in the index that answers. The one that answered stays, to roll back to.
"""
)
@click.argument("name", default="")
@click.option("--force", is_flag=True, help="Switch although a check fails.")
@json_option
@click.pass_obj
def switch(session: Session, name: str, force: bool, as_json: bool) -> None:
    """Lets another generation answer, once it has passed its checks.

    NAME is the one that the settings name by default.
    """
    made = _change(session, "switch", name, force=force)
    _report(made, as_json)
    if made.live != made.name:
        raise click.exceptions.Exit(1)


@generations.command(epilog="\b\nExample:\n  sparknet generations rollback\n")
@json_option
@click.pass_obj
def rollback(session: Session, as_json: bool) -> None:
    """Lets the generation answer again that did before the last switch."""
    _report(_change(session, "rollback"), as_json)


@generations.command(
    epilog="""\b
Example:
  sparknet generations retire sparknet-minilm-l6-v2-int8-2-384

Its vectors stay in the cache, so that building it again embeds nothing.
"""
)
@click.argument("name")
@json_option
@click.pass_obj
def retire(session: Session, name: str, as_json: bool) -> None:
    """Removes a generation that does not answer, files and all."""
    _report(_change(session, "retire", name), as_json)


def _change(session: Session, action: str, name: str = "", **options: Any) -> Change:
    from sparknet_assets.generations.runs import change_generation

    return change_generation(session.deployment, action, name, **options)


def _report(made: Change, as_json: bool) -> None:
    if as_json:
        gates = [gate._asdict() for gate in made.gates]
        print_json({**made._asdict(), "gates": gates, "switched": made.switched})
        return
    _print_gates(list(made.gates))
    click.echo(made.said)


def _print_gates(gates: list[GateResult]) -> None:
    from rich.text import Text

    if not gates:
        return
    shown = table("check", "", "what was found")
    for gate in gates:
        mark = Text("ok", style="green") if gate.passed else Text("fail", style="bold red")
        shown.add_row(gate.name, mark, gate.detail)
    show(shown)
    click.echo()
