"""`sparknet eval`: how well this deployment reads, finds and answers, and whether it got worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sparknet_assets.cli.output import clean, counted, json_option, print_json, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from sparknet_assets.cli.session import Session
    from sparknet_assets.evaluation.comparison import Change
    from sparknet_assets.evaluation.evaluate import Outcome
    from sparknet_assets.evaluation.measured import Entry

# Spelled out, so that the help needs no library; a test compares.
KINDS = ("ocr", "retrieval", "answers", "fields")
EXAMPLES = """\b
Examples:
  sparknet eval
  sparknet eval truths/ --accept
  sparknet eval truths/ --only retrieval,answers --sample 100
  sparknet eval history --json | jq '.entries[-1].figures'

SET is a folder, or NAME for evaluation/NAME/ in the storage; by default evaluation/ itself. Exit
code 1: a figure is worse than the accepted one by more than the choice of items explains, or a
truth has nothing to be held against. docs/evaluation.md has the format.
"""


class _SetOrCommand(click.Group):
    """`eval SET` runs; only `eval history` does something else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("eval", cls=_SetOrCommand, epilog=EXAMPLES)
@json_option
def evaluation(as_json: bool) -> None:
    """Measures reading, search, answers and fields against the truths of an evaluation set.

    The options stand under `sparknet eval run --help`; the word `run` may be left out.
    """


@evaluation.command("run", epilog=EXAMPLES)
@click.argument("where", metavar="[SET]", default="")
@click.option("--only", default=",".join(KINDS), help=f"Of {', '.join(KINDS)}, with commas.")
@click.option("--sample", type=click.IntRange(1), help="At most so many items of each kind.")
@click.option("--seed", type=int, default=0, help="Another seed gives another sample.")
@click.option("--accept", is_flag=True, help="Hold later figures against these.")
@json_option
@click.pass_obj
def run(
    session: Session,
    where: str,
    only: str,
    sample: int | None,
    seed: int,
    accept: bool,
    as_json: bool,
) -> None:
    """Measures all that SET has truths for, and compares with the accepted figures."""
    from sparknet_assets.evaluation.evaluate import evaluate
    from sparknet_assets.evaluation.measured import Sample

    outcomes = evaluate(
        session.deployment,
        where,
        only=_kinds(only),
        sample=Sample(sample, seed),
        accept=accept,
        begun=lambda kind: click.echo(f"Measuring {kind} ...", err=True),
    )
    if as_json:
        print_json({"evaluations": [outcome.as_json() for outcome in outcomes]})
    else:
        _print(outcomes, accept)
    # Figures that were just accepted are what later ones are held against: no regression.
    well = all(not o.measured.problems if accept else o.ok for o in outcomes)
    if not outcomes or not well:
        raise click.exceptions.Exit(1)


@evaluation.command(
    epilog="""\b
Examples:
  sparknet eval history
  sparknet eval history --set truths --only retrieval
  sparknet eval history --json
"""
)
@click.option("--set", "set_name", help="Of this set only.")
@click.option("--only", default=",".join(KINDS), help=f"Of {', '.join(KINDS)}, with commas.")
@click.option("--last", type=click.IntRange(1), default=20, help="So many of the newest lines.")
@json_option
@click.pass_obj
def history(session: Session, set_name: str | None, only: str, last: int, as_json: bool) -> None:
    """Lists what earlier evaluations gave, the newest last."""
    from sparknet_assets.evaluation import history as kept

    kinds = _kinds(only)
    entries = [
        entry for entry in kept.read(session.deployment.storage, set_name) if entry.kind in kinds
    ][-last:]
    if as_json:
        print_json({"entries": [entry.model_dump(mode="json") for entry in entries]})
    elif entries:
        show(_history(entries))
    else:
        click.echo("Nothing was evaluated yet: `sparknet eval` does.")


def _kinds(only: str) -> list[str]:
    given = [kind.strip() for kind in only.split(",") if kind.strip()]
    if unknown := sorted(set(given) - set(KINDS)):
        raise click.UsageError(f"--only takes {', '.join(KINDS)}; not {', '.join(unknown)}.")
    return given


def _print(outcomes: Sequence[Outcome], accept: bool) -> None:
    if not outcomes:
        click.echo("The set has no truth for what was asked for.")
        return
    show(_figures(outcomes))
    for outcome in outcomes:
        for problem in outcome.measured.problems:
            click.echo(clean(problem), err=True)
    worse = sum(len(outcome.regressions) for outcome in outcomes)
    click.echo()
    if accept:
        click.echo("These figures are what later ones are held against.")
    elif worse:
        click.echo(f"{counted(worse, 'figure')} worse than accepted, by more than the tolerance.")
    elif any(change.before is not None for o in outcomes for change in o.changes):
        click.echo("Nothing is worse than accepted by more than the tolerance.")
    else:
        click.echo("No figures are accepted yet: --accept makes these the ones to compare with.")


def _figures(outcomes: Sequence[Outcome]) -> Table:
    numbers = ("value", "accepted", "change", "tolerance")
    rows = table("kind", "figure", *numbers, "", numbers=numbers)
    for outcome in outcomes:
        entry = outcome.entry
        rows.add_row(entry.kind, "items", str(entry.items))
        for change in outcome.changes:
            rows.add_row("", change.name, *_cells(change))
    return rows


def _cells(change: Change) -> list[Any]:
    from rich.text import Text

    cells: list[Any] = [_value(change.name, change.now)]
    if change.before is None:
        return cells
    cells += [_value(change.name, change.before), f"{change.now - change.before:+.3f}"]
    if change.tolerance is not None:
        verdict = Text("worse", style="bold red") if change.regressed else Text("")
        cells += [f"{change.tolerance:.3f}", verdict]
    return cells


def _history(entries: Sequence[Entry]) -> Table:
    rows = table("when (UTC)", "set", "kind", "items", "generation", "figures", numbers=("items",))
    for entry in entries:
        figures = ", ".join(f"{name} {_value(name, v)}" for name, v in entry.figures.items())
        rows.add_row(
            f"{entry.when:%Y-%m-%d %H:%M}{' accepted' if entry.accepted else ''}",
            clean(entry.set_name),
            entry.kind,
            f"{entry.items:,}",
            entry.generation,
            figures,
        )
    return rows


def _value(name: str, value: float) -> str:
    return f"{value:,.1f}" if name.endswith("_ms") else f"{value:.3f}"
