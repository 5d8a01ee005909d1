"""Receipts and forms: those to develop on, and those held out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from benchmarks.paperwork.bill import Bill
from benchmarks.paperwork.sheet import Layout, Sheet

_TILL = (226, 560)  # 80 mm of paper


def _slip(bill: Bill, font: str = "cour") -> Sheet:
    return Sheet(bill, "receipt", font=font, size=8, page=_TILL)


def _time(bill: Bill) -> str:
    return f"{9 + bill.date.day % 9}:{bill.date.month * 4:02}"


def till(bill: Bill) -> Sheet:
    """All in the middle at the top, then names with amounts, cash and change."""
    s = _slip(bill)
    s.text(113, 25, bill.seller.name.upper(), size=10, centre=True)
    for n, text in enumerate((*bill.seller.address, f"Tel: {bill.seller.phone}")):
        s.text(113, 37 + 10 * n, text, centre=True)
    s.expect_party(seller=True)
    s.text(10, 80, f"{s.expect('date')}  {_time(bill)}")
    s.text(216, 80, f"{bill.label('receipt')} {s.expect('number')}", right=True)
    y = 100.0
    for line in bill.lines:
        s.item(line)
        s.text(10, y, line.name)
        s.text(216, y, bill.locale.figure(line.amount), right=True)
        y += 11
    label = {
        "en": "TOTAL",
        "de": "SUMME",
        "fr": "TOTAL TTC",
        "nl": "Totaal",
        "es": "TOTAL",
        "it": "TOTALE",
    }
    if not bill.contained:
        y = s.totals("subtotal tax", 10, y + 6, 216, step=11)
    s.text(10, y + 8, label[bill.locale.language], size=10, bold=True)
    s.value("total", 216, y + 8, size=10, bold=True, right=True)
    paid = (bill.total // 10 + 1) * 10
    for n, (key, value) in enumerate((("cash", paid), ("change", paid - bill.total))):
        s.text(10, y + 24 + 11 * n, bill.label(key))
        s.text(216, y + 24 + 11 * n, bill.locale.figure(value), right=True)
        s.says({"cash": "paid"}.get(key, key), f"{value:f}")
    if bill.contained:
        s.text(10, y + 52, f"{bill.label('tax')}")
        s.value("tax", 216, y + 52, right=True)
    s.text(113, y + 80, bill.label("thanks"), centre=True)
    return s


def table_service(bill: Bill) -> Sheet:
    """A restaurant: how many, what, how much; service, and a line for a tip left empty."""
    s = _slip(bill, "helv")
    s.text(113, 28, bill.seller.name, size=12, centre=True, bold=True)
    for n, text in enumerate(bill.seller.address):
        s.text(113, 40 + 10 * n, text, centre=True)
    s.expect_party(seller=True)
    s.text(10, 72, "Table 12   Guests 2   Server: Kim")
    s.text(10, 84, f"{bill.label('date')}: {s.expect('date')} {_time(bill)}")
    y = 104.0
    for line in bill.lines:
        s.item(line)
        s.text(10, y, f"{line.quantity}")
        s.text(28, y, line.name)
        s.text(216, y, bill.locale.figure(line.amount), right=True)
        y += 11
    y = s.totals("subtotal tax", 10, y + 8, 216, step=11)
    s.text(10, y + 4, "Total", bold=True)
    s.value("total", 216, y + 4, right=True, bold=True)
    s.text(10, y + 30, "Tip ____________________")
    s.text(113, y + 60, bill.label("thanks"), centre=True)
    return s


def quantities_above(bill: Bill) -> Sheet:
    """A name on one line, quantity by price and the amount on the next; paid by card."""
    s = _slip(bill)
    s.text(10, 25, bill.seller.name, size=11)
    number = f"{bill.label('vat_id')} {s.expect('vat_id')}"
    for n, text in enumerate((*bill.seller.address, number)):
        s.text(10, 38 + 10 * n, text)
    s.expect_party(seller=True)
    y = 85.0
    for line in bill.lines:
        s.item(line)
        s.text(10, y, line.name)
        s.text(20, y + 10, f"{line.quantity} x {bill.locale.figure(line.price)}")
        s.text(216, y + 10, bill.locale.figure(line.amount), right=True)
        y += 22
    y = s.totals("discount", 10, y + 6, 216)
    s.text(10, y + 6, f"Total {bill.locale.currency}", bold=True)
    s.value("total", 216, y + 6, right=True, bold=True)
    s.text(10, y + 20, "VISA **** 4417")
    s.text(216, y + 20, bill.locale.figure(bill.total), right=True)
    s.says("paid", f"{bill.total:f}")
    s.text(10, y + 34, f"{bill.label('tax')} {s.expect('tax')}")
    s.text(
        10,
        y + 52,
        f"{s.expect('date')} {_time(bill)}  {bill.label('receipt')} {s.expect('number')}",
    )
    return s


def pump(bill: Bill) -> Sheet:
    """One sale of a filling station, label and value on each line."""
    s = _slip(bill, "helv")
    y = s.party(10, 28, seller=True, bold=True)
    for text in (
        f"Receipt No: {s.expect('number')}",
        f"Date: {s.expect('date')}",
        f"Pump 4  {bill.lines[0].quantity} L @ {bill.locale.figure(bill.lines[0].price)}",
        f"{bill.label('tax')}: {s.expect('tax')}",
        f"Total: {s.expect('total')}",
        "Payment: Mastercard",
    ):
        y += 14
        s.text(10, y, text)
    return s


def suggested_tips(bill: Bill) -> Sheet:
    """Held out. A restaurant that reckons tips out below the total, heads above the items."""
    s = _slip(bill, "tiro")
    y = s.party(113 - 60, 25, seller=True, step=10)
    s.text(10, y + 8, f"{bill.label('receipt')}{s.expect('number')}")
    s.value("date", 216, y + 8, right=True)
    y += 28
    for x, key in ((10, "qty"), (40, "desc"), (216, "amount")):
        s.text(x, y, bill.label(key), right=x > 200)
    for line in bill.lines:
        y += 11
        s.item(line)
        s.text(10, y, f"{line.quantity}")
        s.text(40, y, line.name)
        s.text(216, y, bill.locale.figure(line.amount), right=True)
    y = s.totals("subtotal tax", 60, y + 18, 216, step=11)
    s.text(60, y + 2, "Amount due", bold=True)
    s.value("total", 216, y + 2, bold=True, right=True)
    y += 26
    for share in (18, 20, 22):
        tip = bill.round(bill.total * share / 100)
        s.text(10, y, f"{share}% is {bill.locale.amount(tip)}")
        y += 11
    s.text(113, y + 20, bill.label("thanks"), centre=True)
    return s


def market(bill: Bill) -> Sheet:
    """Held out. Tax classes behind the amounts and a table of taxes below; the date at the end."""
    s = _slip(bill, "helv")
    s.text(113, 24, bill.seller.name, size=13, bold=True, centre=True)
    s.text(113, 36, ", ".join(bill.seller.address), centre=True, size=7)
    s.text(113, 46, f"{bill.label('vat_id')}: {s.expect('vat_id')}", centre=True, size=7)
    s.expect_party(seller=True)
    s.text(216, 62, bill.locale.currency, right=True)
    y = 62.0
    for line in bill.lines:
        y += 11
        s.item(line)
        s.text(10, y, line.name)
        s.text(216, y, f"{bill.locale.figure(line.amount)} A", right=True)
    total = {
        "de": "zu zahlen",
        "fr": "A PAYER",
        "nl": "Te betalen",
        "es": "TOTAL A PAGAR",
        "it": "TOTALE COMPLESSIVO",
    }
    y += 20
    s.text(10, y, total.get(bill.locale.language, "TOTAL TO PAY"), bold=True, size=10)
    s.text(216, y, bill.locale.figure(bill.total), bold=True, size=10, right=True)
    s.says("total", f"{bill.total:f}")
    s.text(10, y + 16, bill.label("cash"))
    s.text(216, y + 16, bill.locale.figure(bill.total), right=True)
    s.says("paid", f"{bill.total:f}")
    s.expect("tax")
    net = bill.total - bill.tax
    for n, (a, b, c) in enumerate(
        (
            ("A", "Net", "Tax"),
            (f"{bill.locale.rate}%", bill.locale.figure(net), bill.locale.figure(bill.tax)),
        )
    ):
        for x, text in ((10, a), (130, b), (216, c)):
            s.text(x, y + 40 + 10 * n, text, right=x > 10, size=7)
    s.text(
        10,
        y + 70,
        f"{s.expect('date')}   {_time(bill)}   {bill.label('receipt')} {s.expect('number')}",
    )
    s.text(113, y + 90, bill.label("thanks"), centre=True)
    return s


def parking(bill: Bill) -> Sheet:
    """Held out. A ticket: labels at the left, values at the right, no items."""
    s = _slip(bill, "helv")
    s.text(113, 30, "RECEIPT", size=12, bold=True, centre=True)
    y = s.party(10, 50, seller=True, step=10) + 10
    fee = bill.total
    rows = (
        ("Date", s.expect("date")),
        ("Entry", "08:14"),
        ("Exit", "11:52"),
        ("Receipt number", s.expect("number")),
        ("Total", bill.locale.amount(fee)),
        ("Card", "**** 9921"),
    )
    s.says("total", f"{fee:f}")
    for label, value in rows:
        s.text(10, y, label)
        s.text(216, y, value, right=True)
        y += 14
    s.text(113, y + 10, bill.label("thanks"), centre=True)
    return s


def rounded(bill: Bill) -> Sheet:
    """Held out. Cash rounded to five cents, the sum before and after it."""
    s = _slip(bill)
    s.text(113, 25, bill.seller.name, centre=True, bold=True)
    for n, text in enumerate(bill.seller.address):
        s.text(113, 36 + 10 * n, text, centre=True)
    s.expect_party(seller=True)
    s.text(10, 66, f"Date {s.expect('date')}")
    y = 80.0
    for line in bill.lines:
        s.item(line)
        s.text(10, y, f"{line.quantity} {line.name}")
        s.text(216, y, bill.locale.figure(line.amount), right=True)
        y += 11
    step = Decimal("0.05")
    total = (bill.total / step).quantize(Decimal(1)) * step
    for key, text, value in (
        ("", "Sub Total", bill.total),
        ("", bill.label("rounding"), total - bill.total),
        ("total", "Total", total),
    ):
        s.text(10, y + 6, text, bold=key == "total")
        s.text(216, y + 6, bill.locale.figure(value), right=True)
        y += 11
    s.says("subtotal", f"{bill.total:f}")
    s.says("rounding", f"{total - bill.total:f}")
    s.says("total", f"{total:f}")
    s.text(113, y + 30, bill.label("thanks"), centre=True)
    return s


SHOP: dict[str, Any] = {"shop": True}
RECEIPTS_SEEN: list[Layout] = [
    (till, "us", SHOP),
    (till, "de", SHOP),
    (till, "fr", SHOP),
    (till, "nl", SHOP),
    (table_service, "us-named", SHOP),
    (table_service, "in", SHOP),
    (quantities_above, "uk", SHOP),
    (quantities_above, "it", SHOP | {"discount": 10}),
    (pump, "uk", SHOP | {"lines": 1}),
]
RECEIPTS_HELD_OUT: list[Layout] = [
    (suggested_tips, "us", SHOP),
    (suggested_tips, "in", SHOP),
    (market, "de", SHOP),
    (market, "fr", SHOP),
    (market, "es", SHOP),
    (market, "it", SHOP),
    (parking, "uk", SHOP),
    (rounded, "au", SHOP),
    (rounded, "ch", SHOP),
]
