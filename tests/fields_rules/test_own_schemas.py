"""Schemas as people write their own: tables without amounts, lists, statements, anchors."""

from __future__ import annotations

from typing import Any

from sparknet_assets.fields.rules import extract
from sparknet_assets.fields.schemas import parse_schema
from sparknet_assets.fields.values import Found
from tests.fields_rules.drawn import page

STATEMENT = """\
fields:
  - {name: opening, type: amount, labels: [Opening balance]}
  - {name: closing, type: amount, labels: [Closing balance]}
tables:
  - name: moves
    columns:
      - {name: date, type: date, labels: [Date]}
      - {name: what, labels: [Details]}
      - {name: debit, type: amount, labels: [Debit]}
      - {name: balance, type: amount, labels: [Balance]}
"""
LABORATORY = """\
fields: [{name: number, type: identifier, pattern: '^LAB-[0-9]{5}$', labels: [Number]}]
tables:
  - name: tests
    columns:
      - {name: test, labels: [Test]}
      - {name: result, type: number, labels: [Result]}
      - {name: unit, labels: [Unit]}
      - {name: limit, type: number, labels: [Limit]}
  - {name: tags, columns: [{name: value, labels: [Tags]}]}
  - {name: doses, columns: [{name: dose, type: number, labels: [Doses]}]}
"""


def found(schema: str, text: str) -> Found:
    return extract(parse_schema(schema.encode(), "own.yaml"), [page(text)])


def rows_of(given: Found, table: str) -> list[list[Any]]:
    return [[cell and cell.value for cell in row] for row in given.tables[table].rows]


def test_balances_are_no_rows_of_a_statement() -> None:
    given = found(
        STATEMENT,
        "Date        Details           Debit     Balance\n"
        "Opening balance                          100.00\n"
        "2024-02-02  Rent              40.00       60.00\n"
        "2024-02-05  Groceries         10.00       50.00\n"
        "Closing balance                           50.00\n",
    )
    assert [row[:2] for row in rows_of(given, "moves")] == [
        ["2024-02-02", "Rent"],
        ["2024-02-05", "Groceries"],
    ]
    assert given.fields["opening"].value["amount"] == "100.00"
    assert given.fields["closing"].value["amount"] == "50.00"


def test_a_table_of_numbers_needs_no_amounts() -> None:
    given = found(
        LABORATORY,
        "Test          Result      Unit        Limit\n"
        "Glucose       6.4         mmol/L        5.6\n"
        "Ferritin      11          ug/L\n",
    )
    assert rows_of(given, "tests") == [
        ["Glucose", "6.4", "mmol/L", "5.6"],
        ["Ferritin", "11", "ug/L", None],
    ]


def test_a_table_of_one_column_is_a_list() -> None:
    given = found(LABORATORY, "Tags: diabetes, lipids; fasting\n\nDoses: 1,5, 2,5, 10\n")
    assert rows_of(given, "tags") == [["diabetes"], ["lipids"], ["fasting"]]
    assert rows_of(given, "doses") == [["1.5"], ["2.5"], ["10"]]
    (cell,) = given.tables["tags"].rows[1]
    assert cell is not None and cell.text == "lipids" and cell.boxes
    assert given.tables["tags"].complete


def test_a_list_that_goes_on_below_says_so() -> None:
    given = found(LABORATORY, "Tags: diabetes, lipids,\n      fasting\n")
    assert not given.tables["tags"].complete
    assert "below" in given.tables["tags"].note


def test_ends_of_a_pattern_are_those_of_the_value() -> None:
    assert found(LABORATORY, "Number: LAB-48213 (routine)\n").fields["number"].value == "LAB-48213"
