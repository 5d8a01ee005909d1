"""Whether the reading that climbing keeps is the better one: `python -m benchmarks.climbing`.

Scans of the corpus, as they are and made coarse (0.4 of their pixels), are read by both engines.
Each pair of a first and a second reading is judged as a run judges it: a first reading that is
doubtful is exchanged where `is_better` says so. Character error rates, means over those pages.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ocr_documents import CORPUS, Scan, pages, receipts
from resources.ocr import OCREngine, PageText
from resources.ocr.paddle import PaddleOCREngine
from resources.ocr.tesseract import TesseractEngine
from sparknet_assets.artifacts import PageImage
from sparknet_assets.evaluation.text_metrics import character_error_rate
from sparknet_assets.source.text.page_text import from_ocr, layer_of
from sparknet_assets.stages.climbing import Reading, is_better, is_doubtful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COARSE = 0.4
LONGEST_SIDE = 2400
FLOORS = (0.5, 0.8, 0.9)
Readings = dict[tuple[str, str], tuple[Reading, float]]


def read(engine: OCREngine, pixels: NDArray[np.uint8]) -> Reading:
    """One reading of a page, as the pipeline puts it in order."""
    image = PageImage(page=1, width=pixels.shape[1], height=pixels.shape[0])
    layer = layer_of(None, "auto")
    text: PageText = from_ocr(engine.recognize(pixels), engine.name, layer, image, False)
    return Reading(text, 0.0, image, layer)


def readings(scan: Scan, engines: list[OCREngine]) -> Readings:
    """(fine or coarse, engine) -> the reading and its character error rate."""
    import cv2
    import numpy as np

    whole = scan.pixels()
    factor = min(1.0, LONGEST_SIDE / max(whole.shape[:2]))
    found: Readings = {}
    for name, scale in (("coarse", COARSE * factor), ("fine", factor)):
        scaled = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels = np.ascontiguousarray(scaled, dtype=np.uint8)
        for engine in engines:
            reading = read(engine, pixels)
            found[name, engine.name] = reading, character_error_rate(reading.text.text, scan.text)
    return found


def judged(every: list[Readings], first: Any, second: Any, floor: float) -> dict[str, Any] | None:
    """Mean rates of the first reading, the one that is kept, and the better one in truth."""
    rates = []
    for found in every:
        (before, rate), (after, other) = found[first], found[second]
        if is_doubtful(before, floor):
            kept = other if is_better(after.text, before.text) else rate
            rates.append((rate, kept, min(rate, other)))
    if not rates:
        return None
    means = [round(sum(column) / len(rates), 4) for column in zip(*rates, strict=True)]
    return {"doubtful": len(rates), **dict(zip(("first", "kept", "best"), means, strict=True))}


def main() -> int:
    """Prints the figures; exit code 1 when climbing made a mean worse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--receipts", type=int, default=9)
    given = parser.parse_args()
    engines: list[OCREngine] = [PaddleOCREngine(), TesseractEngine()]
    scans = [*pages(given.corpus), *islice(receipts(given.corpus), given.receipts)]
    every = [readings(scan, engines) for scan in scans]
    names = [engine.name for engine in engines]
    pairs = [(("coarse", name), ("fine", name)) for name in names]
    for size in ("coarse", "fine"):
        pairs += [((size, one), (size, other)) for one, other in (names, names[::-1])]
    worse = False
    for floor in FLOORS:
        for first, second in pairs:
            figures = judged(every, first, second, floor)
            if figures:
                worse |= figures["kept"] > figures["first"]
                told = {"from": " ".join(first), "to": " ".join(second), "below": floor}
                print(json.dumps({**told, **figures}), flush=True)
    return int(worse)


if __name__ == "__main__":
    raise SystemExit(main())
