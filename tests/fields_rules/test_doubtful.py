"""What looks like a value and is none: sentences, cells, other dates, prices within prices."""

from __future__ import annotations

import pytest

from sparknet_assets.fields.rules import extract
from sparknet_assets.fields.values import FieldValue
from tests.fields_rules.drawn import page, schema

INVOICE, RECEIPT = schema("invoice"), schema("receipt")


def invoice(text: str) -> dict[str, FieldValue]:
    return extract(INVOICE, [page(text)]).fields


@pytest.mark.parametrize(
    "text",
    [
        "Termination of the Share Purchase\nrecorded a cost of the merger in 12345 as it was\n",
        "Method  Score\nsimple complex 0.965 0.969 0.938 12345\n",
        "Ohio, NM\n11/27/2007, 11000 MST\n",
        "Beautiful is better than ugly.\nSimple is better than complex.\n",
        "N\u00b0 14411*01 ASSURANCES MALADIE\nnumber of form\n",
        "To: Bob Miller\nHello Bob\nhow are you\n",
        "Click to edit\nSecond level\nThird level\nFourth level\n",
        "Occurrence: LOSS OF CONTROL - ON GROUND/WATER\nFindings of the board\n",
    ],
)
def test_what_is_no_address_is_not_taken_for_one(text: str) -> None:
    names = ("issuer_address", "recipient", "recipient_address")
    sure = {n: v.text for n, v in invoice(text).items() if n in names and v.confidence > 0.5}
    assert sure == {}


def test_a_sentence_after_a_label_is_no_name_nor_address() -> None:
    text = "\n" * 40 + "customer address: can never hide the ugly consequences of its ongoing\n"
    assert not {"recipient", "recipient_address"} & invoice(text).keys()


def test_a_town_with_its_postcode_is_no_name_with_its_address() -> None:
    found = invoice(
        "\n" * 60
        + "Service Provider:\n(Not to be used for payment)\nNorthern Web Services, Inc.\n"
        + "410 Terry Ave North\nSeattle, WA 98109-5210, US\n"
    )
    assert found["issuer"].text == "Northern Web Services, Inc."
    assert found["issuer_address"].value == "410 Terry Ave North Seattle, WA 98109-5210, US"


@pytest.mark.parametrize(
    ("line", "sure"),
    [
        ("Date: 14/03/2024", True),
        ("Date & Time: 14/03/2024 12:30", True),
        ("Date: Thursday 14 March 2024", True),
        ("Date of birth: 14/03/2024", False),
        ("Date limite de paiement le 14/03/2024", False),
        ("Date: Printed by Ali 14/03/2024", False),
    ],
)
def test_words_between_label_and_date_make_it_another_date(line: str, sure: bool) -> None:
    date = extract(RECEIPT, [page(f"{line}\n\nTOTAL  5.00\n")]).fields["date"]
    assert date.value == "2024-03-14"
    assert (date.confidence > 0.8) is sure


def test_what_a_price_contains_is_not_added_to_it() -> None:
    heads = "Description                 Qty   Unit price   Amount\n"
    row = "Tablet                        1       399.00   399.00\n"
    levy = "Incl. copying levy                              4.24\n"
    found = extract(
        INVOICE, [page(f"{heads}{row}{levy}Total                                         399.00\n")]
    )
    assert found.tables["items"].complete
    assert len(found.tables["items"].rows) == 2
    assert found.fields["total"].problems == []
    other = extract(
        INVOICE, [page(f"{heads}{row}{levy}Total                                         403.24\n")]
    )
    assert other.fields["total"].problems == []
    wrong = extract(
        INVOICE, [page(f"{heads}{row}{levy}Total                                         409.24\n")]
    )
    assert "is not the sum" in wrong.fields["total"].problems[0]


def test_a_short_legal_form_counts_before_a_number_of_registration() -> None:
    text = "OLD VILLAGE\nLOT 2, JALAN BESAR\n47301 PETALING JAYA\n\nMORNING RETAIL SB (306295-X)\n"
    assert extract(RECEIPT, [page(text)]).fields["company"].text == "MORNING RETAIL SB"


@pytest.mark.parametrize(
    "text",
    [
        "Ways to pay: giro code 88120, reference 3301 2280 14\n",
        "Meter 0081177  Previous reading 44120  Current reading 44980\n".replace("  ", " "),
    ],
)
def test_a_label_of_several_words_or_a_row_of_readings_is_no_address(text: str) -> None:
    assert "issuer_address" not in invoice("Southern Plains Energy Ltd\n\n\n" + text)


def test_the_head_of_a_column_is_no_label_of_a_total() -> None:
    found = invoice(
        "Details                Paid in      Balance\n"
        "Brought forward                    1,204.55\n"
        "Water                    38.20     1,166.35\n"
        "Books                    17.99     1,148.36\n"
    )
    assert "total" not in found or found["total"].confidence < 0.6


def test_an_amount_is_hardly_the_number_of_an_order() -> None:
    found = invoice("28 Apr   Standing order rent   890.00\n30 Apr   Interest   1.20\n")
    assert "order_number" not in found or found["order_number"].confidence < 0.5
