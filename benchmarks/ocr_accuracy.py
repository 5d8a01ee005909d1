"""How much of scanned pages the OCR engines read right: `python -m benchmarks.ocr_accuracy`.

Words, on the SROIE receipts: both sides are split at white space and lower-cased, punctuation
stays. The words of a receipt are compared as multisets, so that order and layout do not count;
hits, words read and words there are added up over all receipts (micro average).

Characters, on the pages of `ocr/`: edit distance between the text read and the true text, by the
length of the truth, white space folded to single spaces, case kept. Reading order counts here.
Nothing is tuned on these files.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from benchmarks.ocr_documents import CORPUS, Scan, pages, receipts
from benchmarks.verdict import Verdict
from resources.ocr import OCREngine
from resources.ocr.paddle import PaddleOCREngine
from resources.ocr.tesseract import TesseractEngine
from sparknet_assets.artifacts import PageImage
from sparknet_assets.evaluation.text_metrics import character_error_rate, word_scores
from sparknet_assets.source.text.page_text import from_ocr, layer_of

BUDGET_WRONG = 0.16


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Figures of one engine; `cer` of each page and the mean over pages."""

    engine: str
    receipts: int
    precision: float
    recall: float
    f1: float
    cer: dict[str, float]
    mean_cer: float
    seconds_a_receipt: float

    def __str__(self) -> str:
        head = (
            f"{self.engine:10} {self.receipts} receipts: words P {self.precision:.4f}"
            f" R {self.recall:.4f} F1 {self.f1:.4f}, {self.seconds_a_receipt:.2f} s each"
        )
        lines = [f"    {name:48} {rate:.3f}" for name, rate in self.cer.items()]
        mean = f"    character error rate, mean of {len(self.cer)} pages: {self.mean_cer:.3f}"
        return "\n".join([head, *lines, mean])


def read(engine: OCREngine, scan: Scan) -> str:
    """The text of a page as the pipeline puts it in order."""
    pixels = scan.pixels()
    image = PageImage(page=1, width=pixels.shape[1], height=pixels.shape[0])
    result = engine.recognize(pixels)
    return from_ocr(result, engine.name, layer_of(None, "auto"), image, False).text


def evaluate(engine: OCREngine, corpus: Path, limit: int | None) -> Accuracy:
    """Reads the first `limit` receipts and pages of the corpus with an engine."""
    scans = list(islice(receipts(corpus), limit))
    started = time.perf_counter()
    precision, recall, f1 = word_scores([(read(engine, scan), scan.text) for scan in scans])
    seconds = (time.perf_counter() - started) / max(1, len(scans))
    rates = {
        scan.path.name: round(character_error_rate(read(engine, scan), scan.text), 4)
        for scan in islice(pages(corpus), limit)
    }
    mean = sum(rates.values()) / max(1, len(rates))
    return Accuracy(engine.name, len(scans), precision, recall, f1, rates, mean, seconds)


def engines(names: Sequence[str]) -> list[OCREngine]:
    """The engines that can run here, of those named."""
    found: list[OCREngine] = []
    if "paddle" in names:
        found.append(PaddleOCREngine())
    if "tesseract" in names:
        if shutil.which("tesseract"):
            found.append(TesseractEngine())
        else:
            print("tesseract: left out, the command is not installed (package tesseract-ocr)")
    return found


def measure(
    corpus: Path = CORPUS,
    limit: int | None = None,
    as_json: bool = False,
    names: Sequence[str] = ("paddle", "tesseract"),
) -> Verdict:
    """Prints the figures of the engines.

    Returns:
        1 - F1 of the first engine's words on the receipts.

    Raises:
        FileNotFoundError: The corpus is missing.
    """
    next(receipts(corpus))
    results = [evaluate(engine, corpus, limit) for engine in engines(names)]
    if as_json:
        print(json.dumps({result.engine: asdict(result) for result in results}))
    else:
        print("\n".join(map(str, results)))
    return Verdict("words of receipts misread (1 - F1)", 1 - results[0].f1, BUDGET_WRONG, "of all")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N of each kind only")
    parser.add_argument("--engine", nargs="+", default=["paddle", "tesseract"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    verdict = measure(arguments.corpus, arguments.limit, arguments.json, arguments.engine)
    if not arguments.json:
        print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
