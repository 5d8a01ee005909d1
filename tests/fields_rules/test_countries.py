"""Formats, names and sums of several countries; what looks like a value and is none."""

from __future__ import annotations

import pytest

from sparknet_assets.fields.rules import extract, fitting
from sparknet_assets.fields.rules.addresses import POSTCODE
from sparknet_assets.fields.sums import checked
from sparknet_assets.fields.typed import conventions_of
from sparknet_assets.fields.typed.amounts import read_amount
from sparknet_assets.fields.typed.dates import find_dates
from sparknet_assets.fields.typed.tidying import tidy
from sparknet_assets.fields.values import Found
from tests.fields_rules.drawn import page, schema

INVOICE, RECEIPT = schema("invoice"), schema("receipt")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,62,665.08", "162665.08"),
        ("Rs. 12,34,56,789.00", "123456789.00"),
        ("1,234.50", "1234.50"),
        ("1,23", "1.23"),
    ],
)
def test_amounts_as_india_groups_them(text: str, amount: str) -> None:
    found = read_amount(text)
    assert found is not None and found.json["amount"] == amount


@pytest.mark.parametrize(
    ("lines", "value", "doubtful", "by_country"),
    [
        (["03/04/2024", "Dayton, OH 45402"], "2024-03-04", False, True),
        (["03/04/2024", "Total £12.00"], "2024-04-03", False, True),
        (["03/04/2024", "Dayton, OH 45402", "IBAN"], "2024-04-03", True, False),
        (["03/04/2024"], "2024-04-03", True, False),
        (["03.04.2024", "Dayton, OH 45402"], "2024-04-03", False, False),
        (["03/04/2024", "12/31/2024", "IBAN"], "2024-03-04", False, False),
    ],
)
def test_the_country_tells_day_from_month_where_no_date_does(
    lines: list[str], value: str, doubtful: bool, by_country: bool
) -> None:
    date = find_dates(lines[0], conventions_of(lines))[0]
    assert date.value.isoformat() == value
    assert bool(date.problem) is doubtful
    assert date.by_country is by_country


@pytest.mark.parametrize(
    ("line", "is_code"),
    [
        ("Chennai 600002", True),
        ("Tokyo 103-0023", True),
        ("Fremantle WA 6160", True),
        ("Toronto M5V 2T6", True),
        ("00-950 Warszawa", True),
        ("Invoice No 123456", False),
        ("(937) 555-0142", False),
        ("Tel 123456", False),
    ],
)
def test_postcodes_of_many_countries(line: str, is_code: bool) -> None:
    assert bool(POSTCODE.search(line)) is is_code


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("NO 21,JLN BUNGA , SETAPAK", "NO 21, JLN BUNGA, SETAPAK"),
        ("No, 8,  Jalan Utama,", "No. 8, Jalan Utama"),
        ("1,234 Maln R0ad and B1ock", "1,234 Maln Road and B1ock"),
        ("Unit B1, L0T 5", "Unit B1, L0T 5"),
    ],
)
def test_names_and_addresses_are_given_as_people_write_them(text: str, tidied: str) -> None:
    assert tidy(text) == tidied


def test_the_title_beside_a_name_is_no_part_of_it() -> None:
    head = "Bluestem Print Co. Ltd          INVOICE\n14 Tanners Row\nLeeds LS10 1AB\nTel 0113 49601"
    found = extract(INVOICE, [page(head)])
    assert found.fields["issuer"].value == "Bluestem Print Co. Ltd"


def test_no_number_is_made_of_the_beginning_of_another_or_of_words() -> None:
    found = extract(INVOICE, [page("IBAN: DE37 6799 8660 0649 3535 15\nLINE TOTALS 24\nCUSTOMER")])
    assert found.fields["iban"].value == "DE37 6799 8660 0649 3535 15"
    assert "vat_id" not in found.fields and "bic" not in found.fields


def test_sums_carried_over_pages_and_numbers_of_pages_are_no_items() -> None:
    head = "Description                     Qty      Price      Amount\n"
    one = head + (
        "Steel bracket                     2      10.00       20.00\n"
        "Wall paint                        1      15.00       15.00\n"
        "Carried forward                                      35.00\n"
        "                                                         1\n"
    )
    two = (
        "Brought forward                                      35.00\n" + head
        + "Oak shelf                         1      40.00       40.00\n"
        "Subtotal                                             75.00\n"
        "VAT 20%                                              15.00\n"
        "Total                                                90.00\n"
    )  # fmt: skip
    found = extract(INVOICE, [page(one), page(two, 2)])
    table = found.tables["items"]
    assert [row[1].value for row in table.rows if row[1]] == [
        "Steel bracket",
        "Wall paint",
        "Oak shelf",
    ]
    assert len(table.rows) == 3 and table.complete


def receipt_items(text: str) -> tuple[list[tuple[str | None, ...]], Found]:
    found = extract(RECEIPT, [page(text)])
    table = found.tables["items"]
    columns = [table.columns.index(name) for name in ("quantity", "description", "amount")]
    rows = [tuple((cell.text if (cell := row[c]) else None) for c in columns) for row in table.rows]
    return rows, found


def test_counts_before_names_and_a_discount_below_the_items() -> None:
    rows, found = receipt_items(
        "Corner Cafe\nDate: 3 May 2024\n"
        "2   Tomato Soup          8.20 €\n"
        "12 Flat White           36.00 €\n"
        "Discount                -4.20 €\n"
        "Total                   40.00 €\n"
    )
    assert rows == [("2", "Tomato Soup", "8.20"), ("12", "Flat White", "36.00")]
    assert found.fields["discount"].value == {"amount": "-4.20", "currency": "EUR"}
    assert checked(RECEIPT, found)[1] == []


def test_the_reckoning_is_taken_out_of_the_name() -> None:
    rows, _ = receipt_items(
        "Corner Cafe\nDate: 3 May 2024\nCheese\n2 x 2.60     5.20\nTotal     5.20\n"
    )
    assert rows == [("2", "Cheese", "5.20")]


def test_a_long_table_does_not_hide_what_a_document_is() -> None:
    rows = "\n".join(
        f"Thing number {n} of many words          1     10.00     10.00" for n in range(55)
    )
    text = f"Invoice number: 7\nDue date: 3 May 2024\nBill to\n{rows}\nSubtotal 550.00"
    assert fitting([INVOICE], [page(text)]) == [INVOICE]


def test_words_of_prose_do_not_make_a_document_an_invoice() -> None:
    prose = (
        "We spoke of the invoice, its due date, the subtotal and of whom to bill to in May.\n" * 3
    )
    assert fitting([INVOICE, RECEIPT], [page(prose)]) == []
