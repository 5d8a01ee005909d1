"""Text that a broken encoding garbled, told from text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.source.text.text_quality import is_garbled

ENGLISH = (
    "Our revenue grew by 12 percent in the third quarter, driven by services; the gross margin "
    "rose to 45.2 percent. We expect the costs of materials to fall over the coming months, as "
    "long as shipping rates stay where they are and no further tariffs come into force."
)


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        "Die Häfen schließen früh, weil der Nebel dichter wird; größere Schiffe müssen warten.",
        "委员会于星期二开会、并就渡轮的新时间表达成一致。从五月一日起、早班船提前一刻钟出发。",
        "اجتمعت اللجنة يوم الثلاثاء واتفقت على الجدول الزمني الجديد للعبارات",
        "समिति की बैठक मंगलवार को हुई और नई समय सारिणी पर सहमति बनी।",
        "Contents ........................ 3 Summary ........................ 5",
        "\uf0b7 First point of the list \uf0b7 Second point of the list \uf0b7 Third point",
        "12,450 (3,112) 9,338 $ 1,204 — 17.5% 4,410 (1,900) 2,510",
        "",
    ],
)
def test_text_is_text(text: str) -> None:
    assert not is_garbled(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "".join(chr(0xE000 + ord(c)) if c.isalpha() else c for c in ENGLISH),
        "".join("\ufffd" if c in "aeiou" else c for c in ENGLISH),
        "".join(f"(cid:{ord(c)})" if c.isalpha() else c for c in ENGLISH),
        "".join(chr(1 + ord(c) % 8) if c.isalpha() else c for c in ENGLISH),
        "".join(chr((ord(c.lower()) - 97 + 3) % 26 + 97) if c.isalpha() else c for c in ENGLISH),
        "".join(chr(33 + ord(c) % 14) if c.isalpha() else c for c in ENGLISH),
    ],
    ids=["private use", "replacement", "cid", "control", "shifted", "symbols"],
)
def test_garbled_text_is_found(text: str) -> None:
    assert is_garbled(text.split())


@given(st.lists(st.text()))
def test_any_text_gets_a_verdict(words: list[str]) -> None:
    assert is_garbled(words) in (True, False)
