"""Tesseract by its command, on one thread: the light engine, for a choice of languages."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from resources.failure import FailureKind, SparknetError
from resources.ocr import Box, Line, OCRResult, Word
from resources.ocr.geometry import turn_line, word_at
from resources.ocr.pixels import content_area, to_bgr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REVISION = "1"
# Below this mean word confidence a page may stand sideways or upside down: only then is the
# detection of its orientation worth its time.
DOUBTFUL = 0.75
SMALLEST_SIDE = 64


class TesseractEngine:
    """Runs `tesseract` once per page; the page goes in and the words come out through pipes.

    Args:
        languages: Language packs, ISO 639-2 codes (`eng`, `deu`).
        timeout: Seconds one call may take.
    """

    name = "tesseract"

    def __init__(self, languages: Sequence[str] = ("eng",), timeout: float = 110.0) -> None:
        self._languages = tuple(languages)
        self._timeout = timeout

    @cached_property
    def identity(self) -> str:
        return f"tesseract-{REVISION}/{self._version}/{'+'.join(self._languages)}"

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        """Reads one page image of shape (height, width) grey or (height, width, 3) RGB.

        Raises:
            ValueError: The array is not an image of 8 bits a channel.
            SparknetError: The command or a language pack is missing (unavailable), or it failed.
        """
        page = to_bgr(image)
        if content_area(page) is None:
            return OCRResult(lines=[])
        _ = self._ready
        lines = self._read(page)
        if _confidence(lines) >= DOUBTFUL and not _sideways(lines, page):
            return OCRResult(lines=lines)
        rotation = self._rotation(page)
        if rotation:
            turned = self._read(np.rot90(page, -rotation // 90))
            if _sideways(lines, page) or _evidence(turned) > _evidence(lines):
                upright = [turn_line(line, -rotation) for line in turned]
                return OCRResult(lines=upright, rotation=rotation)
        return OCRResult(lines=lines)

    def _read(self, page: NDArray[np.uint8]) -> list[Line]:
        """The lines of an upright page, in Tesseract's reading order."""
        height, width = page.shape[:2]
        tall, wide = max(height, SMALLEST_SIDE), max(width, SMALLEST_SIDE)
        if (tall, wide) != (height, width):
            page = np.pad(page, ((0, tall - height), (0, wide - width), (0, 0)), mode="edge")
        languages = "+".join(self._languages)
        output = self._run(["stdin", "stdout", "-l", languages, "--psm", "3", "tsv"], _ppm(page))
        lines: dict[tuple[str, ...], list[Word]] = {}
        for row in csv.DictReader(output.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] != "5" or not (row["text"] or "").strip():
                continue
            left, top = int(row["left"]), int(row["top"])
            right, bottom = left + int(row["width"]), top + int(row["height"])
            box = Box(left / width, top / height, right / width, bottom / height)
            key = (row["block_num"], row["par_num"], row["line_num"])
            word = word_at(row["text"].strip(), box, float(row["conf"]) / 100)
            lines.setdefault(key, []).append(word)
        return [Line(words=words) for words in lines.values()]

    def _rotation(self, page: NDArray[np.uint8]) -> int:
        """Degrees clockwise that make the page upright, 0 when Tesseract can't tell."""
        if "osd" not in self._ready:
            return 0
        try:
            output = self._run(["stdin", "stdout", "-l", "osd", "--psm", "0"], _ppm(page))
        except SparknetError as error:
            if error.kind is FailureKind.UNREADABLE:  # "Too few characters"
                return 0
            raise
        for line in output.splitlines():
            if line.startswith("Rotate:"):
                return int(line.split(":")[1]) % 360
        return 0

    @cached_property
    def _command(self) -> str:
        command = shutil.which("tesseract")
        if command is None:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                "The tesseract command is missing: install the package tesseract-ocr, or set "
                "SPARKNET_OCR=paddle.",
            )
        return command

    @cached_property
    def _version(self) -> str:
        # Asked for before any page needs it: a missing command is an error only when one does.
        if shutil.which("tesseract") is None:
            return "absent"
        return self._run(["--version"]).split("\n", 1)[0].removeprefix("tesseract ").strip()

    @cached_property
    def _ready(self) -> frozenset[str]:
        """The language packs that are installed; raises when one that we need is not."""
        installed = frozenset(self._run(["--list-langs"]).split("\n")[1:])
        missing = [language for language in self._languages if language not in installed]
        if missing:
            packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"Tesseract has no language pack for {', '.join(missing)}: install {packages}, or "
                "change SPARKNET_OCR_LANGUAGES.",
            )
        return installed

    def _run(self, arguments: list[str], data: bytes = b"") -> str:
        # Without the limit its threads fight for the cores: 11 s a page instead of 2.
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        try:
            done = subprocess.run(
                [self._command, *arguments],
                input=data,
                capture_output=True,
                env=environment,
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SparknetError(
                FailureKind.TIMED_OUT, f"Tesseract did not finish within {self._timeout:g} s."
            ) from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-300:]
            raise SparknetError(FailureKind.UNREADABLE, f"Tesseract could not read it: {said}")
        return done.stdout.decode("utf-8", errors="replace")


def _ppm(page: NDArray[np.uint8]) -> bytes:
    """A grey page as a PGM file: no compression, and a third of the bytes of colour."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(page), cv2.COLOR_BGR2GRAY)
    return b"P5\n%d %d\n255\n" % (grey.shape[1], grey.shape[0]) + grey.tobytes()


def _sideways(lines: Sequence[Line], page: NDArray[np.uint8]) -> bool:
    """Whether most lines run up or down: Tesseract reads some such pages without saying so."""
    height, width = page.shape[:2]
    runs = 0.0
    for line in lines:
        x0, y0, x1, y1 = line.box
        runs += (y1 - y0) * height - (x1 - x0) * width
    return runs > 0


def _confidence(lines: Sequence[Line]) -> float:
    scores = [word.confidence for line in lines for word in line.words]
    return sum(scores) / len(scores) if scores else 0.0


def _evidence(lines: Sequence[Line]) -> float:
    """Letters weighted by confidence: how much was plausibly read."""
    return sum(len(word.text) * word.confidence**2 for line in lines for word in line.words)
