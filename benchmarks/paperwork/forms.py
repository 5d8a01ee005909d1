"""Forms with labels and check boxes, and papers that are neither invoice nor receipt."""

from __future__ import annotations

from benchmarks.paperwork.bill import Bill
from benchmarks.paperwork.sheet import Layout, Sheet

_TEXT = (
    "We write with regard to the works at the northern boundary, which were agreed in spring and"
    "|have since been put off twice. The surveyor has confirmed that the fence stands as planned"
    "|there, so that nothing keeps the contractor from beginning. We propose the week after next."
    "|Please let us know whether the gate can stay open on those days, and who has the key."
)


def _form(bill: Bill, title: str) -> Sheet:
    s = Sheet(bill, "form")
    s.text(45, 60, title, size=16, bold=True)
    return s


def _person(bill: Bill) -> dict[str, str]:
    street, town = bill.buyer.address
    return {
        "Company": bill.buyer.name,
        "Street": street,
        "Town": town,
        "Telephone": bill.buyer.phone,
        "Date of birth": bill.locale.date(bill.date),
        "Policy number": bill.order,
    }


_BOXES = {"Smoker": False, "First visit": True, "Newsletter": False, "Parking needed": True}


def lines(bill: Bill) -> Sheet:
    """Label, colon, value; boxes typed as brackets."""
    s = _form(bill, "Registration form")
    y = 100.0
    for label, value in _person(bill).items():
        s.text(45, y, f"{label}: {value}")
        s.expected.pairs[label] = value
        y += 20
    for label, on in _BOXES.items():
        s.text(45, y, f"[{'x' if on else ' '}] {label}")
        s.expected.pairs[label] = on
        y += 16
    return s


def filled_in(bill: Bill) -> Sheet:
    """Fields and check boxes to fill in."""
    s = _form(bill, "Application")
    y = 100.0
    for label, value in _person(bill).items():
        s.text(45, y, f"{label}:")
        s.entry(160, y, 220, label, value)
        s.expected.pairs[label] = value
        y += 24
    for label, on in _BOXES.items():
        s.tick(45, y, label, on)
        s.text(62, y, label)
        s.expected.pairs[label] = on
        y += 18
    return s


def columns(bill: Bill) -> Sheet:
    """Labels in a column, values in another one."""
    s = _form(bill, "Damage report")
    y = 100.0
    for label, value in _person(bill).items():
        s.text(45, y, f"{label}:", bold=True)
        s.text(200, y, value)
        s.expected.pairs[label] = value
        y += 18
    return s


def boxed(bill: Bill) -> Sheet:
    """Held out. Two columns of drawn cells with the label small in each."""
    s = _form(bill, "Membership form")
    for n, (label, value) in enumerate(_person(bill).items()):
        x, y = 45 + 255 * (n % 2), 90 + 40 * (n // 2)
        s.box(x, y, x + 250, y + 34)
        s.text(x + 4, y + 10, f"{label}:", size=7)
        s.text(x + 4, y + 26, value)
        s.expected.pairs[label] = value
    return s


def drawn_boxes(bill: Bill) -> Sheet:
    """Held out. Drawn squares, a cross in some of them, beside label and value on one line."""
    s = _form(bill, "Patient questionnaire")
    y = 100.0
    for label, value in _person(bill).items():
        s.text(45, y, label + ":")
        s.text(s.text(45, y, label + ":") + 6, y, value)
        s.expected.pairs[label] = value
        y += 18
    for label, on in _BOXES.items():
        s.box(45, y - 8, 54, y + 1)
        if on:
            s.text(46.5, y, "X", size=8)
        s.text(62, y, label)
        s.expected.pairs[label] = on
        y += 16
    return s


def ticked(bill: Bill) -> Sheet:
    """Held out. Fields to fill in over two columns, boxes after their labels."""
    s = _form(bill, "Booking")
    for n, (label, value) in enumerate(_person(bill).items()):
        x, y = 45 + 255 * (n % 2), 100 + 44 * (n // 2)
        s.text(x, y, label + ":", size=8)
        s.entry(x, y + 17, 200, label, value)
        s.expected.pairs[label] = value
    for n, (label, on) in enumerate(_BOXES.items()):
        x = 45 + 130 * n
        s.tick(x, 270, label, on)
        s.text(x + 14, 270, label)
        s.expected.pairs[label] = on
    return s


def _paper(bill: Bill) -> Sheet:
    return Sheet(bill, "", font="tiro", size=10.5)


def letter(bill: Bill) -> Sheet:
    """A letter between businesses that asks for nothing to be paid."""
    s = _paper(bill)
    y = s.party(45, 60, seller=True) + 30
    y = s.party(45, y, seller=False) + 30
    s.text(45, y, bill.shown("date"))
    for n, text in enumerate(_TEXT.split("|")):
        s.text(45, y + 40 + 14 * n, text)
    s.expected.fields.clear()
    return s


def minutes(bill: Bill) -> Sheet:
    """Minutes of a meeting that speaks of invoices and money."""
    s = _paper(bill)
    s.text(45, 60, "Minutes of the finance committee", size=15, bold=True)
    s.text(45, 80, f"Held on {bill.shown('date')}")
    budget = f"The budget of {bill.locale.amount(bill.total)} was agreed; one invoice is open."
    for n, line in enumerate(
        (*_TEXT.split("|"), budget, "The total of last year was not exceeded.")
    ):
        s.text(45, 110 + 14 * n, line)
    return s


def price_list(bill: Bill) -> Sheet:
    """Held out. A list of prices, with tax but nothing sold."""
    s = _paper(bill)
    s.text(45, 60, f"{bill.seller.name}: price list", size=15, bold=True)
    for n, line in enumerate(bill.lines):
        s.text(45, 100 + 16 * n, line.name)
        s.text(550, 100 + 16 * n, bill.locale.amount(line.price), right=True)
    s.text(45, 250, "All prices with VAT, valid until further notice.")
    return s


def bank_statement(bill: Bill) -> Sheet:
    """Held out. A statement of an account: many amounts, a balance, no sale."""
    s = _paper(bill)
    s.party(45, 60, seller=True)
    s.expected.fields.clear()
    s.text(45, 120, f"Statement of account {bill.customer}", size=14, bold=True)
    for n, line in enumerate(bill.lines):
        s.text(45, 150 + 16 * n, bill.locale.date(bill.date))
        s.text(130, 150 + 16 * n, f"Payment {line.code}")
        s.text(550, 150 + 16 * n, bill.locale.figure(line.amount), right=True)
    s.text(130, 240, "Closing balance")
    s.text(550, 240, bill.locale.figure(bill.gross), right=True)
    return s


FORMS_SEEN: list[Layout] = [
    (lines, "uk", {}),
    (filled_in, "us", {}),
    (columns, "jp", {}),
    (letter, "uk", {}),
    (minutes, "us", {}),
]
FORMS_HELD_OUT: list[Layout] = [
    (boxed, "au", {}),
    (drawn_boxes, "uk", {}),
    (ticked, "us", {}),
    (price_list, "uk", {}),
    (bank_statement, "au", {}),
]
