"""Sender and recipient of an invoice, in the layouts that letters have."""

from __future__ import annotations

from sparknet_assets.fields.rules import extract
from tests.fields_rules.drawn import page, schema

INVOICE = schema("invoice")
SENDER = ("Exempel Widgets Ltd", "5 High Street London N1 9GU")
RECIPIENT = ("Pat Sample", "9 Garden Lane Oxford OX1 1AA")


def parties(text: str) -> tuple[tuple[str | None, str | None], tuple[str | None, str | None]]:
    fields = extract(INVOICE, [page(text)]).fields
    names = ("issuer", "issuer_address", "recipient", "recipient_address")
    one, two, three, four = (fields[n].text if n in fields else None for n in names)
    return (one, two), (three, four)


def test_bill_from_beside_bill_to() -> None:
    text = """
    Invoice

    Bill to                                        Bill from
    Pat Sample                                     Exempel Widgets Ltd
    9 Garden Lane                                  5 High Street
    Oxford OX1 1AA                                 London N1 9GU

    Invoice number: A-77
    """
    assert parties(text) == (SENDER, RECIPIENT)


def test_the_senders_line_above_the_window() -> None:
    text = """
    Exempel Widgets Ltd · 5 High Street · London N1 9GU

    Pat Sample
    9 Garden Lane
    Oxford OX1 1AA


    Invoice A-77
    """
    assert parties(text) == (("Exempel Widgets Ltd", "5 High Street · London N1 9GU"), RECIPIENT)


def test_a_sender_at_the_foot_of_the_page() -> None:
    foot = "Exempel Widgets Ltd, 5 High Street, London N1 9GU, VAT no. GB123456789"
    text = "\n    Pat Sample\n    9 Garden Lane\n    Oxford OX1 1AA\n\n\n    Invoice A-77\n"
    assert parties(text + "\n" * 55 + "    " + foot) == (
        ("Exempel Widgets Ltd", "5 High Street, London N1 9GU"),
        RECIPIENT,
    )


def test_a_recipient_without_a_heading_and_streets_without_postcodes() -> None:
    text = """
    Sample Yard Ltd
                                                           2 Slipway Road, Brannow
                                                           VAT no. HB 4471 902
                                                           office@yard.example


    Example Boats
    Technical department
    14 Pier Street
    Haven Town


    Invoice
    """
    assert parties(text) == (
        ("Sample Yard Ltd", "2 Slipway Road, Brannow"),
        ("Example Boats", "14 Pier Street Haven Town"),
    )


def test_a_tax_number_in_an_unknown_format_where_the_label_says_so() -> None:
    known = extract(INVOICE, [page("Invoice\nVAT no. GB123456789")]).fields["vat_id"]
    unknown = extract(INVOICE, [page("Invoice\nVAT no. HB 4471 902")]).fields["vat_id"]
    assert unknown.text == "HB 4471 902"
    assert unknown.confidence < known.confidence
    assert "vat_id" not in extract(INVOICE, [page("Invoice\nVAT 20 %   1,200.00")]).fields


def test_amounts_take_the_only_currency_that_the_page_states() -> None:
    total = extract(INVOICE, [page("Invoice\nTotal EUR   120.00\nVAT  20.00")]).fields
    assert total["tax"].value == {"amount": "20.00", "currency": "EUR"}
    both = extract(INVOICE, [page("Invoice\nTotal  120.00\nUSD or EUR")]).fields
    assert both["total"].value == {"amount": "120.00", "currency": None}
