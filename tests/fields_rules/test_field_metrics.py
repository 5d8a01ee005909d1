"""F1 of fields, and the benchmark that prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.fields import FIELDS, Receipt, scores_of, true_text
from sparknet_assets.evaluation.field_metrics import (
    Comparison,
    FieldScore,
    calibration,
    matches,
    overall,
    score_fields,
)
from sparknet_assets.fields.rules import extract
from sparknet_assets.fields.schema import FieldType
from tests.fields_rules.drawn import schema

# Of the development half, so that nothing is learnt of the other.
SUBSET = ("006", "037", "078", "087", "101", "105", "313", "434", "552", "584", "616")


def test_precision_recall_and_f1_over_all_texts() -> None:
    documents = [
        Comparison({"date": "1/2/2020", "total": "5.00"}, {"date": "1/2/2020", "total": "6.00"}),
        Comparison({"date": "", "total": "7.00"}, {"date": "3/2/2020", "total": "7.00"}),
        Comparison({"total": "8.00"}, {}),
    ]
    scores = score_fields(documents, {"date": FieldType.DATE, "total": FieldType.AMOUNT})
    assert scores == {"date": FieldScore(1, 1, 2), "total": FieldScore(1, 3, 2)}
    total = overall(scores)
    assert (total.precision, total.recall) == (2 / 4, 2 / 4)
    assert scores["date"].f1 == pytest.approx(2 / 3)
    assert FieldScore(0, 0, 0).f1 == FieldScore(0, 0, 0).precision == 0.0


@pytest.mark.parametrize(
    ("found", "expected", "kind", "strict", "normalised"),
    [
        ("Sample  Cafe", "SAMPLE CAFE", FieldType.NAME, True, True),
        ("SAMPLE CAFE.", "SAMPLE CAFÉ", FieldType.NAME, False, True),
        ("SAMPLE CAFE", "SIMPLE CAFE", FieldType.NAME, False, False),
        ("03/02/2020", "3 Feb 2020", FieldType.DATE, False, True),
        ("03/02/2020", "02/03/2020", FieldType.DATE, False, False),
        ("1,234.50", "RM1234.50", FieldType.AMOUNT, False, True),
        ("5.00", "5", FieldType.AMOUNT, False, True),
        ("5.00", "5.10", FieldType.AMOUNT, False, False),
    ],
)
def test_when_texts_match(
    found: str, expected: str, kind: FieldType, strict: bool, normalised: bool
) -> None:
    assert matches(found, expected, kind, "strict") is strict
    assert matches(found, expected, kind, "normalised") is normalised


def test_calibration_counts_each_value_once() -> None:
    sure = [(0.2, False), (0.5, True), (0.9, True), (1.0, True)]
    assert calibration(sure, (0.0, 0.5, 1.0)) == [(0.0, 0.5, 0, 1), (0.5, 1.0, 3, 3)]


def test_true_lines_as_a_page(tmp_path: Path) -> None:
    file = tmp_path / "1.csv"
    file.write_text("10,20,110,20,110,40,10,40,TEL: 1, OR 2\nno line\n", "utf-8")
    page = true_text(file, (200, 400))
    assert page.text == "TEL: 1, OR 2"
    first, last = page.lines[0].words[0], page.lines[0].words[-1]
    assert (first.x0, first.y0, last.x1, last.y1) == (0.05, 0.05, 0.55, 0.1)


@pytest.mark.corpus
def test_fields_of_real_receipts(corpus: Path) -> None:
    """From the true lines, so that it takes no OCR; a floor, not a figure to be proud of."""
    from PIL import Image

    kind, folder = schema("receipt"), corpus / "sroie"
    receipts = []
    for name in SUBSET:
        key = json.loads((folder / "key" / f"{name}.json").read_text("utf-8"))
        with Image.open(folder / "img" / f"{name}.jpg") as image:
            text = true_text(next((folder / "box").glob(f"{name}.*")), image.size)
        receipts.append(Receipt(name, [text], key))
    assert not any(receipt.held_out for receipt in receipts)
    found = {receipt.name: extract(kind, receipt.pages) for receipt in receipts}
    normalised = scores_of(found, receipts, "normalised")
    assert {name: score.f1 for name, score in normalised.items()} == dict.fromkeys(FIELDS, 1.0)
    assert overall(scores_of(found, receipts, "strict")).f1 >= 0.85
