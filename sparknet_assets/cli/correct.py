"""`sparknet correct`: a field of a document set right."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, json_option, print_json

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  sparknet correct invoice-0815-pdf total "EUR 1234.50"
  sparknet correct invoice-0815-pdf due_date 2024-05-31 --note "it is stamped over"
  sparknet correct invoice-0815-pdf items.2.quantity 3
  sparknet correct invoice-0815-pdf total --drop
  sparknet correct invoice-0815-pdf total "EUR 1234.50" --if-version 3

A correction counts at once, stays when fields are extracted again, and is kept with who made it.
Rows of a table are counted from 0; the row after the last is a new one. An empty VALUE ("") says
that the document does not have the field. `sparknet extract` tells the version of what it shows;
--if-version leaves a field alone that someone else has corrected since then.
"""
)
@click.argument("doc")
@click.argument("field")
@click.argument("value", required=False)
@click.option("--schema", help="Where the document is of several kinds: the one that is meant.")
@click.option("--note", default="", help="Why; kept with the correction.")
@click.option("--drop", is_flag=True, help="Take the correction back.")
@click.option(
    "--if-version",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only if the field was not corrected since version N of the document's fields.",
)
@json_option
@click.pass_obj
def correct(
    session: Session,
    doc: str,
    field: str,
    value: str | None,
    schema: str | None,
    note: str,
    drop: bool,
    if_version: int | None,
    as_json: bool,
) -> None:
    """Sets a field of a document right."""
    from sparknet_assets.cli.status import known_documents
    from sparknet_assets.fields import corrections

    if drop == (value is not None):
        raise click.UsageError("Give a VALUE, or --drop to take a correction back.")
    known_documents(session, [doc])
    deployment = session.deployment
    name = schema or _schema_of(session, doc, field)
    by = getpass.getuser()
    if drop:
        now, version = corrections.drop(
            deployment, doc, name, field, by, note=note, expected_version=if_version
        )
    else:
        now, version = corrections.correct(
            deployment, doc, name, field, value or None,
            by=by, note=note, expected_version=if_version,
        )  # fmt: skip
    _tell_dagster(session, doc)
    if as_json:
        shown_now = now and now.model_dump(mode="json")
        print_json({"schema": name, "field": field, "value": shown_now, "version": version})
        return
    from sparknet_assets.fields.summary import shown

    click.echo(clean(f"{name}.{field}: {shown(now.value if now else None)}"))
    for problem in now.problems if now else ():
        click.echo(clean(problem), err=True)


def _schema_of(session: Session, doc: str, field: str) -> str:
    """The schema of the document that has the field.

    Raises:
        SparknetError: None has, or several.
    """
    from resources.failure import FailureKind, SparknetError
    from sparknet_assets.fields.paths import parse_path
    from sparknet_assets.fields.reading import fields_of
    from sparknet_assets.fields.schemas import load_schemas

    schemas = load_schemas(session.deployment.storage)
    own = [p.schema_name for p in fields_of(session.deployment, doc).schemas]
    having = []
    for name in own:
        try:
            parse_path(schemas[name], field)
        except (KeyError, SparknetError):
            continue
        having.append(name)
    if len(having) == 1:
        return having[0]
    said = f"{' and '.join(having)} have" if having else f"none of its kinds ({own or 'none'}) has"
    raise SparknetError(
        FailureKind.REFUSED, f"{doc}: {said} a field {field}; name the kind with --schema."
    )


def _tell_dagster(session: Session, doc: str) -> None:
    from sparknet_assets.instance import instance_if_any

    with instance_if_any(session.deployment.settings) as instance:
        if instance is not None:
            from sparknet_assets.correction_events import report_corrections

            report_corrections(instance, session.deployment.catalog, [doc])
