"""Text in the encodings of before Unicode, which say nothing of themselves."""

# ruff: noqa: RUF001

from __future__ import annotations

import pytest

from sparknet_assets.source.plain_text import decode_text
from sparknet_assets.source.readers.plain import unescaped

JAPANESE = "港湾委員会は火曜日に会合を開き、新しい時刻表に合意した。船長はコンパスを見た。\n"
CHINESE = "港口委员会于星期二开会，同意新的时间表。船长签署了文件。\n"
TRADITIONAL = "港口委員會於星期二開會，同意新的時間表。船長簽署了文件。\n"
KOREAN = "항만 위원회는 화요일에 만나 새로운 시간표에 합의했다.\n"
RUSSIAN = "Комитет порта собрался во вторник и утвердил новое расписание паромов.\n"
GREEK = "Η επιτροπή του λιμανιού συνήλθε την Τρίτη και συμφώνησε.\n"
HEBREW = "ועדת הנמל נפגשה ביום שלישי והסכימה על לוח הזמנים החדש\n"
ARABIC = "اجتمعت لجنة الميناء يوم الثلاثاء ووافقت على الجدول الزمني الجديد\n"
POLISH = "Kapitan zażółcił gęślą jaźń, żółw pełza przez łąkę w Gdańsku.\n"
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy o přístavu.\n"
FRENCH = "L’été à l’hôtel : café, garçon, señor – tout est prêt à 12 €.\n"
GERMAN = "Der Kapitän grüßt für 12 Übungen im Café am Übersee-Hafen.\n"


@pytest.mark.parametrize("times", [1, 3, 200])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        (GREEK, "cp1253"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
        (POLISH, "cp1250"),
        (CZECH, "cp1250"),
        (FRENCH, "cp1252"),
        (FRENCH, "mac_roman"),
        (GERMAN, "cp1252"),
        (GERMAN, "cp850"),
    ],
)
def test_text_is_read_in_the_encoding_that_it_was_written_in(
    text: str, encoding: str, times: int
) -> None:
    text = "Report 17: 1,234.56\n" + text * times

    decoded = decode_text(text.encode(encoding))

    assert decoded is not None
    assert decoded[0] == text


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "euc_kr", "cp1251"])
def test_a_character_cut_at_the_end_of_a_sample_does_not_mislead(encoding: str) -> None:
    text = {"gb18030": CHINESE, "shift_jis": JAPANESE, "euc_kr": KOREAN, "cp1251": RUSSIAN}
    data = (text[encoding] * 20).encode(encoding)

    decoded = decode_text(data[:501], complete=False)

    assert decoded is not None
    assert (text[encoding] * 20).startswith(decoded[0])


def test_json_shows_its_letters_instead_of_their_codes() -> None:
    data = r'{"name": "Caf\u00e9 \ud83d\ude00", "path": "C:\\u00e9", "q": "\u0022", "n": 1.50}'

    assert unescaped(data) == (
        r'{"name": "Café 😀", "path": "C:\\u00e9", "q": "\u0022", "n": 1.50}'
    )
    assert unescaped(r"Write \u00e9 in Python") == r"Write \u00e9 in Python"


@pytest.mark.parametrize(
    "text", ["Äpfel;1,50\n", "Grüße\n", "für 12\n", "Straße;Müller\n", "Größe Öl\n", "naïve café\n"]
)
def test_a_single_accented_word_is_not_taken_for_east_asian(text: str) -> None:
    decoded = decode_text(text.encode("cp1252"))

    assert decoded is not None
    assert decoded[0] == text


def test_chinese_around_a_latin_word_is_read_as_chinese() -> None:
    assert decode_text("用git提交\n".encode("gb18030")) == ("用git提交\n", "gb18030")
