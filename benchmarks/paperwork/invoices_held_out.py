"""Layouts of invoices that no rule was written or tuned on."""

from __future__ import annotations

from benchmarks.paperwork.bill import Bill
from benchmarks.paperwork.sheet import Layout, Sheet

_COLUMNS = "desc qty price amount"


def sentence(bill: Bill) -> Sheet:
    """Number and date in a heading, the sender at the right, the totals in a row of a table."""
    s = Sheet(bill, size=10)
    y = s.party(550, 60, seller=True, right=True, bold=True)
    s.text(550, y, bill.seller.phone, right=True)
    s.text(45, 120, bill.label("to"), size=8)
    s.party(45, 134, seller=False)
    s.text(45, 210, f"{bill.label('title')} {s.expect('number')}", size=14, bold=True)
    s.pair("date", 45, 228, colon="")
    y = s.table(265, (45, 300, 400, 550), _COLUMNS) + 14
    s.rule(45, y - 14, 550)
    for x, key in zip((150, 280, 420, 550), ("subtotal", "tax", "due", "total"), strict=True):
        s.text(x, y, bill.label(key), size=8, right=True)
        s.value(key, x, y + 14, right=True, bold=key == "total")
    s.pairs("bank bic vat_id", 45, y + 60, 160)
    return s


def bar(bill: Bill) -> Sheet:
    """Number, dates and customer on one line, parted by bars."""
    s = Sheet(bill, font="heit")
    s.text(45, 55, bill.seller.name.upper(), size=15)
    s.text(45, 70, " | ".join((*bill.seller.address, bill.seller.phone)), size=8)
    s.expect_party(seller=True)
    parts = [f"{bill.label(k)}: {s.expect(k)}" for k in ("number", "date", "due", "customer")]
    s.rule(45, 92, 550)
    s.text(45, 106, "  |  ".join(parts), size=8)
    s.rule(45, 112, 550)
    s.text(45, 140, f"{bill.label('to')}:")
    s.party(45, 154, seller=False)
    y = s.table(230, (45, 330, 430, 550), _COLUMNS, ruled=True)
    s.totals("subtotal discount tax total", 45, y + 20, 200, colon=":")
    return s


def foot_only(bill: Bill) -> Sheet:
    """The sender's name as a large word, all else about the sender at the foot."""
    s = Sheet(bill, font="tiro", size=11)
    s.text(45, 70, bill.seller.name, size=26, bold=True)
    s.party(45, 140, seller=False, step=14)
    s.pairs("number date order", 350, 140)
    y = s.table(250, (45, 320, 420, 550), _COLUMNS, step=20)
    s.totals("subtotal discount tax total", 330, y + 10, 550, step=18)
    s.pair("due", 45, y + 120)
    parts = (bill.seller.name, *bill.seller.address, bill.seller.phone, bill.seller.mail)
    s.text(297, 800, ", ".join(parts), size=7, centre=True)
    numbers = [f"{bill.label(k)} {s.expect(k)}" for k in ("vat_id", "bank") if bill.shown(k)]
    s.text(297, 810, " - ".join(numbers), size=7, centre=True)
    s.expect_party(seller=True)
    return s


def cells(bill: Bill) -> Sheet:
    """Every datum in a drawn cell, with its label small above it."""
    s = Sheet(bill)

    def cell(key: str, x: float, y: float, width: float) -> None:
        s.box(x, y, x + width, y + 28)
        s.text(x + 3, y + 8, bill.label(key), size=6)
        s.value(key, x + 3, y + 22)

    s.box(40, 40, 297, 110)
    s.party(45, 56, seller=True, bold=True)
    s.pair("vat_id", 45, 98)
    s.box(297, 40, 555, 110)
    s.text(302, 50, bill.label("to"), size=7)
    s.party(302, 64, seller=False)
    for n, key in enumerate(("number", "date", "customer", "due")):
        cell(key, 40 + 128.75 * n, 115, 128.75)
    y = s.table(175, (45, 95, 330, 440, 550), f"code {_COLUMNS}", ruled=True)
    for n, key in enumerate(("subtotal", "tax", "total")):
        cell(key, 126 + 143 * n, y + 30, 143)
    return s


def retention(bill: Bill) -> Sheet:
    """The sender's numbers beside its name, a sentence with the terms, items over two lines."""
    s = Sheet(bill, size=9)
    s.text(45, 60, f"{bill.seller.name} - {bill.label('vat_id')}: {s.expect('vat_id')}", bold=True)
    for n, text in enumerate(bill.seller.address):
        s.text(45, 73 + 12 * n, text)
    s.expect_party(seller=True)
    s.text(330, 110, bill.label("to") + ":", bold=True)
    s.party(330, 124, seller=False)
    s.pairs("number date due", 45, 130, 150)
    stops, y = (45, 380, 470, 550), 220.0
    for x, key in zip(stops, _COLUMNS.split(), strict=True):
        s.text(x, y, bill.label(key), right=x > 45, bold=True)
    for line in bill.lines:
        y += 18
        s.item(line)
        figures = (
            str(line.quantity),
            bill.locale.figure(line.price),
            bill.locale.figure(line.amount),
        )
        s.text(45, y, line.name)
        for x, text in zip(stops[1:], figures, strict=True):
            s.text(x, y, text, right=True)
        y += 11
        s.text(45, y, f"({line.code})", size=7.5)
    s.totals("subtotal discount tax total", 330, y + 34, 550)
    s.text(45, y + 140, f"{bill.label('bank')} {s.expect('bank')}")
    return s


def carried(bill: Bill) -> Sheet:
    """Many pages, each with the sender, the heads, and the sum so far as its last row."""
    s = Sheet(bill, font="tiro", size=9)
    left, done, first = list(bill.lines), bill.gross * 0, True
    while left or first:
        s.text(45, 45, bill.seller.name, bold=True)
        s.text(45, 56, ", ".join(bill.seller.address))
        s.text(550, 45, f"{bill.label('number')} {s.expect('number')}", right=True)
        s.text(550, 56, f"{bill.label('date')} {s.expect('date')}", right=True)
        y = 100.0
        if first:
            s.expect_party(seller=True)
            s.text(45, 90, bill.label("to"))
            y = s.party(45, 104, seller=False) + 40
            first = False
        room = int((760 - y) // 13)
        here, left = left[:room], left[room:]
        y = s.table(y, (45, 90, 380, 460, 550), f"code {_COLUMNS}", step=13, lines=here)
        done += sum(line.amount for line in here)
        if left:
            s.text(380, y + 4, bill.label("carried"))
            s.text(550, y + 4, bill.locale.figure(done), right=True)
            s.new_page()
    s.totals("subtotal discount tax total", 340, y + 16, 550)
    s.pair("due", 45, y + 100)
    return s


def folio(bill: Bill) -> Sheet:
    """Each line with the day it was charged for, under heads, the sum as the last row."""
    s = Sheet(bill)
    s.text(297, 60, bill.seller.name, size=16, bold=True, centre=True)
    for n, text in enumerate((*bill.seller.address, f"Tel. {bill.seller.phone}")):
        s.text(297, 76 + 12 * n, text, centre=True)
    s.expect_party(seller=True)
    s.party(45, 140, seller=False)
    s.pairs("number customer date", 380, 140, 470)
    y = 220.0
    for x, key in zip((45, 120, 550), ("date", "desc", "amount"), strict=True):
        s.text(x, y, "Day" if key == "date" else bill.label(key), bold=True, right=key == "amount")
    for line in bill.lines:
        y += 15
        s.item(line)
        s.text(45, y, bill.locale.date(bill.date))
        s.text(120, y, line.name)
        s.text(550, y, bill.locale.figure(line.amount), right=True)
    s.rule(45, y + 6, 550)
    s.totals("subtotal discount tax total", 120, y + 22, 550)
    return s


def panel(bill: Bill) -> Sheet:
    """A wide page: items at the left, all else in a panel at the right."""
    s = Sheet(bill, page=(842, 595))
    s.box(590, 0, 842, 595, grey=0.94)
    s.text(45, 55, bill.label("title"), size=24, bold=True)
    y = s.table(110, (45, 330, 430, 560), _COLUMNS, step=20)
    s.totals("subtotal discount tax total", 380, y + 12, 560, step=18)
    s.party(605, 50, seller=True, bold=True)
    s.text(605, 88, bill.seller.mail, size=8)
    s.text(605, 130, bill.label("to"), bold=True)
    y = s.party(605, 144, seller=False) + 24
    for key in ("number", "date", "due", "order"):
        s.text(605, y, bill.label(key), bold=True, size=8)
        s.value(key, 605, y + 13)
        y += 34
    s.pairs("bank bic", 605, y + 10)
    return s


def wide_gaps(bill: Bill) -> Sheet:
    """Typewritten: dots between labels and values, amounts at tabulators."""
    s = Sheet(bill, font="cour", size=10)
    s.party(45, 60, seller=True)
    s.text(45, 120, f"{bill.label('to')}:")
    s.party(120, 120, seller=False)
    y = 190.0
    for key in ("number", "date", "due"):
        label = bill.label(key)
        s.text(45, y, f"{label} {'.' * (28 - len(label))} {s.expect(key)}")
        y += 14
    y = s.table(y + 24, (45, 320, 420, 550), _COLUMNS)
    y += 10
    for key in ("subtotal", "tax", "total"):
        label = bill.label(key)
        s.text(200, y, f"{label} {'.' * (30 - len(label))}")
        s.value(key, 550, y, right=True)
        y += 14
    return s


def credit(bill: Bill) -> Sheet:
    """A credit note with amounts in brackets, the label above what it is of."""
    s = Sheet(bill)
    s.text(550, 60, bill.label("credit"), size=18, bold=True, right=True)
    s.party(45, 60, seller=True, bold=True)
    s.text(45, 130, bill.label("to"), size=8)
    s.party(45, 143, seller=False)
    for n, key in enumerate(("number", "date", "customer")):
        s.text(330, 100 + 30 * n, bill.label(key), size=8)
        s.value(key, 330, 112 + 30 * n)
    y = 230.0
    for x, key in zip((45, 550), ("desc", "amount"), strict=True):
        s.text(x, y, bill.label(key), bold=True, right=x > 45)
    for line in bill.lines:
        y += 16
        s.item(line)
        s.text(45, y, line.name)
        s.text(550, y, f"({bill.locale.figure(line.amount)})", right=True)
    y += 30
    for key in ("subtotal", "tax", "total"):
        s.expect(key)
        s.text(350, y, bill.label(key))
        s.text(550, y, f"({bill.locale.figure(getattr(bill, key))})", right=True)
        y += 15
    return s


def filled_above(bill: Bill) -> Sheet:
    """Fields to fill in, each below its label, over a page in two columns."""
    s = Sheet(bill)
    s.text(45, 50, bill.label("title"), size=16, bold=True)
    s.text(45, 80, bill.label("from"), bold=True)
    s.text(320, 80, bill.label("to"), bold=True)
    s.expect_party(seller=True)
    s.expect_party(seller=False)
    for x, party in ((45, bill.seller), (320, bill.buyer)):
        for n, text in enumerate((party.name, *party.address)):
            s.entry(x, 96 + 18 * n, 220, f"{x}{n}", text)
    for n, key in enumerate(("number", "date", "due", "customer")):
        x, place = 45 + 275 * (n % 2), 170 + 38 * (n // 2)
        s.text(x, place, bill.label(key), size=8)
        s.entry(x, place + 15, 150, key, s.expect(key))
    y = s.table(270, (45, 330, 430, 550), _COLUMNS)
    for n, key in enumerate(("subtotal", "tax", "total")):
        s.text(45 + 170 * n, y + 20, bill.label(key), size=8)
        s.entry(45 + 170 * n, y + 35, 120, f"sum {key}", s.expect(key))
    return s


def columns_of_text(bill: Bill) -> Sheet:
    """A letter in two narrow columns: what was done at the left, numbers at the right."""
    s = Sheet(bill, font="tiro", size=10)
    s.text(45, 60, bill.seller.name, size=14, bold=True)
    s.text(45, 74, " - ".join(bill.seller.address))
    s.expect_party(seller=True)
    s.party(45, 120, seller=False)
    s.text(45, 190, f"{bill.label('title')}", size=15, bold=True)
    s.rule(320, 180, 320)
    y = s.pairs("number date due order customer", 335, 190)
    s.pairs("bank bic vat_id", 335, y + 8)
    y = 215.0
    for line in bill.lines:
        s.item(line)
        s.text(45, y, line.name)
        s.text(300, y, bill.locale.figure(line.amount), right=True)
        y += 16
    s.rule(45, y - 6, 300)
    s.totals("subtotal discount tax total", 45, y + 10, 300)
    return s


INVOICES: list[Layout] = [
    (sentence, "de", {}),
    (sentence, "fr", {}),
    (bar, "uk", {}),
    (bar, "es", {"discount": 5}),
    (foot_only, "nl", {}),
    (foot_only, "au", {"discount": 10}),
    (cells, "it", {}),
    (cells, "us", {}),
    (retention, "es", {}),
    (retention, "at", {"discount": 5}),
    (carried, "ch", {"lines": 80}),
    (carried, "uk", {"lines": 60}),
    (folio, "us", {}),
    (folio, "at", {}),
    (panel, "nl", {}),
    (panel, "fr", {}),
    (panel, "jp", {}),
    (wide_gaps, "in", {}),
    (wide_gaps, "uk", {}),
    (credit, "us", {"sign": -1}),
    (credit, "fr", {"sign": -1}),
    (filled_above, "au", {}),
    (filled_above, "de", {}),
    (columns_of_text, "ch", {}),
    (columns_of_text, "it", {}),
    (wide_gaps, "jp", {}),
]
