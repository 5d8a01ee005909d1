"""`sparknet extract`: the fields of a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sparknet_assets.cli.output import clean, json_option, print_json, show, table

if TYPE_CHECKING:
    from sparknet_assets.cli.session import Session
    from sparknet_assets.fields.values import (
        FieldsAsRead,
        FieldValue,
        LabelledValue,
        SchemaFields,
        TableValue,
    )

AUTO = "auto"
_LABELLED = 40


@click.command(
    epilog="""\b
Examples:
  sparknet extract invoice-0815-pdf
  sparknet extract till-slip-jpg --schema receipt
  sparknet extract till-slip-jpg --schema auto
  sparknet extract invoice-0815-pdf --json | jq '.schemas[0].fields.total.value'

A document is of the kinds whose marks stand on its first pages; --schema says which it is instead,
from now on, and `--schema auto` takes that back. Exit code 1 says that the fields could not be
extracted, or not all: the rest is shown.
"""
)
@click.argument("doc")
@click.option("--schema", help="The kind of document that it is; see `sparknet schemas`.")
@json_option
@click.pass_obj
def extract(session: Session, doc: str, schema: str | None, as_json: bool) -> None:
    """Shows the fields of a document; extracts them where that is not done yet."""
    from sparknet_assets.cli.status import known_documents
    from sparknet_assets.fields.corrections import choose_schemas
    from sparknet_assets.fields.reading import fields_of

    known_documents(session, [doc])
    deployment = session.deployment
    if schema is not None:
        choose_schemas(deployment, doc, None if schema == AUTO else [schema])
    _bring_up_to_date(session, doc)
    fields = fields_of(deployment, doc)
    record = deployment.catalog.stages([doc], stage="extracted_fields")[doc].get("extracted_fields")
    failure = record.failure if record else None
    if as_json:
        shown = fields.model_dump(mode="json")
        shown["failure"] = failure and failure.model_dump(include={"kind", "message", "retryable"})
        print_json(shown)
    else:
        _print(fields)
        if failure:
            click.echo(clean(failure.message), err=True)
    if record is None or failure:
        raise click.exceptions.Exit(1)


def _bring_up_to_date(session: Session, doc: str) -> None:
    """Runs the stage, or all where there is no text yet; nothing when the fields are current."""
    from resources.catalog import StageStatus
    from sparknet_assets.cli.outcome import run_stages
    from sparknet_assets.cli.progress import progress_view
    from sparknet_assets.fields.noted import corrections_noted
    from sparknet_assets.fingerprint import fingerprint
    from sparknet_assets.stages.contract import FIELD_CORRECTIONS
    from sparknet_assets.stages.extracted_fields import STAGE

    deployment = session.deployment
    records = deployment.catalog.stages([doc])[doc]
    text, made = records.get("ocr_text"), records.get(STAGE.name)
    stages = None
    if text is not None and text.status is not StageStatus.FAILED and text.fingerprint:
        stages = [STAGE.name]
        versions = {
            "ocr_text": text.data_version,
            FIELD_CORRECTIONS: corrections_noted(deployment.catalog, doc).get(doc, ""),
        }
        again = made is not None and made.failure is not None and made.failure.retryable
        if made and not again and made.fingerprint == fingerprint(STAGE, versions, deployment):
            return
    with progress_view() as view:
        run_stages(session, [doc], stages, False, view)


def _print(fields: FieldsAsRead) -> None:
    if fields.note:
        click.echo(clean(fields.note), err=True)
    for part in fields.schemas:
        _print_schema(part)
    if not fields.schemas and not fields.labelled:
        click.echo("No schema fits, and no label with a value was found.")
    elif not fields.schemas:
        click.echo("No schema fits; labels with their values:")
    if fields.labelled and not any(part.fields or part.tables for part in fields.schemas):
        _print_labelled(fields.labelled)
    if fields.version:
        click.echo(f"Version {fields.version} of its corrections.")


def _print_schema(part: SchemaFields) -> None:
    click.echo(click.style(part.schema_name, bold=True))
    rows = table("field", "value", "sure", "page", "from", "problems", numbers=("sure", "page"))
    for name, value in part.fields.items():
        rows.add_row(name, *_cells(value))
    show(rows)
    for problem in (*part.problems, *part.dropped):
        click.echo(f"  {clean(problem)}")
    click.echo()
    for name, items in part.tables.items():
        _print_items(name, items)


def _print_items(name: str, items: TableValue) -> None:
    """The rows of a table. `correct` names a cell `table.ROW.column`, so rows have their number."""
    from sparknet_assets.fields.summary import shown

    used = [at for at in range(len(items.columns)) if any(row[at] for row in items.rows)]
    rows = table(
        name, *(items.columns[at] for at in used), "sure", "page", numbers=("sure", "page")
    )
    for number, row in enumerate(items.rows):
        cells = [cell for cell in row if cell is not None]
        pages = sorted({cell.page for cell in cells if cell.page})
        rows.add_row(
            str(number),
            *(clean(shown(cell.value)) if (cell := row[at]) else "" for at in used),
            f"{min((cell.confidence for cell in cells), default=0.0):.2f}",
            ", ".join(map(str, pages)),
        )
    show(rows)
    for number, row in enumerate(items.rows):
        for column, cell in zip(items.columns, row, strict=True):
            for problem in cell.problems if cell else ():
                click.echo(f"  {name}.{number}.{column}: {clean(problem)}")
    if items.note:
        click.echo(f"  {name}: {clean(items.note)}")
    click.echo()


def _print_labelled(labelled: Sequence[LabelledValue]) -> None:
    rows = table("label", "value", "sure", "page", "from", numbers=("sure", "page"))
    for each in labelled[:_LABELLED]:
        rows.add_row(clean(each.label), *_cells(each.value)[:-1])
    show(rows)
    if len(labelled) > _LABELLED:
        click.echo(f"and {len(labelled) - _LABELLED} more: --json has all.")


def _cells(value: FieldValue) -> tuple[str, ...]:
    from sparknet_assets.fields.summary import shown

    page = str(value.page) if value.page else ""
    problems = clean("; ".join(value.problems))
    return clean(shown(value.value)), f"{value.confidence:.2f}", page, value.source, problems
