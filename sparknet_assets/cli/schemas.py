"""`sparknet schemas`: the kinds of documents whose fields are known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, json_option, print_json, show, table

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session
    from sparknet_assets.fields.schema import Schema


@click.command(
    epilog="""\b
Examples:
  sparknet schemas
  sparknet schemas --json | jq '.schemas[].name'

Your own are YAML or JSON files under schemas/ of the storage: in our words, or a JSON Schema such
as a Pydantic model gives. Exit code 1 says that a file is left out because something is wrong.
"""
)
@json_option
@click.pass_obj
def schemas(session: Session, as_json: bool) -> None:
    """Lists the kinds of documents whose fields are known, and checks their files."""
    from sparknet_assets.fields.schemas import read_schemas

    found = read_schemas(session.deployment.storage)
    if as_json:
        print_json(
            {
                "schemas": [
                    {**json.loads(schema.model_dump_json()), "source": found.sources[name]}
                    for name, schema in found.schemas.items()
                ],
                "problems": [problem._asdict() for problem in found.problems],
            }
        )
    else:
        rows = table("schema", "fields", "tables", "from", "what it is")
        for name, schema in found.schemas.items():
            rows.add_row(name, *map(clean, _described(schema)), found.sources[name], schema.title)
        show(rows)
        for problem in found.problems:
            click.echo(clean(f"left out of use: {problem.message}"), err=True)
    if found.problems:
        raise click.exceptions.Exit(1)


def _described(schema: Schema) -> tuple[str, str]:
    names = ", ".join(spec.name for spec in schema.fields)
    tables = "; ".join(f"{t.name} ({', '.join(c.name for c in t.columns)})" for t in schema.tables)
    return names, tables
