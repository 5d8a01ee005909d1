"""Initials set over several lines."""

from __future__ import annotations

import pytest

from resources.ocr import Word
from sparknet_assets.source.text.initials import with_initials
from sparknet_assets.source.text.reading_order import Segment

LINE = 0.015


def line(text: str, x: float, y: float, size: float = LINE) -> Segment:
    parts = text.split()
    step = 0.5 * size
    words, at = [], x
    for part in parts:
        words.append(Word(part, at, y, at + len(part) * step, y + size, 1.0))
        at += (len(part) + 1) * step
    return Segment(words, size)


def texts(segments: list[Segment]) -> list[str]:
    return [" ".join(word.text for word in segment.words) for segment in segments]


def paragraph(letter: str, rest: str) -> list[Segment]:
    return [
        line(letter, 0.1, 0.1, 0.035),
        line("mental organisations", 0.125, 0.12),
        line(rest, 0.125, 0.1),
        line("and their pressure", 0.1, 0.14),
    ]


@pytest.mark.parametrize(
    ("letter", "rest", "joined"),
    [
        ("O", "ver the past decades", "Over the past decades"),
        ("O", "NCE upon a time", "ONCE upon a time"),
        ("A", "committee met", "A committee met"),
        ("B", "Abbott and sons", "B Abbott and sons"),
    ],
)
def test_an_initial_begins_the_first_of_its_lines(letter: str, rest: str, joined: str) -> None:
    found = texts(with_initials(paragraph(letter, rest), 1.0))

    assert sorted(found) == sorted(["mental organisations", joined, "and their pressure"])


def test_other_large_letters_stay() -> None:
    page = [line("O", 0.5, 0.5, 0.035), *paragraph("7", "ver the past")]

    assert with_initials(page, 1.0) == page
