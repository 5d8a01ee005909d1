"""All generated documents as files, born digital and scanned, with what they say."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pymupdf

from benchmarks.paperwork import forms, invoices_held_out, invoices_seen, slips
from benchmarks.paperwork.bill import Bill, make_bill
from benchmarks.paperwork.locales import HELD_OUT, SEEN, Locale
from benchmarks.paperwork.sheet import Expected, Layout

_DPI, _TILL_DPI = 150, 200
_SKEW, _BLUR, _QUALITY = 2.0, 0.7, 55
_SCANNED = 3  # one of so many is scanned as well


@dataclass(frozen=True, slots=True)
class Paper:
    """A file and what it says.

    Attributes:
        held_out: Of a layout and with labels that no rule was written on.
        bill: What it was made from.
    """

    path: Path
    held_out: bool
    scanned: bool
    expected: Expected
    bill: Bill

    @property
    def name(self) -> str:
        return self.path.stem


def write_all(folder: Path) -> list[Paper]:
    """Writes the files; the same ones every time."""
    folder.mkdir(parents=True, exist_ok=True)
    seen: Sequence[Layout] = [*invoices_seen.INVOICES, *slips.RECEIPTS_SEEN, *forms.FORMS_SEEN]
    unseen: Sequence[Layout] = [
        *invoices_held_out.INVOICES,
        *slips.RECEIPTS_HELD_OUT,
        *forms.FORMS_HELD_OUT,
    ]
    return [*_half(folder, seen, SEEN, "seen"), *_half(folder, unseen, HELD_OUT, "held")]


def _half(
    folder: Path, layouts: Sequence[Layout], locales: dict[str, Locale], half: str
) -> list[Paper]:
    papers = []
    for number, (layout, locale, options) in enumerate(layouts):
        name = f"{half}-{layout.__name__.replace('_', '-')}-{locale}"
        sheet = layout(make_bill(name, locales[locale], **options))
        path = folder / f"{name}.pdf"
        held_out = half == "held"
        sheet.save(path)
        papers.append(Paper(path, held_out, False, sheet.expected, sheet.bill))
        if number % _SCANNED == 0 and sheet.document.page_count == 1:
            scan = folder / f"{name}-scan.jpg"
            scan.write_bytes(poor_scan(sheet.document[0], name))
            papers.append(Paper(scan, held_out, True, sheet.expected, sheet.bill))
    return papers


def poor_scan(page: pymupdf.Page, name: str) -> bytes:
    """The page as a poor scan: skewed by two degrees, blurred, a JPEG with noise."""
    import numpy as np
    from PIL import Image, ImageFilter

    dpi = _TILL_DPI if page.rect.width < 300 else _DPI
    pixels = page.get_pixmap(dpi=dpi, colorspace="gray")
    image = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
    chance = random.Random(zlib.crc32(name.encode()))
    image = image.rotate(
        chance.choice((-_SKEW, _SKEW)),
        resample=Image.Resampling.BICUBIC,
        expand=True,
        fillcolor=250,
    )
    image = image.filter(ImageFilter.GaussianBlur(_BLUR))
    noise = np.random.default_rng(zlib.crc32(name.encode())).normal(
        0, 6, (image.height, image.width)
    )
    noisy = np.clip(np.asarray(image, np.float32) * 0.92 + 10 + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=_QUALITY, dpi=(dpi, dpi))
    return out.getvalue()
