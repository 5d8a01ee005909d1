"""The schemas in use: those that come along, and the user's own under `schemas/` of the storage."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from resources.storage import ObjectNotFoundError, StorageAdapter
from sparknet_assets.fields.json_schema import from_json_schema, is_json_schema
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.schema_errors import sentences

SCHEMAS = "schemas/"
"""Prefix of the user's own."""

_SUFFIXES = (".yaml", ".yml", ".json")
_MOST_BYTES = 2**20
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

logger = logging.getLogger(__name__)


class SchemaProblem(NamedTuple):
    """A file that is no schema; the message names it and the place in it."""

    source: str
    message: str


class SchemaFiles(NamedTuple):
    """All schemas that can be used, where each came from, and the files that can't.

    Attributes:
        sources: Name of a schema -> its file.
    """

    schemas: dict[str, Schema]
    sources: dict[str, str]
    problems: list[SchemaProblem]


class WrongSchemaError(ValueError):
    """A file is no schema; the message says what is wrong, and where."""


def load_schemas(storage: StorageAdapter) -> dict[str, Schema]:
    """Name -> schema. Files that are wrong are left out, and logged; documents don't fail for it.

    A schema of the user's takes the place of one that comes along with the same name.
    """
    found = read_schemas(storage)
    for problem in found.problems:
        logger.warning("left out of use: %s", problem.message)
    return found.schemas


def read_schemas(storage: StorageAdapter) -> SchemaFiles:
    """All files, the wrong ones too."""
    schemas, sources = dict(_built_in()), dict.fromkeys(_built_in(), "built in")
    problems = []
    for key, version in _own_files(storage):
        schema, wrong = _own(storage, key, version)
        if schema is None:
            problems.append(SchemaProblem(key, f"{key}: {wrong}"))
        elif sources.get(schema.name, "built in") != "built in":
            taken = f"{key}: the name {schema.name} is that of {sources[schema.name]} already"
            problems.append(SchemaProblem(key, taken))
        else:
            schemas[schema.name], sources[schema.name] = schema, key
    return SchemaFiles(schemas, sources, problems)


def schema_digest(schema: Schema) -> str:
    """sha256 (hex) of its content."""
    return hashlib.sha256(schema.model_dump_json().encode()).hexdigest()


def parse_schema(data: bytes, filename: str) -> Schema:
    """A schema from the bytes of a file: YAML or JSON of ours, or a JSON Schema.

    Raises:
        WrongSchemaError: It is neither.
    """
    content = _content(data, filename)
    if not isinstance(content, dict):
        raise WrongSchemaError("it should be a mapping with `name` and `fields`")
    try:
        if is_json_schema(content):
            schema = from_json_schema(_name_of(filename), content)
        else:
            schema = Schema.model_validate({"name": _name_of(filename), **content})
    except ValidationError as error:
        raise WrongSchemaError(sentences(error, content)) from None
    except ValueError as error:
        raise WrongSchemaError(str(error)) from None
    if problem := next(_contradictions(schema), ""):
        raise WrongSchemaError(problem)
    return schema


def _content(data: bytes, filename: str) -> Any:
    if len(data) > _MOST_BYTES:
        raise WrongSchemaError(f"it has {len(data):,} bytes, more than {_MOST_BYTES:,}")
    try:
        if filename.endswith(".json"):
            return json.loads(data)
        import yaml

        try:
            return yaml.safe_load(data)
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise WrongSchemaError(f"it is not YAML{line}: {error.problem}") from None
        except yaml.YAMLError as error:
            raise WrongSchemaError(f"it is not YAML: {error}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise WrongSchemaError(f"it is not JSON: {error}") from None
    except RecursionError:
        raise WrongSchemaError("it is nested too deeply") from None


def _contradictions(schema: Schema) -> Iterator[str]:
    """What no single part of a schema shows."""
    named = [each.name for each in schema.fields] + [each.name for each in schema.tables]
    for each in (named, *([c.name for c in table.columns] for table in schema.tables)):
        for name in each:
            if each.count(name) > 1:
                yield f"{name}: there are two of that name"
    columns = {f"{table.name}.{c.name}" for table in schema.tables for c in table.columns}
    fields = {each.name for each in schema.fields}
    for rule in schema.sums:
        for name in (rule.total, *rule.parts):
            if name not in fields:
                yield f"sums: there is no field {name}"
        if rule.column is not None and rule.column not in columns:
            yield f"sums: there is no column {rule.column}; it should be `table.column`"
    for each_field in (*schema.fields, *(c for table in schema.tables for c in table.columns)):
        try:
            re.compile(each_field.pattern or "")
        except re.error as error:
            yield f"{each_field.name}: the pattern is no regular expression: {error}"


def _name_of(filename: str) -> str:
    """The name that a file gives its schema, where it states none."""
    stem = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:64]
    return name if _NAME.fullmatch(name) else f"schema_{name}"[:64]


def _own_files(storage: StorageAdapter) -> Iterator[tuple[str, str]]:
    for info in storage.list(SCHEMAS):
        hidden = info.key.rsplit("/", 1)[-1].startswith((".", "~"))
        if info.key.endswith(_SUFFIXES) and not hidden:
            yield info.key, info.version


_parsed: dict[tuple[str, str], tuple[Schema | None, str]] = {}
_MOST_PARSED = 1000


def _own(storage: StorageAdapter, key: str, version: str) -> tuple[Schema | None, str]:
    """The schema of a file, or what is wrong with it; parsed once for each version of the file."""
    mark = (key, version)
    if mark not in _parsed:
        if len(_parsed) >= _MOST_PARSED:
            _parsed.clear()
        try:
            _parsed[mark] = (parse_schema(storage.get(key), key), "")
        except ObjectNotFoundError:  # removed a moment ago
            return None, "it is not there any more"
        except WrongSchemaError as error:
            _parsed[mark] = (None, str(error))
    return _parsed[mark]


@cache
def _built_in() -> dict[str, Schema]:
    """Those that come along: beside this package in a checkout, inside it when installed."""
    inside = Path(__file__).parents[1] / "schemas"
    folder = inside if inside.is_dir() else Path(__file__).parents[2] / "schemas"
    files = sorted(folder.glob("*.yaml"))
    found = (parse_schema(file.read_bytes(), file.name) for file in files)
    return {schema.name: schema for schema in found}
