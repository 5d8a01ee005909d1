"""Fields by their labels: beside, above, in columns, misread, among labels that are alike."""

from __future__ import annotations

import pytest

from sparknet_assets.fields.rules import extract
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema
from sparknet_assets.fields.values import FieldValue
from tests.fields_rules.drawn import COLUMNS, ROWS, page, schema

RECEIPT = schema("receipt")
INVOICE = schema("invoice")


def fields_of(text: str, kind: Schema = RECEIPT) -> dict[str, FieldValue]:
    return extract(kind, [page(text)]).fields


def amount(fields: dict[str, FieldValue], name: str) -> str | None:
    value = fields[name].value if name in fields else None
    return None if value is None else str(value["amount"])


@pytest.mark.parametrize(
    "line",
    [
        "TOTAL                      42.50",
        "TOTAL: 42.50",
        "Total:42.50",
        "T0TAL                      42.50",
        "Tatal                      42.50",
        "GRAND T0TAL           RM   42.50",
        "Total (Inclusive of GST 6%):   42.50",
        "Total RM                   42.50",
        "Total       :              42.50",
        "Gesamtbetrag               42.50",
        "Somme a payer  TOTAL TTC   42.50",
        "Totaal                     42.50",
        "Total a pagar              42.50",
    ],
)
def test_a_total_beside_its_label(line: str) -> None:
    found = fields_of(f"ITEM  5.00\nITEM  6.00\n{line}")["total"]
    assert found.value["amount"] == "42.50"
    assert found.text == "42.50"
    assert (found.page, len(found.boxes)) == (1, 1)
    assert found.confidence > 0.5


def test_text_and_box_are_those_of_the_page() -> None:
    found = fields_of("\n\nTOTAL     RM42.50")["total"]
    assert found.text == "RM42.50"
    assert found.value == {"amount": "42.50", "currency": "MYR"}
    (box,) = found.boxes
    assert box.x0 == pytest.approx(10 / COLUMNS) and box.x1 == pytest.approx(17 / COLUMNS)
    assert box.y0 == pytest.approx(0.1 / ROWS, abs=0.01)
    assert box.page == 1


def test_a_word_that_holds_label_and_value_is_cut() -> None:
    (box,) = fields_of("Date:25/12/2018")["date"].boxes
    assert box.x0 == pytest.approx(5 / COLUMNS) and box.x1 == pytest.approx(15 / COLUMNS)


def test_totals_are_told_from_what_stands_around_them() -> None:
    fields = fields_of(
        """
        Sub Total                 90.00
        Service Charge 10%         9.00
        GST 6%                     5.94
        Rounding Adj              -0.04
        TOTAL                    104.90
        CASH                     150.00
        CHANGE                    45.10
        Total Qty: 3
        """
    )
    expected = {
        "subtotal": "90.00",
        "service_charge": "9.00",
        "tax": "5.94",
        "rounding": "-0.04",
        "total": "104.90",
        "paid": "150.00",
        "change": "45.10",
    }
    assert {name: amount(fields, name) for name in expected} == expected
    assert fields["quantity_total"].value == "3"
    assert fields["total"].problems == []


def test_the_later_of_two_totals_counts_and_what_adds_up_most_of_all() -> None:
    assert (
        amount(fields_of("Total Amount  49.60\nRounding 0.02\nTotal Amount  49.62"), "total")
        == "49.62"
    )
    # The last line is a summary of taxes; cash and change tell which total was paid.
    fields = fields_of("Total   29.68\nCash   30.00\nChange   0.32\nTotal  28.00")
    assert amount(fields, "total") == "29.68"


def test_sums_that_hold_raise_the_confidence_and_others_are_a_problem() -> None:
    alone = fields_of("TOTAL  20.00")["total"]
    held = fields_of("Subtotal  18.00\nTax  2.00\nTOTAL  20.00")["total"]
    differs = fields_of("Subtotal  18.00\nTax  3.00\nTOTAL  20.00")["total"]
    assert held.confidence > alone.confidence > differs.confidence
    assert held.problems == []
    assert differs.problems == ["total 20.00 is not the sum of subtotal 18.00, tax 3.00"]


def test_tax_that_is_in_the_prices_is_no_difference() -> None:
    assert fields_of("Subtotal  20.00\nTax  1.13\nTOTAL  20.00")["total"].problems == []


def test_an_amount_whose_decimal_point_was_not_seen() -> None:
    fields = fields_of("Milk  3.00\nTea  2.00\nTOTAL  5.00\nCash   10.00\nChange:     0 05")
    assert amount(fields, "change") == "0.05"
    assert fields["change"].problems[0] == "no decimal point was seen: 0 05"


def test_an_amount_without_decimals_among_others_is_doubted() -> None:
    value = fields_of("Milk  3.00\nTea  2.00\nJam  4.00\nTOTAL  25")["total"]
    assert value.problems[0] == "without decimals, unlike other amounts"
    assert value.confidence < 0.5


def test_a_value_below_its_label() -> None:
    fields = fields_of(
        """
        Invoice Number      Invoice Date      Due Date
        INV-2024-0077       31/01/2024        28/02/2024
        """,
        INVOICE,
    )
    assert fields["number"].text == "INV-2024-0077"
    assert fields["date"].value == "2024-01-31"
    assert fields["due_date"].value == "2024-02-28"


def test_labels_and_values_in_columns_side_by_side() -> None:
    fields = fields_of(
        """
        Invoice number: 5521           IBAN  GB82 WEST 1234 5698 7654 32
        Customer number: 88            BIC   WESTGB2L
        """,
        INVOICE,
    )
    assert fields["number"].text == "5521"
    assert fields["customer_number"].text == "88"
    assert fields["iban"].text == "GB82 WEST 1234 5698 7654 32"
    assert fields["iban"].problems == []
    assert fields["bic"].text == "WESTGB2L"


def test_a_label_is_not_taken_for_a_longer_one_that_it_is_like() -> None:
    """IBAN NL.. is one letter from `IBAN No`."""
    fields = fields_of("IBAN NL91ABNA0417164300", INVOICE)
    assert fields["iban"].text == "NL91ABNA0417164300"


def test_the_date_of_an_invoice_in_the_line_of_its_number() -> None:
    fields = fields_of(
        "Facture n°562 du 02 juillet 2015\nDate limite de paiement le 20 juillet 2015", INVOICE
    )
    assert fields["number"].text == "562"
    assert fields["date"].value == "2015-07-02"
    assert fields["due_date"].value == "2015-07-20"


def test_a_date_without_a_label_is_less_sure() -> None:
    labelled = fields_of("Date  25/12/2018")["date"]
    bare = fields_of("Till 4    25/12/2018 10:11")["date"]
    assert bare.value == labelled.value == "2018-12-25"
    assert bare.confidence < labelled.confidence


def test_an_ambiguous_date_is_read_as_others_in_the_document_are() -> None:
    open_question = fields_of("Date 04/05/2018")["date"]
    told = fields_of("Date 04/05/2018\nPrinted 04/28/2018")["date"]
    assert open_question.value == "2018-05-04" and open_question.problems
    assert told.value == "2018-04-05" and told.problems == []
    assert open_question.confidence < told.confidence


def test_a_phone_number_is_no_date() -> None:
    assert "date" not in fields_of("Tel : +6 03 2026 6386")


def test_identifiers_by_their_pattern_where_no_label_is() -> None:
    found = fields_of("Beispiel GmbH, Musterweg 3, DE123456789", INVOICE)["vat_id"]
    assert found.text == "DE123456789"
    assert found.confidence < 0.7


def test_a_word_of_a_sentence_is_no_label_of_a_text() -> None:
    text = "For questions on this bill please ask our staff at the customer counter below"
    assert "recipient" not in fields_of(text, INVOICE)


def test_choices_and_numbers_of_an_own_schema() -> None:
    kind = Schema(
        name="survey",
        fields=(
            FieldSpec(name="member", type=FieldType.CHOICE, labels=("member",)),
            FieldSpec(name="guest", type=FieldType.CHOICE, labels=("guest",)),
            FieldSpec(name="age", type=FieldType.NUMBER, labels=("age",)),
            FieldSpec(name="remark", labels=("remark",)),
            FieldSpec(name="broken", type=FieldType.IDENTIFIER, labels=("id",), pattern="(["),
        ),
    )
    fields = fields_of("Member [x]   Guest [ ]\nAge: 41\nRemark: none so far\nId: 5", kind)
    assert fields["member"].value is True and fields["guest"].value is False
    assert fields["age"].value == "41"
    assert fields["remark"].text == "none so far"
    assert "broken" not in fields


def test_a_page_that_was_scanned_sideways_reads_the_same() -> None:
    text = "SAMPLE CAFE LTD\nDate: 25/12/2018\n\nTOTAL       42.50"
    upright = extract(RECEIPT, [page(text)]).fields
    for rotation in (90, 180, 270):
        turned = extract(RECEIPT, [page(text, rotation=rotation)]).fields
        assert {n: v.text for n, v in turned.items()} == {n: v.text for n, v in upright.items()}
        assert turned["total"].boxes != upright["total"].boxes


def test_what_the_engine_is_unsure_of_is_less_sure() -> None:
    sure = extract(RECEIPT, [page("TOTAL  42.50")]).fields["total"].confidence
    unsure = extract(RECEIPT, [page("TOTAL  42.50", confidence=0.5)]).fields["total"].confidence
    assert unsure == pytest.approx(sure / 2, abs=0.01)


def test_fields_stand_on_the_first_and_on_the_last_pages() -> None:
    pages = [page(f"Page {n}", n) for n in range(1, 31)]
    pages[0] = page("Invoice Number: 77", 1)
    pages[-1] = page("Total amount due   99.00", 30)
    fields = extract(INVOICE, pages).fields
    assert (fields["number"].page, fields["total"].page) == (1, 30)
