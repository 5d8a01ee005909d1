"""Scans whose lines slope are read as if they were level; boxes stay where the words are."""

from __future__ import annotations

import pytest

from resources.ocr import Box, Line, PageText, Word
from sparknet_assets.fields.rules import extract
from sparknet_assets.fields.rules.layout import rows_of
from sparknet_assets.fields.rules.skew import levelled, slope_of
from tests.fields_rules.drawn import page, schema

_INVOICE = """
Harbour Lane Supply Ltd                                       Invoice number     INV-2044
14 Tanners Row                                                Invoice date       4 May 2024
Leeds LS10 1AB                                                Due date           3 June 2024

Description                                 Quantity         Price           Amount
Steel bracket for wide shelves                 3             9.50            28.50
Consulting by a senior engineer                2            40.00            80.00
Label printing in two colours                  1            21.50            21.50

                                                        Subtotal           130.00
                                                        VAT 20%             26.00
                                                        Total              156.00
"""


def sloping(level: PageText, slope: float) -> PageText:
    """The page turned by a slope, downwards to the right where it is positive."""
    aspect = level.height / level.width

    def turned(word: Word) -> Word:
        return Word(word.text, *levelled(word.box, -slope, aspect), word.confidence)

    lines = [Line(words=[turned(w) for w in line.words], block=line.block) for line in level.lines]
    return level.model_copy(update={"lines": lines})


@pytest.mark.parametrize("slope", [-0.04, -0.02, 0.02, 0.04])
def test_a_sloping_page_says_the_same_as_a_level_one(slope: float) -> None:
    level, scan = page(_INVOICE), sloping(page(_INVOICE), slope)
    assert [row.text for row in rows_of(scan)] == [row.text for row in rows_of(level)]
    kind = schema("invoice")
    expected, found = extract(kind, [level]), extract(kind, [scan])
    assert {n: v.value for n, v in found.fields.items()} == {
        n: v.value for n, v in expected.fields.items()
    }
    rows = found.tables["items"].rows
    assert [row[5].text for row in rows if row[5]] == ["28.50", "80.00", "21.50"]
    # What is shown on the page image is where the scan has it.
    word = next(w for line in scan.lines for w in line.words if w.text == "156.00")
    assert found.fields["total"].boxes[0][1:] == pytest.approx(tuple(word.box))


def test_lines_that_do_not_agree_are_no_slope() -> None:
    def line(x: float, y: float, slope: float) -> list[Box]:
        return [
            Box(x + 0.1 * n, y + 0.1 * n * slope, x + 0.1 * n + 0.09, y + 0.1 * n * slope + 0.02)
            for n in range(4)
        ]

    assert slope_of([line(0.1, n / 10, 0.03) for n in range(6)], 1.0) == pytest.approx(0.03)
    mixed = [line(0.1, n / 10, (0.05, -0.05, 0.0)[n % 3]) for n in range(6)]
    assert slope_of(mixed, 1.0) == 0.0
    assert slope_of([line(0.1, 0.1, 0.03)] * 3, 1.0) == 0.0
