"""Schemas: those that come along, the user's own, JSON Schema, and files that are wrong."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from resources.storage.local import LocalStorageAdapter
from sparknet_assets.fields.schema import FieldType
from sparknet_assets.fields.schemas import (
    WrongSchemaError,
    load_schemas,
    parse_schema,
    read_schemas,
)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorageAdapter:
    return LocalStorageAdapter(tmp_path)


class Seller(BaseModel):
    name: str


class Line(BaseModel):
    what: str
    price: Decimal | None = None


class Bill(BaseModel):
    billNumber: str = Field(description="As printed.")
    issued: date
    paid: bool = False
    seller: Seller
    lines: list[Line] = []


def test_those_that_come_along_are_whole(storage: LocalStorageAdapter) -> None:
    assert {"invoice", "receipt", "form"} <= load_schemas(storage).keys()


def test_the_users_own_take_the_place_of_others(storage: LocalStorageAdapter) -> None:
    storage.put("schemas/mine.yaml", b"name: invoice\nfields: [{name: only}]")
    found = read_schemas(storage)
    assert [spec.name for spec in found.schemas["invoice"].fields] == ["only"]
    assert found.sources["invoice"] == "schemas/mine.yaml"
    storage.put("schemas/mine.yaml", b"name: invoice\nfields: [{name: other}]")
    assert load_schemas(storage)["invoice"].fields[0].name == "other"
    storage.delete("schemas/mine.yaml")
    assert len(load_schemas(storage)["invoice"].fields) > 1


def test_a_pydantic_model_is_a_schema(storage: LocalStorageAdapter) -> None:
    storage.put("schemas/Bill 2.json", json.dumps(Bill.model_json_schema()).encode())
    schema = load_schemas(storage)["bill_2"]
    types = {spec.name: spec.type for spec in schema.fields}
    assert types == {
        "bill_number": FieldType.TEXT,
        "issued": FieldType.DATE,
        "paid": FieldType.CHOICE,
        "seller_name": FieldType.TEXT,
    }
    assert schema.fields[0].required
    assert schema.fields[0].description == "As printed."
    assert schema.fields[0].labels == ("Billnumber",)
    (table,) = schema.tables
    assert [(c.name, c.type) for c in table.columns] == [
        ("what", FieldType.TEXT),
        ("price", FieldType.NUMBER),
    ]


def test_json_schema_with_our_words() -> None:
    content = {
        "type": "object",
        "x-marks": ["boarding"],
        "properties": {
            "fare": {
                "type": "object",
                "properties": {"amount": {}, "currency": {}},
                "x-labels": ["Fare", "Prix"],
            },
            "class": {"enum": ["first", "second"]},
            "stops": {"type": "array", "items": {"type": "string"}},
            "by": {"type": "string", "x-type": "name"},
        },
    }
    schema = parse_schema(json.dumps(content).encode(), "ticket.json")
    fare, kind, by = schema.fields
    assert (fare.type, fare.labels) == (FieldType.AMOUNT, ("Fare", "Prix"))
    assert kind.pattern == "(?i:first|second)"
    assert by.type is FieldType.NAME
    assert schema.tables[0].columns[0].name == "value"
    assert schema.tables[0].columns[0].labels == ("stops",)
    assert schema.marks == ("boarding",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", "name: [", "it is not YAML, line 1"),
        ("a.yaml", "- 1", "a mapping"),
        ("a.json", "{", "it is not JSON"),
        ("a.yaml", "fields: [{name: a, type: money}]", "fields.a.type: there is no type money: it"),
        ("a.yaml", "fields: [{name: a, type: sum}]", "should be one of text, name, address"),
        ("a.yaml", "fields: [{name: a, type: enum}]", "allowed words is a pattern"),
        ("a.yaml", "fields: [{name: a, values: [b]}]", "fields.a.values: there is no such entry"),
        ("a.yaml", "fields: [{name: a, labels: A b}]", "should be a list, such as [A b]"),
        ("a.yaml", "fields: {a: b}", "fields: should be a list"),
        ("a.yaml", "fields: [a]", "should be a mapping, such as {name: total}, not a"),
        ("a.yaml", "fields: [{name: A}]", "fields.0.name: should be small letters"),
        ("a.yaml", "field: []", "field: there is no such entry"),
        ("a.json", '{"properties": {"a": {"x-type": "money"}}}', "a.x-type: there is no type"),
        ("a.json", '{"properties": {"\u540d": {}}}', "its name has no Latin letter"),
        ("a.yaml", "fields: [{name: a}, {name: a}]", "two of that name"),
        ("a.yaml", "fields: [{name: a}]\nsums: [{total: b}]", "there is no field b"),
        ("a.yaml", "fields: [{name: a}]\nsums: [{total: a, column: x.y}]", "no column x.y"),
        ("a.yaml", "fields: [{name: a, pattern: '('}]", "no regular expression"),
        ("a.json", '{"properties": {"a": {"$ref": "#/$defs/no"}}}', "a: there is no #/$defs/no"),
        ("a.json", '{"properties": {"a": {"$ref": "http://x"}}}', "not in this file"),
        ("a.json", '{"properties": {"a": 1}}', "a: it should be a mapping"),
    ],
)
def test_a_wrong_file_is_one_sentence(name: str, content: str, said: str) -> None:
    with pytest.raises(WrongSchemaError) as caught:
        parse_schema(content.encode(), name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    columns = b"tables: [{name: t, columns: [{name: c, type: percent}]}]"
    with pytest.raises(WrongSchemaError) as caught:
        parse_schema(b"fields: [{name: a, type: money}, {type: date}]\n" + columns, "a.yaml")
    assert str(caught.value) == (
        "fields.a.type: there is no type money: it is `amount` here; fields.1.name: it is missing;"
        " tables.t.columns.c.type: there is no type percent: it is `number` here"
    )
    many = "".join(f"  - {{name: f{n}, type: x}}\n" for n in range(15))
    with pytest.raises(WrongSchemaError, match=r"and 5 more$"):
        parse_schema(f"fields:\n{many}".encode(), "a.yaml")


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"$ref": "#/$defs/n"}}}
    tree = {"properties": {"a": {"$ref": "#"}}}
    for content in (loop, tree):
        with pytest.raises(WrongSchemaError):
            parse_schema(json.dumps(content).encode(), "a.json")


def test_only_what_is_wrong_is_left_out(storage: LocalStorageAdapter) -> None:
    storage.put("schemas/bad.yaml", b"name: 1")
    storage.put("schemas/good.yaml", b"fields: [{name: a}]")
    storage.put("schemas/other.yaml", b"name: good\nfields: [{name: b}]")
    storage.put("schemas/README.txt", b"not a schema")
    found = read_schemas(storage)
    assert [spec.name for spec in found.schemas["good"].fields] == ["a"]
    assert [problem.source for problem in found.problems] == [
        "schemas/bad.yaml",
        "schemas/other.yaml",
    ]
    assert "that of schemas/good.yaml" in found.problems[1].message
