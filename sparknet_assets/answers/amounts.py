"""Whether a question asks for an amount, and whether a text states one."""

from __future__ import annotations

import re

from sparknet_assets.retrieval.periods import without_periods

# Nothing but an amount answers these.
_COUNTED = re.compile(
    r"\bhow\s+(?:many|much|long|old|far|large|big|high|tall|wide|deep|heavy|fast|often)\b"
    r"|\b(?:what|which)\s+(?:percentage|proportion|share|fraction|amount|number)\b"
    r"|\bwie\s?(?:viele?[nr]?|hoch|lange?|alt|weit|gro(?:ß|ss)|schwer|schnell|oft)\b"
    r"|\bcombien\b|\bcu[aá]nt[oa]s?\b|\bquant[oiae]\b|\bhoeveel\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"\b(?:sales|revenues?|turnover|income|earnings|profits?|loss(?:es)?|costs?|prices?|expenses?"
    r"|fees?|rent|salary|totals?|subtotal|sum|amount|balance|assets|liabilities|debt|cash|tax(?:es)?"
    r"|vat|averages?|mean|margins?|percentage|rate|ratio|number|count|quantity|thresholds?|values?"
    r"|dividends?"
    r"|umsatz|umsätze|gewinn|verlust|kosten|preis|betrag|summe|gesamtsumme|gebühr|miete|anteil"
    r"|montant|prix|totale?|somme|chiffre d'affaires|tva|importe|precio|bedrag|prijs|totaal"
    r"|btw)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:why|what\s+(?:caused|drove|led)|who|whom|whose|when|where|how\s+(?:do|does|is|are)"
    r"|warum|weshalb|wieso|wer|wann|wo|pourquoi|qui|quand|où)\b",
    re.IGNORECASE,
)
_DATES = re.compile(
    r"\b(?:19|20)\d\d\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\b,?"
    r"|\(\d{1,2}\)",
    re.IGNORECASE,
)
_NUMBER_WORDS = re.compile(
    r"\b(?:none|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen"
    r"|twent\w+|thirt\w+|fort(?:y|ieth)|fift\w+|sixt\w+|sevent\w+|eight\w+|ninet\w+|hundreds?"
    r"|thousands?|(?:m|b|tr)illions?|dozens?|half|third|quarter|twice|double|ein|zwei|drei|vier|fünf"
    r"|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend|mille|cent|deux|trois|quatre|cinq)\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")


def must_count(question: str) -> bool:
    """Whether nothing but an amount answers a question: "how many", "wie viel", "combien"."""
    return bool(_COUNTED.search(question))


def asks_amount(question: str) -> bool:
    """Whether a question is about an amount: by such words, or by what is measured in figures."""
    if must_count(question):
        return True
    return bool(_QUANTITY.search(question)) and not _REASON.search(question)


def has_figures(text: str) -> bool:
    """Whether a text has figures that are neither dates nor marks of footnotes."""
    # Most texts have none at all.
    return bool(_DIGIT.search(text) and _DIGIT.search(without_periods(_DATES.sub(" ", text))))


def states_amount(text: str) -> bool:
    """Whether a text has an amount, in figures or in words."""
    return has_figures(text) or bool(_NUMBER_WORDS.search(text))
