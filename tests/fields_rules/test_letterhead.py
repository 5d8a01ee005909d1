"""Name and address of who issued a document, where no label says which they are."""

from __future__ import annotations

import pytest

from sparknet_assets.fields.rules import extract
from tests.fields_rules.drawn import page, schema

RECEIPT = schema("receipt")


def issuer(text: str) -> tuple[str | None, str | None]:
    fields = extract(RECEIPT, [page(text)]).fields
    name, address = fields.get("company"), fields.get("address")
    return name and name.text, address and address.text


def test_an_address_of_several_lines_ends_at_the_telephone() -> None:
    text = """
              PINE TREE TRADING SDN BHD
                   (123456-A)
               NO 5, JALAN BUKIT 2,
                 TAMAN CONTOH,
               43000 KAJANG, SELANGOR
                  TEL: 03-1234567
              Date: 25/12/2018
    """
    assert issuer(text) == (
        "PINE TREE TRADING SDN BHD",
        "NO 5, JALAN BUKIT 2, TAMAN CONTOH, 43000 KAJANG, SELANGOR",
    )


@pytest.mark.parametrize(
    "end",
    ["GST ID: 001234567890", "TAX INVOICE", "INVOICE NO: 55", "www.sample.com", "Date 1/2/2020"],
)
def test_what_ends_an_address(end: str) -> None:
    text = f"SAMPLE CAFE\nNO 5, JALAN BUKIT 2,\n43000 KAJANG\n{end}\nMORE"
    assert issuer(text)[1] == "NO 5, JALAN BUKIT 2, 43000 KAJANG"


def test_a_town_may_follow_the_postcode() -> None:
    text = "SAMPLE CAFE\nNO 5, JALAN BUKIT 2,\n81200 JOHOR BAHRU\nJOHOR\nCASH SALES\nTea  2.00"
    assert issuer(text)[1] == "NO 5, JALAN BUKIT 2, 81200 JOHOR BAHRU JOHOR"


def test_a_registration_number_is_no_part_of_the_name() -> None:
    assert (
        issuer("Sample Books Ltd (Co. No: 12345-X)\n5 High Street\nLondon N1 9GU")[0]
        == "Sample Books Ltd"
    )


def test_a_name_on_two_lines() -> None:
    text = "PASAR RAYA CONTOH\n(KAJANG) SDN BHD\n(767676-W)\nNO 5, JALAN BUKIT 2\n43000 KAJANG"
    assert issuer(text)[0] == "PASAR RAYA CONTOH (KAJANG) SDN BHD"


def test_what_was_written_above_the_letterhead_is_no_name() -> None:
    text = "lunch with anna\n\n\n\nRESTORAN CONTOH\n001234567-W\nNO 5, JALAN BUKIT 2\n43000 KAJANG"
    assert issuer(text)[0] == "RESTORAN CONTOH"


def test_a_brand_below_the_name_is_not_the_name() -> None:
    text = "SAMPLE HANDEL SDN BHD\n(1074617K)\nSHINY Cheras\nNo 2A Jalan Contoh\n55100 KUALA LUMPUR"
    assert issuer(text) == ("SAMPLE HANDEL SDN BHD", "No 2A Jalan Contoh 55100 KUALA LUMPUR")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Muster GmbH\nHauptstraße 12\n10115 Berlin\nTel. 030 123456",
            "Hauptstraße 12 10115 Berlin",
        ),
        (
            "Exemple SARL\n12 rue des Lilas\n75011 Paris\nTel : 0102030405",
            "12 rue des Lilas 75011 Paris",
        ),
        (
            "Voorbeeld B.V.\nWeena 12\n3012 CN Rotterdam\nwww.voorbeeld.nl",
            "Weena 12 3012 CN Rotterdam",
        ),
        ("Ejemplo S.L.\nCalle Mayor 5\n28013 Madrid\nTel. 910000000", "Calle Mayor 5 28013 Madrid"),
    ],
)
def test_addresses_of_other_countries(text: str, expected: str) -> None:
    assert issuer(text)[1] == expected


def test_sender_and_recipient_side_by_side() -> None:
    text = """
    Pat Sample                                     Exempel Widgets Ltd
    9 Garden Lane                                  5 High Street
    Oxford OX1 1AA                                 London N1 9GU
    Your order of May
    """
    assert issuer(text) == ("Exempel Widgets Ltd", "5 High Street London N1 9GU")


def test_a_name_that_only_the_foot_of_the_page_has() -> None:
    foot = "All goods are sold by Sample Widgets, Inc."
    fields = extract(RECEIPT, [page(f"Welcome\nTotal  5.00\n\n\n{foot}")]).fields
    assert fields["company"].text == "Sample Widgets, Inc."
    assert fields["company"].confidence < 0.6


def test_each_line_has_its_box() -> None:
    fields = extract(
        RECEIPT, [page("SAMPLE CAFE\nNO 5, JALAN BUKIT 2,\n43000 KAJANG\nTEL 1")]
    ).fields
    boxes = fields["address"].boxes
    assert len(boxes) == 2
    assert boxes[0].y1 < boxes[1].y0


def test_items_with_quantities_are_no_address() -> None:
    text = "SAMPLE CAFE\nTerminal 4\n2 Green apple\n1 Thermos tea\n2 Cinnamon bun\nTOTAL  5.00"
    assert issuer(text) == ("SAMPLE CAFE", None)
