"""Labels with values where there is no schema, and which schemas fit a document."""

from __future__ import annotations

from resources.ocr import Box, KeyValue
from sparknet_assets.fields.rules import fitting, labelled_values
from sparknet_assets.fields.rules.labelled import MOST_VALUES
from sparknet_assets.fields.schema import Schema
from tests.fields_rules.drawn import page, schema


def pairs(text: str) -> dict[str, object]:
    return {found.label: found.value.value for found in labelled_values([page(text)])}


def test_values_beside_and_below_labels_with_a_colon() -> None:
    assert pairs(
        """
        Name: Pat Sample          Born:  3 May 1990
        Street    :   5 High Street
        Remarks:
        left at the door
        """
    ) == {
        "Name": "Pat Sample",
        "Born": "3 May 1990",
        "Street": "5 High Street",
        "Remarks": "left at the door",
    }


def test_times_addresses_and_sentences_are_no_labels() -> None:
    assert (
        pairs("at 10:30 we met\nhttp://sample.example/a\n17: 4\nThis, as one says, is so.: no")
        == {}
    )


def test_a_label_without_a_value_has_none() -> None:
    assert pairs("First name:        Last name:\nStreet: 5") == {"Street": "5"}


def test_check_boxes() -> None:
    assert pairs("[x] Married   [ ] Single\n☑ Member") == {
        "Married": True,
        "Single": False,
        "Member": True,
    }


def test_boxes_and_text_are_those_of_the_page() -> None:
    (found,) = labelled_values([page("Name: Pat Sample", 4)])
    assert found.value.text == "Pat Sample" and found.value.page == 4
    (box,) = found.value.boxes
    assert (box.page, round(box.x0, 2), round(box.x1, 2)) == (4, 0.06, 0.16)


def test_what_an_engine_recognised_on_a_form_comes_first() -> None:
    box = Box(0.1, 0.1, 0.2, 0.2)
    given = page("City: Rome\nZip: 00100").model_copy(
        update={
            "key_values": [
                KeyValue(key="City:", value="Rome", key_box=box, value_box=box, confidence=0.97),
                KeyValue(key="Agreed", value="[x]", key_box=box, value_box=None, confidence=0.9),
            ]
        }
    )
    found = labelled_values([given])
    assert [(f.label, f.value.value) for f in found] == [
        ("City", "Rome"),
        ("Agreed", True),
        ("Zip", "00100"),
    ]
    assert found[0].value.confidence == 0.97


def test_a_long_document_gives_no_more_than_it_says() -> None:
    text = "\n".join(f"Field {n}: value" for n in range(60))
    assert len(labelled_values([page(text, n) for n in range(1, 120)])) == MOST_VALUES


RECEIPT_TEXT = (
    "SAMPLE CAFE\nCashier: Jo\nSubtotal  4.00\nTotal  4.00\nCash  5.00\nChange  1.00\nThank you"
)
INVOICE_TEXT = """
Invoice
Invoice number: 55     Invoice date: 1 May 2020
Bill to: Pat Sample    Due date: 31 May 2020
VAT  4.00   Amount due  24.00
IBAN GB82 WEST 1234 5698 7654 32
"""


def test_the_kind_that_a_document_is_comes_first() -> None:
    schemas = [schema(name) for name in ("form", "invoice", "receipt")]

    def names(text: str) -> list[str]:
        return [kind.name for kind in fitting(schemas, [page(text)])]

    assert names(RECEIPT_TEXT)[0] == "receipt"
    assert names(INVOICE_TEXT)[0] == "invoice"
    assert names("A letter about nothing that was ever sold.") == []
    assert fitting(schemas, []) == []


def test_a_report_that_has_the_words_of_a_receipt_is_none() -> None:
    prose = "\n".join(["the committee looked at every part of the plan once more"] * 100)
    assert fitting([schema("receipt")], [page(f"{RECEIPT_TEXT}\n{prose}")]) == []


def test_a_schema_of_few_marks_needs_all_of_them() -> None:
    kind = Schema(name="permit", marks=("parking permit", "zone"))
    assert fitting([kind], [page("PARKING PERMIT\nZone 4")]) == [kind]
    assert fitting([kind], [page("PARKING PERMIT")]) == []
