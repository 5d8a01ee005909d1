"""The `sparknet` command: options that all commands share, and the list of commands."""

from __future__ import annotations

from pathlib import Path

import click

from sparknet_assets import __version__
from sparknet_assets.cli.ask import ask
from sparknet_assets.cli.bootstrap import bootstrap
from sparknet_assets.cli.compare import compare
from sparknet_assets.cli.correct import correct
from sparknet_assets.cli.delete import delete
from sparknet_assets.cli.doctor import doctor
from sparknet_assets.cli.errors import FriendlyGroup
from sparknet_assets.cli.eval import evaluation
from sparknet_assets.cli.extract import extract
from sparknet_assets.cli.generation import generations
from sparknet_assets.cli.plan import plan
from sparknet_assets.cli.process import ingest, materialize, retry
from sparknet_assets.cli.schemas import schemas
from sparknet_assets.cli.search import search
from sparknet_assets.cli.serve import serve
from sparknet_assets.cli.session import Session
from sparknet_assets.cli.status import status
from sparknet_assets.cli.tier import tier
from sparknet_assets.cli.verify import verify

EXAMPLES = """\b
Examples:
  sparknet ingest reports/ invoice.pdf
  sparknet status
  sparknet search "termination for convenience" -k 5
  sparknet retry --kind timed_out

Settings come from SPARKNET_* variables and sparknet.toml; `sparknet doctor` shows them.
"""


@click.group(
    cls=FriendlyGroup,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sparknet")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the documents and all state (SPARKNET_HOME; default: ./data).",
)
@click.option("--traceback", is_flag=True, hidden=True, help="Show where an error came from.")
@click.pass_context
def main(context: click.Context, home: Path | None, traceback: bool) -> None:
    """Turns documents into a searchable index: pages, text, chunks and vectors.

    Each command takes --json, and exits with 0 only when all went well.
    """
    context.obj = Session(home)
    context.meta["traceback"] = traceback


COMMANDS = (
    ingest,
    status,
    search,
    ask,
    extract,
    correct,
    schemas,
    plan,
    materialize,
    retry,
    tier,
    delete,
    verify,
    compare,
    evaluation,
    generations,
    serve,
    doctor,
    bootstrap,
)

for command in COMMANDS:
    main.add_command(command)
