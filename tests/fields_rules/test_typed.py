"""Dates, amounts, numbers, identifiers and check marks, read and checked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.fields.schema import FieldSpec, FieldType
from sparknet_assets.fields.typed import Conventions, check, conventions_of, read
from sparknet_assets.fields.typed.amounts import find_amounts, read_amount
from sparknet_assets.fields.typed.dates import find_dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-09", "2024-03-09"),
        ("20240309", "2024-03-09"),
        ("31/12/2023", "2023-12-31"),
        ("12/31/2023", "2023-12-31"),
        ("31.12.23", "2023-12-31"),
        ("31-12-69", "1969-12-31"),
        ("3 March 2021", "2021-03-03"),
        ("March 3rd, 2021", "2021-03-03"),
        ("MAR 03 2021", "2021-03-03"),
        ("26Mar18", "2018-03-26"),
        ("14-FEB-2018", "2018-02-14"),
        ("3. März 2021", "2021-03-03"),
        ("1er août 2022", "2022-08-01"),
        ("14 décembre 2022", "2022-12-14"),
        ("5 mei 2020", "2020-05-05"),
        ("29 maart 2014", "2014-03-29"),
        ("12 de octubre de 2019", "2019-10-12"),
        ("7 gennaio 2020", "2020-01-07"),
        ("9. Okt. 2020", "2020-10-09"),
    ],
)
def test_dates_of_many_forms(text: str, expected: str) -> None:
    reading = read(FieldType.DATE, text)
    assert reading is not None
    assert (reading.value, reading.problems) == (expected, ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "31/02/2024",
        "99/99/2024",
        "12.50",
        "1/2/3/4",
        "+49 6 03 2026 6386",
        "Marble 3, 2021",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert read(FieldType.DATE, text) is None


def test_a_day_that_may_be_a_month_is_flagged_unless_the_document_tells() -> None:
    open_question = read(FieldType.DATE, "04/05/2021")
    assert open_question is not None and open_question.value == "2021-05-04"
    assert open_question.problems == ("day and month may be swapped: 04/05/2021",)
    american = conventions_of(["Due 12/31/2021", "Issued 04/05/2021"])
    told = read(FieldType.DATE, "04/05/2021", american)
    assert told is not None and (told.value, told.problems) == ("2021-04-05", ())
    same = read(FieldType.DATE, "05/05/2021")
    assert same is not None and same.problems == ()


def test_contradictory_evidence_is_none() -> None:
    assert conventions_of(["31/12/2021", "12/31/2021"]).day_first is None


def test_a_date_with_the_time_glued_to_it() -> None:
    (found,) = find_dates("Date:25/12/20188:13:39PM")
    assert found.value == date(2018, 12, 25)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1,234.50", "1234.50", None),
        ("1.234,50", "1234.50", None),
        ("1 234,50", "1234.50", None),
        ("1\u00a0234,50 €", "1234.50", "EUR"),
        ("1'234.50", "1234.50", None),
        ("RM 12.00", "12.00", "MYR"),
        ("RM12.00", "12.00", "MYR"),
        ("€12", "12", "EUR"),
        ("$1,000", "1000", "USD"),
        ("CHF 5.-", None, None),
        ("12,50 EUR", "12.50", "EUR"),
        ("(12.50)", "-12.50", None),
        ("-30.00", "-30.00", None),
        ("\u221230.00", "-30.00", None),
        ("-RM30.00", "-30.00", "MYR"),
        ("RM-30.00", "-30.00", "MYR"),
        ("12.00-", "-12.00", None),
        (".50", "0.50", None),
        ("1,234,567.89", "1234567.89", None),
        ("-0.00", "0.00", None),
        ("12.5%", None, None),
        ("", None, None),
        ("12.00 13.00", None, None),
    ],
)
def test_amounts_of_many_forms(text: str, amount: str | None, currency: str | None) -> None:
    reading = read(FieldType.AMOUNT, text)
    if amount is None:
        assert reading is None
    else:
        assert reading is not None and reading.value == {"amount": amount, "currency": currency}


def test_a_single_mark_before_three_digits_means_what_it_means_elsewhere() -> None:
    for text, comma, expected in (
        ("1.234", None, "1234"),
        ("1.234", True, "1234"),
        ("1.234", False, "1.234"),
        ("1,234", True, "1.234"),
        ("1,234", False, "1234"),
        ("0.123", None, "0.123"),
    ):
        found = read_amount(text, Conventions(decimal_comma=comma))
        assert found is not None and str(found.value) == expected


def test_amounts_within_a_text() -> None:
    assert [str(a.value) for a in find_amounts("2 x 4.50 = RM 9.00 (6% 0.51)")] == [
        "2",
        "4.50",
        "9.00",
        "0.51",
    ]


def test_numbers_identifiers_and_check_marks() -> None:
    def value(kind: FieldType, text: str) -> object:
        reading = read(kind, text)
        return None if reading is None else reading.value

    assert value(FieldType.NUMBER, " 3 ") == "3"
    assert value(FieldType.NUMBER, "2,5") == "2.5"
    assert value(FieldType.NUMBER, "-1.25") == "-1.25"
    assert value(FieldType.NUMBER, "three") is None
    assert value(FieldType.IDENTIFIER, ": INV  2024-7.") == "INV 2024-7."
    assert value(FieldType.IDENTIFIER, "--") is None
    assert value(FieldType.CHOICE, "[x]") is True
    assert value(FieldType.CHOICE, "[ ]") is False
    assert value(FieldType.CHOICE, "☐") is False
    assert value(FieldType.CHOICE, "ja") is True
    assert value(FieldType.CHOICE, "perhaps") is None
    assert value(FieldType.TEXT, "  two \n words ") == "two words"


def test_check_tells_what_is_wrong() -> None:
    total = FieldSpec(name="total", type=FieldType.AMOUNT, required=True)
    assert check(total, {"amount": "12.00", "currency": "EUR"}) == []
    assert check(total, None) == ["total is missing"]
    for wrong in (
        "12.00",
        {"amount": "12,00", "currency": None},
        {"amount": "1"},
        {"amount": "1", "currency": "QQQ"},
        12,
    ):
        assert "not of the type amount" in check(total, wrong)[0]
    day = FieldSpec(name="date", type=FieldType.DATE)
    assert check(day, None) == []
    assert check(day, "2024-02-29") == []
    assert check(day, "2023-02-29") and check(day, "29/02/2024") and check(day, 5)
    number = FieldSpec(name="number", type=FieldType.IDENTIFIER, pattern=r"\d{4}")
    assert check(number, "1234") == []
    assert "does not match" in check(number, "123")[0]
    assert check(FieldSpec(name="ok", type=FieldType.CHOICE), "yes")


def test_an_iban_is_held_against_its_check_digits() -> None:
    iban = FieldSpec(name="iban", type=FieldType.IDENTIFIER)
    assert check(iban, "GB82 WEST 1234 5698 7654 32") == []
    assert "checksum" in check(iban, "GB82 WEST 1234 5698 7654 33")[0]


_FORMS = [
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y-%m-%d",
    "%d %B %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d%b%Y",
]


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(_FORMS))
def test_a_date_that_was_written_is_read(day: date, form: str) -> None:
    reading = read(FieldType.DATE, day.strftime(form), Conventions(day_first=True))
    assert reading is not None and reading.value == day.isoformat()


@given(
    st.decimals(-999_999_999, 999_999_999, places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
    st.sampled_from(["", "EUR ", "RM", "$", "€ "]),
)
def test_an_amount_that_was_written_is_read(
    value: Decimal, marks: tuple[str, str], currency: str
) -> None:
    thousands, point = marks
    written = f"{abs(value):,.2f}".translate({ord(","): thousands, ord("."): point})
    found = read_amount(("-" if value < 0 else "") + currency + written)
    assert found is not None and found.value == value
    assert (found.currency is None) == (currency == "")


@given(st.text() | st.text(alphabet="0123456789.,-/() €RMx[]'"), st.sampled_from(list(FieldType)))
def test_no_text_raises(text: str, kind: FieldType) -> None:
    reading = read(kind, text)
    if reading is not None:
        assert check(FieldSpec(name="field", type=kind), reading.value) == []
    conventions_of([text])
