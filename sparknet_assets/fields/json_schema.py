"""A JSON Schema, also that of a Pydantic model, as one of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema, TableSpec
from sparknet_assets.fields.schema_errors import sentences

_DEEPEST = 8
_DATES = ("date", "date-time")
_AMOUNT = {"amount", "currency"}


def is_json_schema(content: Mapping[str, Any]) -> bool:
    """Whether a file is a JSON Schema of an object, and not a schema of ours."""
    return "properties" in content and content.get("type", "object") == "object"


def from_json_schema(name: str, content: Mapping[str, Any]) -> Schema:
    """The fields and tables that a JSON Schema describes.

    Objects within are flattened (`seller_name`), arrays are tables. `x-labels` are labels,
    `x-type` is one of our types where JSON has none, `x-marks` and `x-sums` are as in our files.

    Raises:
        ValueError: A part that no field or table can stand for; names it. Also pydantic's.
    """
    reader = _Reader(content)
    parts = list(reader.parts(content, "", 0))
    fields = [part for part in parts if isinstance(part, FieldSpec)]
    tables = [part for part in parts if isinstance(part, TableSpec)]
    return Schema.model_validate(
        {
            "name": name,
            "title": str(content.get("title", "")),
            "description": str(content.get("description", "")),
            "marks": content.get("x-marks", ()),
            "fields": fields,
            "tables": tables,
            "sums": content.get("x-sums", ()),
        }
    )


class _Reader:
    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole

    def parts(
        self, content: Mapping[str, Any], prefix: str, depth: int
    ) -> Iterator[FieldSpec | TableSpec]:
        """The fields and tables of an object."""
        if depth > _DEEPEST:
            raise ValueError(f"{prefix or 'properties'}: it is nested too deeply")
        properties = content.get("properties")
        if not isinstance(properties, dict):
            raise ValueError(f"{prefix or 'the file'}: `properties` should be a mapping")
        required = content.get("required") or ()
        for key, given in properties.items():
            name = snake(f"{prefix}_{key}" if prefix else str(key))
            if not name:
                raise ValueError(f"{key}: its name has no Latin letter or figure")
            part = self.resolved(given, name)
            kind = part.get("type")
            if kind == "array":
                yield self._table(name, part, depth)
            elif kind == "object" and not _is_amount(part):
                yield from self.parts(part, name, depth + 1)
            else:
                yield _field(name, part, key in required)

    def _table(self, name: str, part: Mapping[str, Any], depth: int) -> TableSpec:
        items = self.resolved(part.get("items") or {}, name)
        if items.get("type") == "object" and not _is_amount(items):
            columns = list(self.parts(items, "", depth + 1))
        else:
            # A list of values stands beside its own label.
            labels = part.get("x-labels") or [str(part.get("title") or name.replace("_", " "))]
            columns = [_field("value", {"x-labels": labels, **items}, False)]
        nested = next((each.name for each in columns if isinstance(each, TableSpec)), None)
        if nested:
            raise ValueError(f"{name}.{nested}: a table can't hold another one")
        return TableSpec(
            name=name,
            description=str(part.get("description", "")),
            columns=tuple(each for each in columns if isinstance(each, FieldSpec)),
        )

    def resolved(self, given: Any, name: str) -> dict[str, Any]:
        """A part with its references followed, and without the `null` that makes it optional."""
        part = given
        for _ in range(_DEEPEST):
            if not isinstance(part, dict):
                raise ValueError(f"{name}: it should be a mapping")
            beside = {key: value for key, value in part.items() if key not in ("$ref", *_COMBINED)}
            if "$ref" in part:
                part = {**self._referred(str(part["$ref"]), name), **beside}
            elif choice := next((part[key] for key in _COMBINED if part.get(key)), None):
                real = [each for each in choice if each != {"type": "null"}]
                part = {**(real[0] if real else {}), **beside}
            else:
                kinds = part.get("type")
                if isinstance(kinds, list):
                    kinds = next((kind for kind in kinds if kind != "null"), "string")
                    part = {**part, "type": kinds}
                return part
        raise ValueError(f"{name}: its references lead nowhere")

    def _referred(self, reference: str, name: str) -> dict[str, Any]:
        part: Any = self._whole
        if not reference.startswith("#/"):
            raise ValueError(f"{name}: {reference} is not in this file")
        for step in reference.removeprefix("#/").split("/"):
            part = part.get(step) if isinstance(part, dict) else None
        if not isinstance(part, dict):
            raise ValueError(f"{name}: there is no {reference}")
        return part


_COMBINED = ("anyOf", "oneOf", "allOf")


def _field(name: str, part: Mapping[str, Any], required: bool) -> FieldSpec:
    labels = part.get("x-labels")
    if labels is None:
        labels = [str(part.get("title") or name.replace("_", " "))]
    kind = _type(part)
    pattern = part.get("pattern") if kind in (FieldType.TEXT, FieldType.IDENTIFIER) else None
    if part.get("enum") and kind is FieldType.TEXT:
        pattern = f"(?i:{'|'.join(re.escape(str(each)) for each in part['enum'])})"
    given = {
        "name": name,
        "type": part.get("x-type", kind),
        "description": str(part.get("description", "")),
        "labels": labels,
        "pattern": pattern,
        "required": required,
    }
    try:
        return FieldSpec.model_validate(given)
    except ValidationError as error:
        # Our words for what the file has under others.
        said = sentences(error, given).replace("labels", "x-labels").replace("type:", "x-type:")
        raise ValueError(f"{name}.{said}") from None


def _type(part: Mapping[str, Any]) -> FieldType:
    if _is_amount(part):
        return FieldType.AMOUNT
    match part.get("type"):
        case "number" | "integer":
            return FieldType.NUMBER
        case "boolean":
            return FieldType.CHOICE
        case _ if part.get("format") in _DATES:
            return FieldType.DATE
        case _:
            return FieldType.TEXT


def _is_amount(part: Mapping[str, Any]) -> bool:
    """An object of an amount and its currency is one value of ours."""
    properties = part.get("properties")
    return isinstance(properties, dict) and set(properties) == _AMOUNT


def snake(name: str) -> str:
    """`invoiceNumber` and `Invoice number` as `invoice_number`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
