"""A page to write on, which keeps what a reader should find there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pymupdf

from benchmarks.paperwork.bill import Bill, Line

# What a value of a bill is called in the schemas.
NAMES = {"due": "due_date", "order": "order_number", "customer": "customer_number", "bank": "iban"}


@lru_cache
def _font(name: str) -> pymupdf.Font:
    return pymupdf.Font(name)


@dataclass(slots=True)
class Expected:
    """What a document says.

    Attributes:
        kind: Its schema; empty: no schema fits.
        fields: Values as JSON, by the names of the schema.
        items: Description and amount of each row; None: the document has no table.
        pairs: Labels with values, and boxes with whether they are ticked.
    """

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    items: list[tuple[str, str]] | None = None
    pairs: dict[str, str | bool] = field(default_factory=dict)


class Sheet:
    """A document that is being written, A4 unless said otherwise. Places are in points."""

    def __init__(
        self,
        bill: Bill,
        kind: str = "invoice",
        *,
        font: str = "helv",
        size: float = 9.5,
        page: tuple[float, float] = (595, 842),
    ) -> None:
        self.bill = bill
        self.kind = kind
        self.size = size
        self.expected = Expected(kind)
        self._font = "cjk" if bill.locale.language == "ja" else font
        self._format = page
        self.document = pymupdf.open()
        self.new_page()

    def new_page(self) -> None:
        width, height = self._format
        self.page = self.document.new_page(width=width, height=height)
        self._inserted: set[str] = set()

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 0,
        bold: bool = False,
        right: bool = False,
        centre: bool = False,
        white: bool = False,
    ) -> float:
        """Writes a text from x on, up to x, or around it.

        Returns:
            Where it ends.
        """
        size = size or self.size
        name = "hebo" if bold and self._font != "cjk" else self._font
        if any(ord(c) > 0x2FFF for c in text):
            name = "cjk"
        if name not in self._inserted:
            self.page.insert_font(fontname=f"F{name}", fontbuffer=_font(name).buffer)
            self._inserted.add(name)
        width = _font(name).text_length(text, size)
        x -= width if right else width / 2 if centre else 0
        colour = (1, 1, 1) if white else (0, 0, 0)
        self.page.insert_text((x, y), text, fontsize=size, fontname=f"F{name}", color=colour)
        return float(x + width)

    def rule(self, x0: float, y: float, x1: float) -> None:
        self.page.draw_line((x0, y), (x1, y), width=0.6)

    def box(self, x0: float, y0: float, x1: float, y1: float, *, grey: float | None = None) -> None:
        fill = None if grey is None else (grey, grey, grey)
        self.page.draw_rect((x0, y0, x1, y1), width=0.6, fill=fill)

    def expect(self, key: str) -> str:
        """Notes that the document has a value of the bill.

        Returns:
            The value as it is written.
        """
        bill, name = self.bill, NAMES.get(key, key)
        if name == "number" or key in ("order", "customer", "vat_id", "bank", "bic"):
            name = "tax_id" if (key, self.kind) == ("vat_id", "receipt") else name
            self.expected.fields[name] = bill.shown(key)
        elif key in ("date", "due"):
            self.expected.fields[name] = getattr(bill, key).isoformat()
        elif key in ("subtotal", "tax", "total", "discount"):
            self.expected.fields[name] = f"{bill.sign * getattr(bill, key):f}"
        return bill.shown(key)

    def says(self, name: str, value: Any) -> None:
        """Notes a value that the bill has no word for."""
        self.expected.fields[name] = value

    def value(self, key: str, x: float, y: float, **style: Any) -> None:
        """Writes a value of the bill by itself."""
        self.text(x, y, self.expect(key), **style)

    def pair(
        self,
        key: str,
        x: float,
        y: float,
        at: float | None = None,
        *,
        colon: str = ":",
        right: bool = False,
        label: str = "",
    ) -> None:
        """Writes label and value: on one line of text, or the value from `at` on (or up to it)."""
        text = (label or self.bill.label(key)) + colon
        if at is None:
            self.text(x, y, f"{text} {self.expect(key)}")
        else:
            self.text(x, y, text)
            self.value(key, at, y, right=right)

    def pairs(
        self,
        keys: str,
        x: float,
        y: float,
        at: float | None = None,
        *,
        step: float = 14,
        colon: str = ":",
        right: bool = False,
    ) -> float:
        """Pairs one below the other, without those that the seller has not.

        Returns:
            Where the next line would stand.
        """
        for key in keys.split():
            if self.bill.shown(key):
                self.pair(key, x, y, at, colon=colon, right=right)
                y += step
        return y

    def party(
        self,
        x: float,
        y: float,
        *,
        seller: bool,
        step: float = 12,
        bold: bool = False,
        right: bool = False,
        name: bool = True,
    ) -> float:
        """Writes name and address one below the other, and notes both.

        Returns:
            Where the next line would stand.
        """
        party = self.bill.seller if seller else self.bill.buyer
        self.expect_party(seller=seller)
        for n, line in enumerate((party.name, *party.address) if name else party.address):
            self.text(x, y, line, bold=bold and n == 0 and name, right=right)
            y += step
        return y

    def expect_party(self, *, seller: bool) -> None:
        party = self.bill.seller if seller else self.bill.buyer
        shop = self.kind == "receipt"
        who = ("company" if shop else "issuer") if seller else "recipient"
        self.says(who, party.name)
        self.says("address" if shop else f"{who}_address", " ".join(party.address))

    def item(self, line: Line) -> None:
        """Notes a row of the table."""
        amount = f"{self.bill.sign * line.amount:f}"
        self.expected.items = [*(self.expected.items or []), (line.name, amount)]

    def table(
        self,
        y: float,
        stops: Sequence[float],
        keys: str,
        *,
        step: float = 16,
        ruled: bool = False,
        lines: Sequence[Line] | None = None,
    ) -> float:
        """Writes heads and items; columns of figures end at their stop, others begin there.

        Returns:
            Where the next line would stand.
        """
        bill, figure = self.bill, self.bill.locale.figure
        top, columns = y - 11, keys.split()
        rows = bill.lines if lines is None else lines
        for key, x in zip(columns, stops, strict=True):
            label = "Code" if key == "code" else bill.label(key)
            self.text(x, y, label, bold=True, right=key in ("qty", "price", "amount"))
        y += step
        for row in rows:
            self.item(row)
            cells = {
                "code": row.code,
                "desc": row.name,
                "qty": str(bill.sign * row.quantity),
                "price": figure(row.price),
                "amount": figure(bill.sign * row.amount),
            }
            for key, x in zip(columns, stops, strict=True):
                self.text(x, y, cells[key], right=key in ("qty", "price", "amount"))
            y += step
        if ruled:
            left, right = 40, stops[-1] + 5
            for row_number in range(len(rows) + 2):
                self.rule(left, top + step * row_number, right)
            edges = [
                left,
                *(
                    x - 60 if key in ("qty", "price", "amount") else x - 5
                    for key, x in list(zip(columns, stops, strict=True))[1:]
                ),
                right,
            ]
            for x in edges:
                self.page.draw_line((x, top), (x, top + step * (len(rows) + 1)), width=0.6)
        return y

    def totals(
        self, keys: str, x: float, y: float, at: float, *, step: float = 15, colon: str = ""
    ) -> float:
        """Sums one below the other; a discount, if any, above the sum that it is taken off."""
        order = sorted(keys.split(), key=lambda key: key != "discount")
        for key in order:
            if key == "discount" and not self.bill.discount:
                continue
            if key == "discount":
                self.text(x, y, self.bill.label(key) + colon)
                shown = self.bill.locale.amount(-self.bill.sign * self.bill.discount)
                self.text(at, y, shown, right=True)
                self.says("discount", f"{-self.bill.sign * self.bill.discount:f}")
            else:
                self.pair(key, x, y, at, colon=colon, right=True)
            y += step
        return y

    def entry(self, x: float, y: float, width: float, name: str, value: str) -> None:
        """A form field that can be filled in, with its value."""
        widget = pymupdf.Widget()
        widget.field_name = name
        widget.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect = pymupdf.Rect(x, y - 11, x + width, y + 4)
        widget.field_value = value
        widget.text_fontsize = 9
        self.page.add_widget(widget)

    def tick(self, x: float, y: float, name: str, on: bool) -> None:
        """A form field that is a check box."""
        widget = pymupdf.Widget()
        widget.field_name = name
        widget.field_type = pymupdf.PDF_WIDGET_TYPE_CHECKBOX
        widget.rect = pymupdf.Rect(x, y - 9, x + 10, y + 1)
        widget.field_value = on
        self.page.add_widget(widget)

    def save(self, path: Path) -> None:
        self.document.subset_fonts(fallback=False)
        self.document.save(path, garbage=3, deflate=True, no_new_id=True)


# What draws a document, its locale, and what the bill is like.
Layout = tuple[Callable[[Bill], Sheet], str, dict[str, Any]]
