"""How many fields of receipts and invoices the rules find, without any model.

`python -m benchmarks.fields`. Receipts are those of SROIE; the four fields of its task 3 are
compared as `sparknet_assets.evaluation.field_metrics` says, once from the text that the pipeline
reads with its OCR, and once from the true lines of the set, which shows what OCR costs. A receipt
is of the development half when the first byte of the sha256 of its name is even. The rules were
written and tuned on that half; of the held-out half nothing was looked at but the figures.

Of the invoices every field with a counterpart in the ground truth is listed. All were looked at
while the rules were written.

What OCR reads is kept in a folder, so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ocr_documents import CORPUS
from benchmarks.ocr_documents import receipts as scans
from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.ocr import Line, PageText, Word
from resources.settings import load_settings
from sparknet_assets.artifacts import read_text
from sparknet_assets.batch.running import run_batch
from sparknet_assets.evaluation.field_metrics import (
    Comparison,
    FieldScore,
    Rule,
    calibration,
    matches,
    overall,
    score_fields,
)
from sparknet_assets.fields.rules import extract
from sparknet_assets.fields.schema import FieldType, Schema
from sparknet_assets.fields.values import Found
from sparknet_assets.intake.taking_in import take_in

BUDGET_MISSED = 0.30  # set after the first measurement, to notice when it gets worse
FIELDS: Mapping[str, FieldType] = {
    "company": FieldType.NAME,
    "address": FieldType.ADDRESS,
    "date": FieldType.DATE,
    "total": FieldType.AMOUNT,
}
CACHE = Path(tempfile.gettempdir()) / "sparknet-fields"
_STAGES = ("documents", "page_images", "ocr_text")
SCHEMAS = Path(__file__).parents[1] / "schemas"
_EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)
# Of an invoice's ground truth, the field of the schema that each entry is.
_INVOICE = {
    "issuer": "issuer",
    "invoice_number": "number",
    "date": "date",
    "date_due": "due_date",
    "amount": "total",
    "amount_untaxed": "subtotal",
    "vat": "vat_id",
    "iban": "iban",
    "bic": "bic",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt of the set: its text as read, or as it is, and the fields of the key."""

    name: str
    pages: list[PageText]
    key: dict[str, str]

    @property
    def held_out(self) -> bool:
        return hashlib.sha256(self.name.encode()).digest()[0] % 2 == 1


def schema(name: str) -> Schema:
    """A schema that comes along."""
    import yaml

    return Schema.model_validate(yaml.safe_load((SCHEMAS / f"{name}.yaml").read_text("utf-8")))


def texts_of(paths: Sequence[Path], cache: Path) -> dict[str, list[PageText]]:
    """The text of documents as the pipeline reads it, by the stem of their files."""
    deployment = Deployment(load_settings(home=cache))
    stems = dict(zip(take_in(deployment, paths).doc_ids, (p.stem for p in paths), strict=True))
    texts = {}
    for result in run_batch(list(stems), deployment, stages=_STAGES):
        if result.record.failure is not None:
            raise RuntimeError(result.record.failure.message)
        if result.stage == _STAGES[-1]:
            ref = result.ref
            texts[stems[ref.doc_id]] = list(read_text(deployment.storage, ref))
    return texts


def true_text(path: Path, size: tuple[int, int]) -> PageText:
    """The lines of a receipt as people transcribed them, as a page.

    Args:
        path: Of each line eight coordinates in pixels, then the text, all by commas.
        size: Width and height of the image.
    """
    width, height = size
    lines = []
    for row in path.read_text("utf-8", errors="replace").splitlines():
        parts = row.split(",", 8)
        if len(parts) == 9 and parts[8].strip():
            x, y = [int(v) for v in parts[0:8:2]], [int(v) for v in parts[1:8:2]]
            box = (min(x) / width, min(y) / height, max(x) / width, max(y) / height)
            lines.append(Line(words=_words(parts[8], box)))
    return PageText(page=1, width=width, height=height, engine="truth", lines=lines)


def _words(text: str, box: tuple[float, float, float, float]) -> list[Word]:
    """The words of a line, each as wide as its characters are many."""
    x0, y0, x1, y1 = box
    step = (x1 - x0) / len(text)
    words, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        words.append(Word(word, x0 + step * start, y0, x0 + step * position, y1, 1.0))
    return words


def receipts(corpus: Path, cache: Path) -> tuple[list[Receipt], list[Receipt]]:
    """The receipts of SROIE by OCR, and by their true lines.

    Raises:
        FileNotFoundError: The corpus holds none.
    """
    from PIL import Image

    folder = corpus / "sroie"
    images = {scan.path.stem: scan.path for scan in scans(corpus)}
    read = texts_of(list(images.values()), cache)
    by_ocr, by_truth = [], []
    for name, path in images.items():
        key = json.loads((folder / "key" / f"{name}.json").read_text("utf-8"))
        with Image.open(path) as image:
            page = true_text(next((folder / "box").glob(f"{name}.*")), image.size)
        by_ocr.append(Receipt(name, read[name], key))
        by_truth.append(Receipt(name, [page], key))
    return by_ocr, by_truth


def scores_of(
    found: Mapping[str, Found], of: Sequence[Receipt], rule: Rule
) -> dict[str, FieldScore]:
    """The score of each field over receipts."""
    comparisons = [
        Comparison({n: v.text for n, v in found[r.name].fields.items()}, r.key) for r in of
    ]
    return score_fields(comparisons, FIELDS, rule)


def report(title: str, of: Sequence[Receipt], kind: Schema) -> FieldScore:
    """Prints the tables of one source of text.

    Returns:
        The strict score of the held-out half.
    """
    found = {receipt.name: extract(kind, receipt.pages) for receipt in of}
    halves = {
        "development": [r for r in of if not r.held_out],
        "held out": [r for r in of if r.held_out],
    }
    for half, chosen in halves.items():
        for rule in ("strict", "normalised"):
            scores = scores_of(found, chosen, rule)
            total = overall(scores)
            each = "  ".join(f"{name} {score.f1:.3f}" for name, score in scores.items())
            print(
                f"{title}, {half} ({len(chosen)}), {rule}: P {total.precision:.3f}"
                f" R {total.recall:.3f} F1 {total.f1:.3f}   {each}"
            )
        sure = [
            (value.confidence, matches(value.text, r.key.get(name, ""), FIELDS[name], "normalised"))
            for r in chosen
            for name, value in found[r.name].fields.items()
            if name in FIELDS
        ]
        bins = [f"{low}-{high}: {right}/{n}" for low, high, right, n in calibration(sure, _EDGES)]
        print(f"    right (normalised) by confidence: {', '.join(bins)}")
    return overall(scores_of(found, halves["held out"], "strict"))


def report_invoices(corpus: Path, cache: Path) -> None:
    """Prints, for each invoice, what was found of the ground truth."""
    paths = sorted((corpus / "invoices").glob("*.pdf"))
    texts = texts_of(paths, cache)
    kind = schema("invoice")
    types = {spec.name: spec.type for spec in kind.fields}
    hits = there = 0
    for path in paths:
        truth = json.loads(path.with_suffix(".json").read_text("utf-8"))[0]
        found = extract(kind, texts[path.stem])
        wrong = []
        for entry, name in _INVOICE.items():
            if entry not in truth:
                continue
            value = found.fields.get(name)
            there += 1
            if value is not None and matches(
                value.text, str(truth[entry]), types[name], "normalised"
            ):
                hits += 1
            else:
                wrong.append(f"{name} ({value.text if value else 'nothing found'})")
        lines = [n for n in truth.get("lines", []) if {"price_subtotal", "price_unit"} & set(n)]
        rows = len(found.tables["items"].rows) if "items" in found.tables else 0
        print(f"{path.name}: items {rows} of {len(lines)}; wrong: {', '.join(wrong) or 'none'}")
    print(f"invoices: {hits} of {there} fields (normalised; all were looked at)")


def measure(corpus: Path = CORPUS, cache: Path = CACHE) -> Verdict:
    """Prints the tables.

    Returns:
        1 - strict F1 over the held-out receipts, read by OCR.

    Raises:
        FileNotFoundError: The corpus is missing.
    """
    by_ocr, by_truth = receipts(corpus, cache)
    kind = schema("receipt")
    held_out = report("by OCR", by_ocr, kind)
    report("from true lines", by_truth, kind)
    report_invoices(corpus, cache)
    return Verdict("fields of receipts missed (1 - F1)", 1 - held_out.f1, BUDGET_MISSED, "of all")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="of the OCR")
    arguments = parser.parse_args()
    verdict = measure(arguments.corpus, arguments.cache)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
