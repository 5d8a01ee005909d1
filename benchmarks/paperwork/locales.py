"""How documents of a country write amounts and dates, and the words they label them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
    " dicembre",
}


@dataclass(frozen=True, slots=True)
class Locale:
    """A country's way of writing.

    Attributes:
        mark: Between thousands; `lakh` groups as India does, by twos above the first three.
        point: Before the decimals; empty: the currency has none.
        money: An amount with its currency, around `{}`.
        day: Of a date: `{d}`, `{dd}`, `{m}`, `{mm}`, `{y}`, `{yy}`, `{name}`, `{abbr}`.
        rate: Usual tax, in percent.
        words: Labels by their meaning.
    """

    country: str
    language: str
    currency: str
    mark: str
    point: str
    money: str
    day: str
    rate: Decimal
    words: Mapping[str, str]

    def figure(self, value: Decimal) -> str:
        """An amount without its currency."""
        cents = Decimal("0.01") if self.point else Decimal(1)
        whole, _, fraction = f"{abs(value).quantize(cents):f}".partition(".")
        groups = [whole[-3:]]
        whole, step = whole[:-3], 2 if self.mark == "lakh" else 3
        while whole:
            groups.insert(0, whole[-step:])
            whole = whole[:-step]
        text = ("," if self.mark == "lakh" else self.mark).join(groups)
        return ("-" if value < 0 else "") + text + (self.point + fraction if self.point else "")

    def amount(self, value: Decimal) -> str:
        """An amount with its currency."""
        return self.money.format(self.figure(value))

    def date(self, value: date) -> str:
        name = _MONTHS[self.language].split()[value.month - 1] if self.language in _MONTHS else ""
        return self.day.format(
            d=value.day,
            dd=f"{value.day:02}",
            m=value.month,
            mm=f"{value.month:02}",
            y=value.year,
            yy=f"{value.year % 100:02}",
            name=name,
            abbr=name[:3],
        )


@cache
def _words(name: str) -> dict[str, str]:
    sets = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text("utf-8"))
    given = dict(sets[name])
    like = given.pop("like", None)
    return (_words(like) if like else {}) | given


def _locale(
    country: str,
    language: str,
    currency: str,
    style: str,
    money: str,
    day: str,
    rate: str,
    words: str,
) -> Locale:
    mark, point = {
        "point": (",", "."),
        "comma": (".", ","),
        "space": (" ", ","),
        "swiss": ("'", "."),
        "lakh": ("lakh", "."),
        "whole": (",", ""),
    }[style]
    return Locale(
        country, language, currency, mark, point, money, day, Decimal(rate), _words(words)
    )


SEEN = {
    "us": _locale("US", "en", "USD", "point", "${}", "{mm}/{dd}/{y}", "8.25", "us"),
    "us-named": _locale("US", "en", "USD", "point", "${}", "{name} {d}, {y}", "6", "us"),
    "uk": _locale("GB", "en", "GBP", "point", "£{}", "{dd}/{mm}/{y}", "20", "uk"),
    "de": _locale("DE", "de", "EUR", "comma", "{} €", "{dd}.{mm}.{y}", "19", "de"),
    "fr": _locale("FR", "fr", "EUR", "space", "{} €", "{dd}/{mm}/{y}", "20", "fr"),
    "nl": _locale("NL", "nl", "EUR", "comma", "€ {}", "{dd}-{mm}-{y}", "21", "nl"),
    "es": _locale("ES", "es", "EUR", "comma", "{} €", "{dd}/{mm}/{y}", "21", "es"),
    "it": _locale("IT", "it", "EUR", "comma", "€ {}", "{dd}/{mm}/{y}", "22", "it"),
    "in": _locale("IN", "en", "INR", "lakh", "Rs. {}", "{d}-{abbr}-{y}", "18", "in"),
    "jp": _locale("JP", "en", "JPY", "whole", "¥{}", "{y}/{mm}/{dd}", "10", "uk"),
    "ch": _locale("CH", "de", "CHF", "swiss", "CHF {}", "{d}. {name} {y}", "8.1", "de"),
}
HELD_OUT = {
    "us": _locale("US", "en", "USD", "point", "$ {}", "{m}/{d}/{yy}", "7.5", "us2"),
    "au": _locale("AU", "en", "AUD", "point", "A${}", "{d} {abbr} {y}", "10", "uk2"),
    "uk": _locale("GB", "en", "GBP", "point", "GBP {}", "{d} {name} {y}", "20", "uk2"),
    "de": _locale("DE", "de", "EUR", "comma", "EUR {}", "{d}. {name} {y}", "7", "de2"),
    "at": _locale("AT", "de", "EUR", "comma", "€ {}", "{d}.{m}.{y}", "20", "de2"),
    "fr": _locale("FR", "fr", "EUR", "space", "{} EUR", "{d} {name} {y}", "5.5", "fr2"),
    "nl": _locale("NL", "nl", "EUR", "comma", "€{}", "{d} {name} {y}", "9", "nl2"),
    "es": _locale("ES", "es", "EUR", "comma", "{} EUR", "{d} de {name} de {y}", "10", "es2"),
    "it": _locale("IT", "it", "EUR", "comma", "{} €", "{d} {name} {y}", "10", "it"),
    "in": _locale("IN", "en", "INR", "lakh", "INR {}", "{dd}/{mm}/{y}", "12", "in"),
    "jp": _locale("JP", "ja", "JPY", "whole", "¥{}", "{y}年{m}月{d}日", "10", "ja"),
    "ch": _locale("CH", "de", "CHF", "swiss", "{}", "{dd}.{mm}.{y}", "2.6", "ch"),
}
