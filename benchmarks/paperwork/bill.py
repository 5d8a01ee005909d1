"""A sale as data: who sells what to whom, and what it comes to."""

from __future__ import annotations

import datetime
import random
import zlib
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.paperwork.locales import Locale
from benchmarks.paperwork.parties import Party, goods, party

_SHARES = (1, 2, 3, 4, 6, 12)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing sold."""

    code: str
    name: str
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Bill:
    """What a document has to say; amounts are rounded as its currency is.

    Attributes:
        discount: Taken off the sum of the lines before tax; 0: none.
        contained: The tax is contained in the prices, as in shops.
        sign: -1 of a credit note.
    """

    locale: Locale
    seller: Party
    buyer: Party
    number: str
    order: str
    customer: str
    date: datetime.date
    due: datetime.date
    lines: tuple[Line, ...]
    discount: Decimal
    contained: bool
    sign: int = 1

    def round(self, value: Decimal) -> Decimal:
        return value.quantize(Decimal("0.01") if self.locale.point else Decimal(1))

    @property
    def gross(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def subtotal(self) -> Decimal:
        if self.contained:
            return self.total - self.tax
        return self.gross - self.discount

    @property
    def tax(self) -> Decimal:
        rate = self.locale.rate
        if self.contained:
            return self.round(self.total * rate / (100 + rate))
        return self.round(self.subtotal * rate / 100)

    @property
    def total(self) -> Decimal:
        return self.gross - self.discount if self.contained else self.subtotal + self.tax

    def shown(self, key: str) -> str:
        """A value as the document writes it."""
        if key in ("subtotal", "tax", "total", "discount", "gross"):
            return self.locale.amount(self.sign * getattr(self, key))
        if key in ("date", "due"):
            return self.locale.date(getattr(self, key))
        sellers = {"vat_id": "tax_id", "bank": "iban", "bic": "bic"}
        if key in sellers:
            return str(getattr(self.seller, sellers[key]))
        return str(getattr(self, key))

    def label(self, key: str) -> str:
        """The words for a value in the language of the document."""
        rate = f"{self.locale.rate:f}".replace(".", self.locale.point or ".")
        return self.locale.words.get(key, key.upper()).replace("{rate}", rate)


def make_bill(
    name: str,
    locale: Locale,
    *,
    lines: int = 4,
    discount: int = 0,
    shop: bool = False,
    sign: int = 1,
) -> Bill:
    """A sale by the name of its document, which seeds it.

    Args:
        discount: In percent.
    """
    chance = random.Random(zlib.crc32(name.encode()))
    names = goods(locale.language, shop=shop)
    picked = [names[n % len(names)] for n in chance.sample(range(max(lines, len(names))), lines)]
    sold = tuple(
        Line(
            f"{chance.choice('ABKRT')}{chance.randrange(100, 999)}",
            thing if lines <= len(names) else f"{thing} ({n + 1})",
            1 if shop and chance.random() < 0.7 else chance.choice(_SHARES),
            _price(chance, locale, shop),
        )
        for n, thing in enumerate(picked)
    )
    day = datetime.date(2024, 1, 1) + datetime.timedelta(days=chance.randrange(0, 650))
    cents = Decimal("0.01") if locale.point else Decimal(1)
    gross = sum((line.amount for line in sold), Decimal(0))
    return Bill(
        locale,
        party(locale.country, chance, seller=True),
        party(locale.country, chance, seller=False),
        chance.choice(["INV-{}", "{}", "R{}", "2024-{}", "{}/24"]).format(
            chance.randrange(1000, 99999)
        ),
        f"PO-{chance.randrange(10000, 99999)}",
        f"{chance.randrange(100000, 999999)}",
        day,
        day + datetime.timedelta(days=chance.choice([10, 14, 30, 45])),
        sold,
        (gross * discount / 100).quantize(cents),
        shop and locale.country not in ("US", "IN"),
        sign,
    )


def _price(chance: random.Random, locale: Locale, shop: bool) -> Decimal:
    cents = chance.randrange(120, 1900) if shop else chance.randrange(450, 48000)
    factor = {"JPY": 1, "INR": 40}.get(locale.currency, 1)
    price = Decimal(cents * factor) / 100
    return Decimal(cents) if not locale.point else price
