"""Words that the end of a line parts."""

from __future__ import annotations

import pytest

from resources.ocr import Line, PageText, Word
from sparknet_assets.chunking import make_chunks
from sparknet_assets.chunking.hyphens import join_hyphenated, known_words
from tests.doubles.embedder import WordEmbedder


def joined(*lines: str, known: str = "") -> str:
    placed = [[(word, number) for word in line.split()] for number, line in enumerate(lines)]
    result = join_hyphenated(placed, known_words(known.split()))
    return " / ".join(" ".join(word for word, _ in line) for line in result)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("the new organi-", "sation of the"), "the new organisation / of the"),
        (("the new organi\u2010", "sation of"), "the new organisation / of"),
        (("the time\u00ad", "table, then"), "the timetable, / then"),
        (("(har-", "bour)", "next"), "(harbour) / next"),
        (("a state-of-the-", "art boat"), "a state-of-the-art / boat"),
        (("Geneh-", "migungs-", "verfahren"), "Genehmigungsverfahren"),
        (("the well-", "known boat"), "the well-known / boat"),
        (("Vor-", "und Nachteile"), "Vor- / und Nachteile"),
        (("pages 12-", "14 and"), "pages 12- / 14 and"),
        (("Anne-", "Marie sails"), "Anne- / Marie sails"),
        (("ships -", "and boats"), "ships - / and boats"),
        (("model X-", "ray"), "model X- / ray"),
        (("ends in a hyphen-",), "ends in a hyphen-"),
    ],
)
def test_only_words_that_are_parted_are_joined(lines: tuple[str, ...], expected: str) -> None:
    assert joined(*lines) == expected


def test_a_hyphen_stays_where_the_text_has_the_word_with_it_elsewhere() -> None:
    assert joined("a rate-", "limiter", known="Rate-limiter, set") == "a rate-limiter"
    assert joined("a self-", "ish one", known="selfish one") == "a selfish / one"


def test_a_chunk_holds_the_whole_word_where_it_begins() -> None:
    def line(text: str, y: float) -> Line:
        return Line(
            words=[Word(w, 0.1 + 0.2 * i, y, 0.25 + 0.2 * i, y + 0.02, 1.0)
                   for i, w in enumerate(text.split())]
        )  # fmt: skip

    page = PageText(page=1, width=9, height=9, engine="x")
    page.lines += [line("The new time-", 0.1), line("table of ferries.", 0.13)]

    (chunk,) = make_chunks("d", [page], WordEmbedder(max_tokens=64), size=64, overlap=0)

    assert chunk.text == "The new timetable of ferries."
    first, second = chunk.boxes
    assert first[1:] == pytest.approx((0.1, 0.1, 0.65, 0.12))
    assert second[1:] == pytest.approx((0.3, 0.13, 0.65, 0.15))
