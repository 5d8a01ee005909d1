"""What a reader would say of the text of real pages: what stands there, what not, in which order.

The statements are those of the olmOCR benchmark that came with the pages; `max_diffs` is the edit
distance that they allow. White space counts as one space, quotation marks of
all shapes alike.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resources.deployment import Deployment
from resources.ocr import PageText
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.stages import documents, ocr_text, page_images
from tests.conftest import CORPUS

pytestmark = pytest.mark.corpus

_QUOTES = re.compile("\u2018\u2018|\u2019\u2019|''|[\u201c\u201d]")
STATEMENTS = CORPUS / "pdf" / "gt" / "olmocr_assertions.jsonl"
KEPT = "running titles and page numbers are kept: they are seen on the page"
HANDWRITING = "no local engine reads handwriting of the nineteenth century"
KNOWN_SHORTCOMINGS = {
    "multi_column_miss_04": KEPT,
    "earnings_table04": KEPT,
    "multi_column_miss_minediff_02": "words keep the hyphens that part them at the end of a line",
    "lincoln_letter_minediff_00": HANDWRITING,
    "lincoln_letter_minediff_01": HANDWRITING,
    "lincoln_letter_minediff_03": HANDWRITING,
}


def statements() -> list[Any]:
    if not STATEMENTS.is_file():
        return []
    held = [json.loads(line) for line in STATEMENTS.read_text("utf-8").splitlines()]
    return [
        pytest.param(
            one,
            id=one["id"],
            marks=[pytest.mark.xfail(reason=KNOWN_SHORTCOMINGS[one["id"]], strict=True)]
            if one["id"] in KNOWN_SHORTCOMINGS
            else [],
        )
        for one in held
    ]


@cache
def text_of_first_page(path: Path, home: Path) -> PageText:
    """The page as the stages leave it in text.json."""
    deployment = Deployment(Settings(home=home, workers=1))
    ref = DocumentRef(path.stem.replace("__", "-"), f"raw/{path.stem}/{path.name}")
    deployment.storage.put(ref.raw_key, path.read_bytes())
    documents.STAGE.run(ref, deployment)
    for stage in (page_images.STAGE, ocr_text.STAGE):
        stage.assemble(ref, iter(stage.run_pages(ref, [1], deployment)), deployment)
    return next(iter(read_text(deployment.storage, ref)))


def squeezed(text: str) -> str:
    return " ".join(_QUOTES.sub('"', text).split())


def find(part: str, text: str, most: int) -> int | None:
    """Where the best match of `part` ends, of those within an edit distance; None without one."""
    ours = np.array([ord(c) for c in text], dtype=np.int64)
    steps = np.arange(len(ours) + 1)
    row = np.zeros(len(ours) + 1, dtype=np.int64)
    for index, character in enumerate(part, start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (ours != ord(character)))
        row = np.minimum.accumulate(np.concatenate(([index], best)) - steps) + steps
    end = int(row.argmin())
    return end if row[end] <= most else None


def stands_in_table(page: PageText, statement: dict[str, Any]) -> bool:
    """Whether a table has the cell, with the cells that are to stand above it or to its left."""
    return any(
        squeezed(cell) == statement["cell"] and _neighbours(table.rows, row, column, statement)
        for table in page.tables
        for row, cells in enumerate(table.rows)
        for column, cell in enumerate(cells)
    )


def _neighbours(rows: list[list[str]], row: int, column: int, statement: dict[str, Any]) -> bool:
    above = [squeezed(cells[column]) for cells in rows[:row]]
    over = [squeezed(cell) for cells in rows[:row] for cell in cells[: column + 1]]
    left = [squeezed(cell) for cell in rows[row][:column]]
    return (
        ("up" not in statement or [cell for cell in above if cell][-1:] == [statement["up"]])
        # A heading over several columns stands in the first of them.
        and ("top_heading" not in statement or statement["top_heading"] in over)
        and ("left_heading" not in statement or statement["left_heading"] in left)
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statements")


@pytest.mark.parametrize("statement", statements())
def test_a_page_reads_as_its_readers_say(
    statement: dict[str, Any], corpus: Path, home: Path
) -> None:
    page = text_of_first_page(corpus / statement["path"], home)
    text = squeezed(page.text)
    most = statement.get("max_diffs", 0)
    match statement["type"]:
        case "present":
            assert find(squeezed(statement["text"]), text, most) is not None
        case "absent":
            assert find(squeezed(statement["text"]), text, most) is None
        case "order":
            before = find(squeezed(statement["before"]), text, most)
            after = find(squeezed(statement["after"]), text, most)
            assert before is not None
            assert after is not None
            assert before < after
        case "table":
            assert stands_in_table(page, statement)
        case other:
            pytest.fail(f"a statement of an unknown kind: {other}")
