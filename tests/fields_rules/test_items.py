"""Tables of items: every row on every page, or a note that says what may be missing."""

from __future__ import annotations

import pytest

from resources.failure import Failure, FailureKind
from resources.ocr import Box, Line, PageText, Table, Word
from sparknet_assets.fields.rules import Extraction, extract, sum_problems
from sparknet_assets.fields.values import TableValue
from tests.fields_rules.drawn import page, schema

RECEIPT = schema("receipt")
INVOICE = schema("invoice")


def items(*pages: PageText) -> TableValue:
    return extract(INVOICE, pages).tables["items"]


def texts(table: TableValue, *columns: str) -> list[tuple[str | None, ...]]:
    places = [table.columns.index(column) for column in columns]
    return [
        tuple(None if (cell := row[p]) is None else cell.text for p in places) for row in table.rows
    ]


def test_rows_below_the_heads_to_the_totals() -> None:
    table = items(
        page(
            """
            Description                   Qty    Unit price     Amount
            Blue widget                     2         10.00      20.00
            Red widget 40 mm                1          5.50       5.50
            with a long name
            Subtotal                                             25.50
            """
        )
    )
    assert texts(table, "description", "quantity", "unit_price", "amount") == [
        ("Blue widget", "2", "10.00", "20.00"),
        ("Red widget 40 mm with a long name", "1", "5.50", "5.50"),
    ]
    assert (table.complete, table.note) == (True, "")
    amount = table.rows[0][table.columns.index("amount")]
    assert amount is not None
    assert amount.value == {"amount": "20.00", "currency": None}
    assert (amount.page, len(amount.boxes)) == (1, 1) and amount.confidence > 0.5


def test_names_above_their_amounts() -> None:
    table = extract(
        RECEIPT,
        [
            page(
                """
                Description            Qty    Price   Total
                Smoked tofu
                                        1     12.50   12.50
                Green tea
                                        2      3.00    6.00
                TOTAL:                                18.50
                """
            )
        ],
    ).tables["items"]
    assert texts(table, "description", "quantity", "amount") == [
        ("Smoked tofu", "1", "12.50"),
        ("Green tea", "2", "6.00"),
    ]


def test_columns_that_the_schema_has_not_are_left_out() -> None:
    table = items(
        page(
            """
            Item              Qty   S/Price   Disc    Amount   Tax
            9711               1      80.00   5.00     75.00    SR
            Total                                      75.00
            """
        )
    )
    assert texts(table, "description", "quantity", "amount") == [("9711", "1", "75.00")]


def test_quantity_and_price_in_the_text() -> None:
    table = extract(
        RECEIPT,
        [
            page(
                """
                Description            Amount
                Coat hanger
                2 pc @ 4.90              9.80
                Total                    9.80
                """
            )
        ],
    ).tables["items"]
    assert texts(table, "quantity", "unit_price", "amount") == [("2", "4.90", "9.80")]


def test_a_table_goes_on_over_pages_with_and_without_its_heads_again() -> None:
    head = "Description              Qty      Price      Amount"
    row = "Widget {n:<4}                1       1.00        1.00"

    def lines(first: int, last: int) -> str:
        return "\n".join(row.format(n=n) for n in range(first, last))

    table = items(
        page(f"Sample Ltd\n{head}\n{lines(0, 40)}", 1),
        page(f"Sample Ltd, page 2\n{head}\n{lines(40, 90)}", 2),
        page(f"Sample Ltd, page 3\n{lines(90, 120)}\nTotal                              120.00", 3),
    )
    assert [text for (text,) in texts(table, "description")] == [f"Widget {n}" for n in range(120)]
    assert table.complete
    amounts = [row[-1] for row in table.rows]
    pages = [amount.page for amount in amounts if amount is not None]
    assert (pages.count(1), pages.count(2), pages.count(3)) == (40, 50, 30)


def test_another_table_after_the_totals_is_not_mixed_in() -> None:
    table = items(
        page(
            """
            Description       Qty     Price    Amount
            Widget             1      10.00     10.00
            Total                               10.00

            Code        %      Amount    Tax
            SR          6        9.43   0.57
            """
        )
    )
    assert texts(table, "description") == [("Widget",)]


def test_a_page_that_was_not_read_makes_it_incomplete() -> None:
    head = page("Description   Qty   Price   Amount\nWidget          1   10.00    10.00", 1)
    failure = Failure(kind=FailureKind.UNREADABLE, message="blank", retryable=False)
    lost = PageText(page=2, width=10, height=10, engine="none", failure=failure)
    table = items(head, lost)
    assert not table.complete
    assert table.note == "pages that could not be read: 2"


def test_rows_that_do_not_add_up_may_be_missing() -> None:
    text = """
    Description    Qty   Price   Amount
    Widget           1   10.00    10.00
    Total                         99.00
    """
    table = items(page(text))
    assert not table.complete
    assert "total 99.00 is not the sum of items.amount 10.00" in table.note


def test_figures_in_no_column_of_amounts_are_told() -> None:
    text = """
    Description       Qty     Price    Amount
    Widget             1      10.00     10.00
    Set of two         2
    Total                               10.00
    """
    table = items(page(text))
    assert not table.complete
    assert table.note == "1 lines with figures stand in no column of amounts"


def test_a_cell_that_is_not_of_its_type_is_told() -> None:
    text = """
    Description    Qty   Price   Amount
    Widget           1   10.00   10.00.5
    Tea              1    2.00     2.00
    """
    table = items(page(text))
    cells = [row[table.columns.index("amount")] for row in table.rows]
    assert [cell and cell.value for cell in cells] == [None, {"amount": "2.00", "currency": None}]
    assert cells[0] is not None and cells[0].problems == ["not of the type amount: 10.00.5"]


def test_a_receipt_without_heads_of_columns() -> None:
    table = extract(
        RECEIPT,
        [
            page(
                """
                SAMPLE MART
                Tax Invoice : 77123        19/05/18
                TOILET ROLL 3PLY
                9555227800168   12.50*2       25.00 S
                INSTANT COFFEE
                9555037203555   13.90*1       13.90 S
                TOTAL                         38.90
                """
            )
        ],
    ).tables["items"]
    assert texts(table, "quantity", "unit_price", "amount") == [
        ("2", "12.50", "25.00"),
        ("1", "13.90", "13.90"),
    ]
    assert not table.complete
    assert table.note == "without heads of columns: the lines above the totals"


def drawn_table(rows: list[list[str]], number: int, header_rows: int) -> PageText:
    """A page with a table whose cells are known, and the words of its lines."""
    height = 0.9 / len(rows)
    boxes = [Box(0.0, n * height, 1.0, (n + 1) * height) for n in range(len(rows))]
    lines = []
    for box, row in zip(boxes, rows, strict=True):
        words, x = [], 0.0
        for cell in row:
            for token in cell.split():
                words.append(Word(token, x, box.y0 + 0.01, x + 0.04, box.y1 - 0.01, 1.0))
                x += 0.05
        lines.append(Line(words=words, block=1, role="table"))
    table = Table(
        block=1, box=Box(0, 0, 1, 0.9), rows=rows, row_boxes=boxes, header_rows=header_rows
    )
    return PageText(page=number, width=1000, height=1400, engine="t", lines=lines, tables=[table])


@pytest.mark.parametrize("header_rows", [0, 1])
def test_a_table_with_known_cells_on_two_pages(header_rows: int) -> None:
    head = ["Artikel", "Aantal", "Prijs", "Bedrag"]
    first = drawn_table([head, ["Blauwe kist", "2", "€ 3,00", "€ 6,00"]], 1, header_rows)
    second = drawn_table([["Rode kist", "1", "€ 1.000,00", "€ 1.000,00"]], 2, 0)
    table = items(first, second)
    assert texts(table, "description", "quantity", "amount") == [
        ("Blauwe kist", "2", "€ 6,00"),
        ("Rode kist", "1", "€ 1.000,00"),
    ]
    last = table.rows[1][table.columns.index("amount")]
    assert last is not None and last.value == {"amount": "1000.00", "currency": "EUR"}
    assert last.page == 2 and last.boxes[0].page == 2


def test_of_two_heads_alike_each_has_its_own_column() -> None:
    head = ["Description", "Quantity", "Unit", "Unit price", "Amount"]
    rows = [["Steel plate, primed", "14", "m2", "1,185.00", "16,590.00"]]
    table = items(drawn_table([head, *rows], 1, 1))
    assert texts(table, "description", "quantity", "unit", "unit_price", "amount") == [
        ("Steel plate, primed", "14", "m2", "1,185.00", "16,590.00")
    ]


def test_pages_one_after_the_other_are_one_document() -> None:
    head = page("Description   Qty   Price   Amount\nWidget          1   10.00    10.00", 1)
    rest = page("Gadget          1    5.00     5.00\nTotal                    15.00", 2)
    extraction = Extraction(INVOICE)
    extraction.add(head)
    assert len(extraction.found().tables["items"].rows) == 1
    extraction.add(rest)
    assert extraction.found() == extract(INVOICE, [head, rest])
    assert len(extraction.found().tables["items"].rows) == 2
    assert sum_problems(INVOICE, extraction.found()) == []


def test_a_table_whose_words_stand_under_an_unknown_head() -> None:
    table = items(
        page(
            """
            Tuote                         Qty    Unit price     Amount
            Pine shelf 80 cm                2         10.00      20.00
            Hook                            1          5.50       5.50
            Subtotal                                             25.50
            """
        )
    )
    assert texts(table, "description", "amount") == [
        ("Pine shelf 80 cm", "20.00"), ("Hook", "5.50"),
    ]  # fmt: skip


def test_the_unit_of_a_column_is_a_part_of_its_head() -> None:
    table = items(
        page(
            """
            Description               Qty (kg)    Unit price (S$)    Amount (S$)
            Arabica                        300              12.00       3,600.00
            Robusta                        200               9.40       1,880.00
            Subtotal                                                    5,480.00
            """
        )
    )
    assert texts(table, "quantity", "unit_price", "amount") == [
        ("300", "12.00", "3,600.00"), ("200", "9.40", "1,880.00"),
    ]  # fmt: skip


def test_words_apart_from_the_items_are_none_of_their_names() -> None:
    table = items(
        page(
            """
            Description                   Qty    Unit price     Amount
            Scaffold front                  2         10.00      20.00
            with guards
            Loading bay                     1          5.50       5.50


                                                      Continued overleaf
            """
        )
    )
    assert texts(table, "description") == [("Scaffold front with guards",), ("Loading bay",)]


def test_a_payment_in_a_column_of_its_own_is_no_item() -> None:
    table = items(
        page(
            """
            Date          Description                Charges        Credits
            07/03/2025    Room overnight              165.00
            08/03/2025    Breakfast                    18.50
            09/03/2025    Visa card                                  183.50
            Subtotal                                  183.50
            """
        )
    )
    assert texts(table, "description", "amount") == [
        ("Room overnight", "165.00"), ("Breakfast", "18.50"),
    ]  # fmt: skip
    assert "1 lines with figures" in table.note


def test_a_slip_in_a_currency_without_decimals() -> None:
    slip = page(
        """
                 Aoba Books
        2025/05/18

        Novel                    ¥880
        Atlas                  ¥2,200

        Subtotal               ¥3,080
        Total                  ¥3,080
        """
    )
    table = extract(RECEIPT, [slip]).tables["items"]
    assert texts(table, "description", "amount") == [("Novel", "880"), ("Atlas", "2,200")]
