"""How many fields were found right, by the truths of a set and by what people corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from sparknet_assets.evaluation.field_metrics import Comparison, matches, overall, score_fields
from sparknet_assets.evaluation.measured import Measured, Sample
from sparknet_assets.evaluation.ranking_metrics import means
from sparknet_assets.fields.correction_log import CORRECTIONS, read_log
from sparknet_assets.fields.reading import fields_of
from sparknet_assets.fields.schema import FieldType, Schema
from sparknet_assets.fields.schemas import load_schemas
from sparknet_assets.fields.values import FieldValue

if TYPE_CHECKING:
    from resources.deployment import Deployment

Truths = Mapping[str, Mapping[str, Mapping[str, str]]]
"""doc_id -> schema -> field -> text; an empty one where the document does not have the field."""


class _Item(NamedTuple):
    """A field with a truth. Both are texts; an absent one is empty."""

    key: str
    type: FieldType
    found: str
    expected: str


def has_truth(deployment: Deployment, truths: Truths) -> bool:
    """Whether the set says what some field is, or a person corrected one."""
    return bool(truths) or any(deployment.storage.list(CORRECTIONS, limit=1))


def measure(deployment: Deployment, truths: Truths, sample: Sample) -> Measured:
    """Precision, recall and F1 as `field_metrics` defines them, and the share of right fields.

    What was found counts, before corrections were laid over it: these are truths themselves, where
    the set has none for the field. Cells of tables are left out.

    Raises:
        SparknetError: What is stored of a document is damaged.
    """
    schemas = load_schemas(deployment.storage)
    items: list[_Item] = []
    problems: list[str] = []
    for doc_id in sorted({*truths, *_corrected(deployment)}):
        try:
            items += _items(deployment, doc_id, truths.get(doc_id, {}), schemas)
        except SparknetError as error:
            if error.kind is not FailureKind.REFUSED:
                raise
            problems.append(f"fields of {doc_id}: {error.message}")
    chosen = sample.of(items, lambda item: item.key)
    scores = {item.key: _right(item) for item in chosen}
    figures = {**_f1(chosen), **means(scores.values())} if chosen else {}
    return Measured(
        kind="fields", items=len(chosen), figures=figures, scores=scores, problems=problems
    )


def _corrected(deployment: Deployment) -> Iterator[str]:
    """The documents with corrections."""
    for info in deployment.storage.list(CORRECTIONS):
        yield info.key.removeprefix(CORRECTIONS).partition("/")[0]


def _items(
    deployment: Deployment,
    doc_id: str,
    truths: Mapping[str, Mapping[str, str]],
    schemas: Mapping[str, Schema],
) -> Iterator[_Item]:
    """Raises SparknetError (`refused`) where the set names what there is not."""
    found = {part.schema_name: part.found.fields for part in fields_of(deployment, doc_id).schemas}
    for schema, fields in truths.items():
        types = _types(schemas, schema)
        for field, expected in fields.items():
            if field not in types:
                raise SparknetError(
                    FailureKind.REFUSED,
                    f"{schema} has no field {field}. There are: {', '.join(sorted(types))}.",
                )
            text = _text(found.get(schema, {}).get(field))
            yield _Item(f"{doc_id} {schema}.{field}", types[field], text, expected)
    for (schema, field), correction in read_log(deployment.storage, doc_id).in_force.items():
        types = _types(schemas, schema) if schema in schemas else {}
        if field in types and field not in truths.get(schema, {}):
            value = found.get(schema, {}).get(field)
            expected = _plain(correction.value)
            # A correction is a value, not a text of the page: equal values are the same text.
            same = value is not None and value.value == correction.value
            text = expected if same else _text(value)
            yield _Item(f"{doc_id} {schema}.{field}", types[field], text, expected)


def _types(schemas: Mapping[str, Schema], name: str) -> dict[str, FieldType]:
    if name not in schemas:
        raise SparknetError(
            FailureKind.REFUSED,
            f"There is no schema {name}. There are: {', '.join(sorted(schemas)) or 'none'}.",
        )
    return {spec.name: spec.type for spec in schemas[name].fields}


def _text(value: FieldValue | None) -> str:
    """What was read on the page; the value itself where it has no text."""
    return "" if value is None or value.value is None else value.text or _plain(value.value)


def _plain(value: Any) -> str:
    """A JSON value as text, an amount as `EUR 12.50`."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return " ".join(str(value[key]) for key in ("currency", "amount") if value.get(key))
    return str(value)


def _right(item: _Item) -> dict[str, float]:
    """1 where the text is the expected one, or both are absent."""
    if not item.found or not item.expected:
        right = normalised = item.found == item.expected
    else:
        right = matches(item.found, item.expected, item.type, "strict")
        normalised = matches(item.found, item.expected, item.type, "normalised")
    return {"right": float(right), "right_normalised": float(normalised)}


def _f1(items: Sequence[_Item]) -> dict[str, float]:
    """Counts of all fields added up (micro average)."""
    types = {item.key: item.type for item in items}
    whole = Comparison(
        found={item.key: item.found for item in items},
        expected={item.key: item.expected for item in items},
    )
    strict = overall(score_fields([whole], types, "strict"))
    normalised = overall(score_fields([whole], types, "normalised"))
    return {
        "precision": strict.precision,
        "recall": strict.recall,
        "f1": strict.f1,
        "f1_normalised": normalised.f1,
    }
