"""The fields of a document by all ways that need no service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from resources.ocr import PageText
from sparknet_assets.fields.correction_log import CorrectionLog
from sparknet_assets.fields.merge import joined, merged
from sparknet_assets.fields.rules import Extraction, fitting, labelled_values
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.schemas import schema_digest
from sparknet_assets.fields.textract import by_service
from sparknet_assets.fields.values import DocumentFields, Found, LabelledValue, SchemaFields

# So many pages are held at once; a longer document is looked through in stretches.
STRETCH = 100
MOST_LABELLED = 1000
_NAMED = 10


def find(
    doc_id: str,
    pages: Iterable[PageText],
    schemas: Mapping[str, Schema],
    log: CorrectionLog,
) -> DocumentFields:
    """Looks through the pages, in the memory of a stretch of them.

    The kind of a document is what its first pages say, or what a person said. Fields are taken from
    its first and last pages (of what a service read: stretches), tables from all.
    """
    notes: list[str] = []
    unread: list[int] = []
    labelled: list[LabelledValue] = []
    chosen: list[Schema] | None = None
    by_rules: dict[str, Extraction] = {}
    read_by_service: dict[str, list[Found]] = {}
    for stretch in _stretches(pages):
        unread += [page.page for page in stretch if page.failure]
        if chosen is None:
            chosen = _chosen(schemas, log, stretch, notes)
            by_rules = {schema.name: Extraction(schema) for schema in chosen}
            read_by_service = {schema.name: [] for schema in chosen}
        for schema in chosen:
            for page in stretch:
                by_rules[schema.name].add(page)
            read_by_service[schema.name].append(by_service(schema, stretch))
        if len(labelled) <= MOST_LABELLED:
            labelled += labelled_values(stretch)
    if unread:
        more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
        named = ", ".join(map(str, unread[:_NAMED]))
        notes.append(f"pages that could not be read: {named}{more}")
    if len(labelled) > MOST_LABELLED:
        notes.append(f"only the first {MOST_LABELLED:,} labels with values are kept")
    return DocumentFields(
        doc_id=doc_id,
        schemas=[
            _part(schema, by_rules[schema.name].found(), read_by_service[schema.name])
            for schema in chosen or ()
        ],
        labelled=labelled[:MOST_LABELLED],
        complete=not notes,
        note="; ".join(notes),
    )


def _part(schema: Schema, by_rules: Found, stretches: Sequence[Found]) -> SchemaFields:
    found = merged(schema, [by_rules, joined(_ends(stretches))])
    return SchemaFields(
        schema_name=schema.name,
        schema_sha256=schema_digest(schema),
        fields=found.fields,
        tables=found.tables,
    )


def _ends(stretches: Sequence[Found]) -> list[Found]:
    """Of the stretches between the first and the last, the tables only."""
    return [
        found if place in (0, len(stretches) - 1) else Found(tables=found.tables)
        for place, found in enumerate(stretches)
    ]


def _chosen(
    schemas: Mapping[str, Schema],
    log: CorrectionLog,
    pages: Sequence[PageText],
    notes: list[str],
) -> list[Schema]:
    if log.schemas is None:
        return fitting(list(schemas.values()), pages)
    missing = [name for name in log.schemas if name not in schemas]
    if missing:
        notes.append(f"no such schema, or its file is wrong: {', '.join(missing)}")
    return [schemas[name] for name in log.schemas if name in schemas]


def _stretches(pages: Iterable[PageText]) -> Iterator[list[PageText]]:
    iterator = iter(pages)
    for first in iterator:
        yield list(chain([first], islice(iterator, STRETCH - 1)))
