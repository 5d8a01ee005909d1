"""Layouts of invoices that the rules may be developed on."""

from __future__ import annotations

from benchmarks.paperwork.bill import Bill
from benchmarks.paperwork.sheet import Layout, Sheet

_META = "number date due order customer"
_STOPS = (45, 330, 430, 550)
_COLUMNS = "desc qty price amount"


def classic(bill: Bill) -> Sheet:
    """Letterhead left, numbers right, recipient under its label, a drawn table."""
    s = Sheet(bill)
    s.text(400, 70, bill.label("title").upper(), size=20, bold=True)
    y = s.party(45, 70, seller=True, bold=True)
    s.text(45, y, f"Tel. {bill.seller.phone}")
    s.text(45, y + 12, bill.seller.mail)
    s.pairs(_META, 360, 110, 460)
    s.text(45, 190, bill.label("to") + ":", bold=True)
    s.party(45, 204, seller=False)
    y = s.table(290, _STOPS, _COLUMNS, ruled=True)
    s.totals("subtotal discount tax total", 360, y + 14, 550)
    s.pairs("bank bic vat_id", 45, 780)
    return s


def window(bill: Bill) -> Sheet:
    """A letter for an envelope with a window: sender in one small line, numbers at the right."""
    s = Sheet(bill)
    seller = bill.seller
    s.text(330, 60, seller.name, size=16, bold=True)
    s.text(60, 125, f"{seller.name} · {' · '.join(seller.address)}", size=7)
    s.expect_party(seller=True)
    s.party(60, 145, seller=False, step=13)
    s.pairs("number date customer order", 380, 145, 470, colon="")
    s.text(60, 270, f"{bill.label('title')} {bill.number}", size=13, bold=True)
    greeting = {"de": "Sehr geehrte Damen und Herren, wir berechnen Ihnen wie vereinbart:"}
    s.text(60, 295, greeting.get(bill.locale.language, "Dear customer, we charge as agreed:"))
    y = s.table(330, (60, 350, 440, 550), _COLUMNS)
    s.rule(60, y - 8, 550)
    y = s.totals("subtotal discount tax total", 350, y + 8, 550)
    s.pair("due", 60, y + 20, colon="")
    s.rule(60, 770, 550)
    foot = (
        (seller.name, *seller.address),
        (f"Tel. {seller.phone}", seller.mail),
        (
            "IBAN " + s.expect("bank"),
            "BIC " + s.expect("bic"),
            f"{bill.label('vat_id')} {s.expect('vat_id')}",
        ),
    )
    for x, lines in zip((60, 230, 380), foot, strict=True):
        for n, text in enumerate(lines):
            s.text(x, 782 + 10 * n, text, size=7.5)
    return s


def strip(bill: Bill) -> Sheet:
    """Values below their labels, in a strip over the page."""
    s = Sheet(bill)
    s.party(45, 60, seller=True, bold=True)
    s.text(550, 65, bill.label("title"), size=22, right=True)
    s.text(45, 140, bill.label("to"), bold=True)
    s.party(45, 154, seller=False)
    for x, key in zip((45, 175, 300, 430), ("number", "date", "due", "order"), strict=True):
        s.text(x, 225, bill.label(key), size=8)
        s.value(key, x, 239, bold=True)
    y = s.table(280, _STOPS, _COLUMNS, ruled=True)
    s.totals("subtotal discount tax total", 380, y + 14, 550, colon=":")
    s.pairs("vat_id bank bic", 45, 800 - 42)
    return s


def from_and_to(bill: Bill) -> Sheet:
    """Both parties side by side under their labels, with tax numbers; items without rules."""
    s = Sheet(bill, font="tiro", size=10.5)
    s.text(297, 60, bill.label("title").upper(), size=18, bold=True, centre=True)
    s.text(45, 100, bill.label("from"), bold=True)
    y = s.party(45, 115, seller=True)
    s.pair("vat_id", 45, y)
    s.text(330, 100, bill.label("to"), bold=True)
    s.party(330, 115, seller=False)
    s.pairs("number date due", 45, 200, 160)
    y = s.table(270, _STOPS, _COLUMNS)
    s.totals("subtotal discount tax total", 300, y + 10, 550)
    s.pairs("bank bic", 45, y + 110)
    return s


def grid(bill: Bill) -> Sheet:
    """Numbers in a drawn table: a row of labels, a row of values."""
    s = Sheet(bill)
    s.text(45, 60, bill.seller.name, size=17, bold=True)
    s.text(45, 76, ", ".join(bill.seller.address))
    s.text(45, 88, f"{bill.seller.phone}   {bill.seller.mail}")
    s.expect_party(seller=True)
    s.text(45, 130, bill.label("to") + ":", bold=True)
    s.party(45, 144, seller=False)
    for n, key in enumerate(("customer", "number", "date", "due")):
        x = 45 + 126 * n
        s.box(x, 205, x + 126, 223, grey=0.9)
        s.box(x, 223, x + 126, 241)
        s.text(x + 63, 218, bill.label(key), centre=True, bold=True)
        s.value(key, x + 63, 236, centre=True)
    y = s.table(280, (45, 100, 340, 440, 550), f"code {_COLUMNS}", ruled=True)
    s.totals("subtotal discount tax total", 380, y + 14, 545)
    return s


def recipient_right(bill: Bill) -> Sheet:
    """Sender left, recipient right, neither with a label; the tax in a table of its own."""
    s = Sheet(bill)
    y = s.party(45, 60, seller=True, bold=True)
    s.text(45, y, f"Tél. {bill.seller.phone}")
    s.party(340, 130, seller=False, step=13)
    s.text(45, 205, f"{bill.label('number')} {s.expect('number')}", size=13, bold=True)
    s.pair("date", 45, 222)
    s.pair("order", 45, 236)
    y = s.table(280, _STOPS, _COLUMNS, ruled=True) + 20
    rate = f"{bill.locale.rate} %"
    for x, text in zip((45, 120, 220), ("Taux", "Base", "Montant"), strict=True):
        s.text(x, y, text, bold=True, size=8)
    figures = (rate, bill.locale.figure(bill.subtotal), bill.locale.figure(bill.tax))
    for x, text in zip((45, 120, 220), figures, strict=True):
        s.text(x, y + 13, text, size=8)
    s.totals("subtotal discount tax total", 370, y, 550)
    s.pair("due", 45, y + 80)
    s.pairs("bank bic", 45, y + 96)
    s.text(
        297,
        815,
        f"{bill.seller.name} - {bill.label('vat_id')} {s.expect('vat_id')}",
        size=7,
        centre=True,
    )
    return s


def with_slip(bill: Bill) -> Sheet:
    """A letterhead in the middle, and a slip to cut off and send back with the payment."""
    s = Sheet(bill, font="tiro", size=10)
    s.text(297, 60, bill.seller.name, size=18, centre=True)
    s.text(297, 76, ", ".join(bill.seller.address), centre=True)
    s.text(297, 89, f"Telephone {bill.seller.phone}", centre=True)
    s.expect_party(seller=True)
    s.text(45, 130, bill.label("to"))
    s.party(45, 144, seller=False)
    s.pairs("number date due customer", 350, 130, 550, right=True, colon="")
    y = s.table(240, _STOPS, _COLUMNS)
    y = s.totals("subtotal discount tax total", 350, y + 10, 550)
    s.text(45, 700, "- " * 80, size=8)
    s.text(45, 720, "Please return this slip with your payment", bold=True)
    s.text(45, 738, f"{bill.label('customer')}: {bill.customer}")
    s.text(45, 752, f"{bill.label('number')}: {bill.number}")
    s.text(300, 738, f"{bill.label('total')}: {bill.shown('total')}")
    s.text(300, 752, "Amount enclosed: ______________")
    return s


def many_pages(bill: Bill) -> Sheet:
    """Items over several pages: heads again, the sum carried over."""
    s = Sheet(bill)
    s.party(45, 60, seller=True, bold=True)
    s.text(45, 130, bill.label("to"), bold=True)
    s.party(45, 144, seller=False)
    s.pairs("number date due", 360, 70, 470)
    left, y, done = list(bill.lines), 220.0, bill.gross * 0
    while left:
        room = int((740 - y) // 16)
        here, left = left[:room], left[room:]
        if done:
            s.text(45, y - 22, bill.label("brought"))
            s.text(550, y - 22, bill.locale.figure(done), right=True)
        y = s.table(y, _STOPS, _COLUMNS, lines=here)
        done += sum(line.amount for line in here)
        if left:
            s.text(45, y + 6, bill.label("carried"))
            s.text(550, y + 6, bill.locale.figure(done), right=True)
            s.text(550, 810, f"{s.document.page_count}", right=True)
            s.new_page()
            s.text(45, 50, f"{bill.seller.name}   {bill.label('number')} {bill.number}", size=8)
            y = 100.0
    s.totals("subtotal discount tax total", 360, y + 14, 550)
    return s


def freelance(bill: Bill) -> Sheet:
    """A plain letter without heads of columns: what was done, and amounts at the end of lines."""
    s = Sheet(bill, font="cour", size=10)
    s.party(45, 60, seller=True)
    s.text(45, 100, f"{bill.seller.mail}  {bill.seller.phone}")
    s.text(45, 140, f"{bill.label('to')}: {bill.buyer.name}")
    s.text(45, 153, ", ".join(bill.buyer.address))
    s.expect_party(seller=False)
    s.pairs("number date due", 45, 190)
    y = 260.0
    for line in bill.lines:
        s.item(line)
        s.text(45, y, line.name)
        s.text(550, y, bill.locale.amount(line.amount), right=True)
        y += 18
    s.totals("subtotal discount tax total", 300, y + 20, 550)
    s.pairs("bank bic", 45, y + 130)
    return s


def credit(bill: Bill) -> Sheet:
    """A credit note: its own title, negative quantities and amounts."""
    s = Sheet(bill)
    s.party(45, 60, seller=True, bold=True)
    s.text(45, 110, f"Tel {bill.seller.phone}")
    s.text(360, 60, bill.label("credit"), size=16, bold=True)
    s.pairs("number date customer", 360, 90, 470)
    s.text(45, 150, bill.label("to") + ":")
    s.party(45, 164, seller=False)
    y = s.table(250, _STOPS, _COLUMNS, ruled=True)
    s.totals("subtotal tax total", 360, y + 14, 550)
    return s


def separate_blocks(bill: Bill) -> Sheet:
    """Labels first, then values, as programs that fill templates write them."""
    s = Sheet(bill)
    keys = [key for key in _META.split() if bill.shown(key)]
    for n, key in enumerate(keys):
        s.text(340, 70 + 15 * n, bill.label(key))
    sums = ["subtotal", "tax", "total"]
    for n, key in enumerate(sums):
        s.text(340, 500 + 16 * n, bill.label(key))
    s.text(45, 160, bill.label("to"))
    s.party(45, 70, seller=True)
    s.party(45, 176, seller=False)
    for n, key in enumerate(keys):
        s.value(key, 470, 70 + 15 * n)
    s.table(280, _STOPS, _COLUMNS)
    for n, key in enumerate(sums):
        s.value(key, 550, 500 + 16 * n, right=True)
    return s


def utility(bill: Bill) -> Sheet:
    """What is to be paid in a box at the top, charges without heads below."""
    s = Sheet(bill)
    s.party(45, 60, seller=True, bold=True)
    s.party(45, 150, seller=False)
    s.box(340, 50, 555, 130, grey=0.93)
    s.text(350, 68, bill.label("total"))
    s.text(350, 90, s.expect("total"), size=18, bold=True)
    s.text(350, 110, bill.label("due"))
    s.value("due", 450, 110, bold=True)
    s.pairs("customer number date", 340, 150, 450)
    y = 250.0
    for line in bill.lines:
        s.item(line)
        s.text(45, y, line.name)
        s.text(550, y, bill.locale.figure(line.amount), right=True)
        y += 15
    y = s.totals("subtotal discount tax", 45, y + 5, 550)
    s.totals("total", 45, y + 5, 550)
    s.pairs("bank bic", 45, y + 60)
    return s


def gst(bill: Bill) -> Sheet:
    """India: central and state tax apart, the total in words, the code of the wares."""
    s = Sheet(bill)
    s.text(297, 50, bill.label("title"), size=14, bold=True, centre=True)
    s.box(40, 60, 555, 150)
    s.party(45, 76, seller=True, bold=True)
    s.pair("vat_id", 45, 118)
    s.pairs("number date order", 350, 76, 450)
    s.box(40, 150, 555, 210)
    s.text(45, 164, bill.label("to") + ":", bold=True)
    s.party(45, 178, seller=False)
    y = s.table(240, (45, 100, 340, 440, 550), f"code {_COLUMNS}", ruled=True)
    half = bill.tax / 2
    y = s.totals("subtotal", 350, y + 12, 550)
    for name in ("CGST", "SGST"):
        s.text(350, y, f"{name} @ {bill.locale.rate / 2}%")
        s.text(550, y, bill.locale.amount(half), right=True)
        s.says("central_tax" if name == "CGST" else "state_tax", f"{half:.2f}")
        y += 15
    s.totals("total", 350, y, 550)
    s.text(45, y + 20, "Amount in words: as above, rupees only")
    return s


def fields_filled_in(bill: Bill) -> Sheet:
    """A form of which only the labels are print; values are in its fields."""
    s = Sheet(bill)
    s.text(297, 60, bill.label("title"), size=18, bold=True, centre=True)
    s.party(45, 90, seller=True, bold=True)
    for n, key in enumerate(key for key in _META.split() if key != "order"):
        s.text(330, 90 + 20 * n, bill.label(key) + ":")
        s.entry(440, 90 + 20 * n, 115, key, s.expect(key))
    s.text(45, 170, bill.label("to") + ":")
    for n, text in enumerate((bill.buyer.name, *bill.buyer.address)):
        s.entry(45, 186 + 17 * n, 220, f"to{n}", text)
    s.expect_party(seller=False)
    y = s.table(280, _STOPS, _COLUMNS)
    for n, key in enumerate(("subtotal", "tax", "total")):
        s.text(340, y + 20 + 20 * n, bill.label(key) + ":")
        s.entry(460, y + 20 + 20 * n, 95, key, s.expect(key))
    return s


def banner(bill: Bill) -> Sheet:
    """White on a dark band; labels end where values begin."""
    s = Sheet(bill)
    s.box(0, 0, 595, 100, grey=0.15)
    s.text(45, 45, bill.seller.name, size=18, bold=True, white=True)
    s.text(45, 62, ", ".join(bill.seller.address), white=True)
    s.expect_party(seller=True)
    s.text(550, 45, bill.label("title"), size=20, right=True, white=True)
    s.text(550, 70, bill.shown("total"), size=16, right=True, white=True)
    for n, key in enumerate(("number", "date", "due")):
        s.text(445, 130 + 15 * n, bill.label(key), right=True, bold=True)
        s.value(key, 455, 130 + 15 * n)
    s.text(45, 130, bill.label("to"), bold=True)
    s.party(45, 145, seller=False)
    y = s.table(240, _STOPS, _COLUMNS)
    for key in ("subtotal", "tax", "total"):
        s.text(445, y + 12, bill.label(key), right=True, bold=True)
        s.value(key, 550, y + 12, right=True)
        y += 16
    return s


INVOICES: list[Layout] = [
    (classic, "us", {}),
    (classic, "in", {"discount": 5}),
    (window, "de", {}),
    (window, "ch", {"discount": 10}),
    (strip, "uk", {}),
    (strip, "nl", {}),
    (from_and_to, "us-named", {}),
    (from_and_to, "es", {"discount": 5}),
    (grid, "it", {}),
    (grid, "us", {"discount": 10}),
    (recipient_right, "fr", {}),
    (with_slip, "uk", {}),
    (many_pages, "de", {"lines": 70}),
    (many_pages, "us", {"lines": 95}),
    (freelance, "uk", {}),
    (freelance, "nl", {}),
    (credit, "de", {"sign": -1}),
    (credit, "uk", {"sign": -1}),
    (separate_blocks, "fr", {}),
    (separate_blocks, "us-named", {}),
    (utility, "us", {}),
    (utility, "es", {}),
    (gst, "in", {}),
    (fields_filled_in, "uk", {}),
    (banner, "jp", {}),
    (banner, "it", {}),
]
