"""Content that breaks off: what is lost is told from what only looks untidy."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pymupdf
import pytest
from PIL import Image

from sparknet_assets.source.broken import forget_warnings, lost_content

LINES = [f"Line {number} of the report" for number in range(20)]
GARBAGE = bytes(number * 7919 % 256 for number in range(300))


@pytest.fixture(scope="module")
def written() -> tuple[bytes, int, bytes]:
    """A PDF of one page, the number of its content stream, and the content."""
    with pymupdf.open() as document:
        page = document.new_page()
        for number, text in enumerate(LINES):
            page.insert_text((72, 72 + 15 * number), text)
        plain = document.tobytes(garbage=1, clean=True)
    with pymupdf.open(stream=plain) as document:
        stream = document[0].get_contents()[0]
        return plain, stream, document.xref_stream(stream)


def rewritten(written: tuple[bytes, int, bytes], data: bytes, *, packed: bool) -> bytes:
    plain, stream, _ = written
    with pymupdf.open(stream=plain) as document:
        document.update_stream(stream, data, compress=False)
        document.xref_set_key(stream, "Filter", "/FlateDecode" if packed else "null")
        return bytes(document.tobytes())


def lost(data: bytes) -> list[str]:
    found = []
    with pymupdf.open(stream=data) as document:
        for page in document:
            forget_warnings()
            page.get_pixmap(dpi=20)
            found.append(lost_content(page))
    return found


def test_compressed_content_that_is_cut_or_overwritten(
    written: tuple[bytes, int, bytes],
) -> None:
    packed = zlib.compress(written[2])
    half = packed[: len(packed) // 2]
    assert lost(rewritten(written, half, packed=True)) == ["premature end of data in flate filter"]
    assert lost(rewritten(written, half + b"\x99" * len(half), packed=True)) != [""]


def test_a_wrong_or_missing_checksum_loses_nothing(written: tuple[bytes, int, bytes]) -> None:
    packed = zlib.compress(written[2])
    for data in (packed, packed[:-4], packed[:-1], packed[:-2] + b"\0\0"):
        assert lost(rewritten(written, data, packed=True)) == [""]


def test_plain_content_that_ends_within_a_word_or_turns_into_garbage(
    written: tuple[bytes, int, bytes],
) -> None:
    content = written[2]
    middle = content.index(b"BT", len(content) // 2)
    within = content.index(b"[", middle) + 3
    assert lost(rewritten(written, content[:within], packed=False)) != [""]
    assert lost(rewritten(written, content[:middle] + GARBAGE, packed=False)) != [""]
    torn = content[:middle] + GARBAGE + b"\nq " + content[middle:]
    assert lost(rewritten(written, torn, packed=False)) != [""]


def test_operators_that_nobody_knows_lose_nothing(written: tuple[bytes, int, bytes]) -> None:
    odd = written[2].replace(b"ET", b"odd ET", 3)
    assert b"odd" in odd
    assert lost(rewritten(written, odd, packed=False)) == [""]


def test_a_file_that_is_cut_loses_the_end_of_its_last_page(
    written: tuple[bytes, int, bytes],
) -> None:
    data = rewritten(written, written[2], packed=False)
    within = data.index(b"[", data.index(written[2]) + len(written[2]) // 2) + 5
    assert lost(data[:within]) == ["the content ends in the middle"]


def test_parts_of_the_content_that_are_not_there(written: tuple[bytes, int, bytes]) -> None:
    with pymupdf.open(stream=written[0]) as document:
        page = document.page_xref(0)
        document.xref_set_key(page, "Contents", f"[{written[1]} 0 R 999 0 R]")
        assert lost(document.tobytes()) == ["cannot load content stream part 2/2"]


def test_the_same_damage_on_each_of_several_pages(written: tuple[bytes, int, bytes]) -> None:
    """MuPDF holds back a message that is like the one before."""
    packed = zlib.compress(written[2])
    half = packed[: len(packed) // 2]
    with pymupdf.open(stream=written[0]) as document:
        for _ in range(2):
            document.fullcopy_page(0)
        for page in document:
            document.update_stream(page.get_contents()[0], half, compress=False)
            document.xref_set_key(page.get_contents()[0], "Filter", "/FlateDecode")
        found = lost(document.tobytes())
    assert len(found) == 3
    assert all(found)


@pytest.mark.parametrize(("share", "is_lost"), [(1.0, False), (0.5, True)])
def test_a_scan_that_breaks_off(share: float, is_lost: bool) -> None:
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (300, 200), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    scan = file.getvalue()
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_image(page.rect, stream=scan)
        picture = page.get_images()[0][0]
        document.update_stream(picture, scan[: int(len(scan) * share)], compress=False)
        document.xref_set_key(picture, "Filter", "/DCTDecode")
        assert lost(document.tobytes()) == (["a picture breaks off"] if is_lost else [""])
