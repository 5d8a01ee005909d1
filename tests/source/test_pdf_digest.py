"""Digests of PDF pages: they change with all that is drawn, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pymupdf
import pytest

from sparknet_assets.source import pdf_digest
from sparknet_assets.source.pdf import open_pdf
from sparknet_assets.source.pdf_digest import page_digests


def digests(document: pymupdf.Document) -> list[str]:
    """As of a file that was written and read again, so that no object is a draft."""
    with pymupdf.open(stream=document.tobytes()) as read:
        return list(page_digests(read, read.page_count))


def document(pages: int = 3) -> pymupdf.Document:
    made = pymupdf.open()
    for number in range(pages):
        made.new_page(width=300, height=200).insert_text((20, 40), f"Page number {number}")
    return made


def stream(made: pymupdf.Document, data: bytes, **keys: str) -> int:
    """Adds a stream object and returns its number."""
    number = int(made.get_new_xref())
    made.update_object(number, "<<>>")
    made.update_stream(number, data)
    for key, value in keys.items():
        made.xref_set_key(number, key, value)
    return number


def thing(made: pymupdf.Document, text: str) -> int:
    """Adds an object and returns its number."""
    number = int(made.get_new_xref())
    made.update_object(number, text)
    return number


def give(made: pymupdf.Document, page: int, kind: str, value: str) -> None:
    """Sets a kind of resources of a page (zero-based)."""
    resources = int(made.xref_get_key(made.page_xref(page), "Resources")[1].split()[0])
    made.xref_set_key(resources, kind, value)


def changed(change: Callable[[pymupdf.Document], object], made: pymupdf.Document) -> list[int]:
    """1-based pages whose digest another one replaces."""
    before = digests(made)
    change(made)
    after = digests(made)
    assert all(before)
    assert all(after)
    return [n for n, (old, new) in enumerate(zip(before, after, strict=True), 1) if old != new]


@pytest.mark.parametrize("options", [{"garbage": 4}, {"garbage": 3, "deflate": True}, {}])
def test_a_file_that_is_written_anew_has_the_same_pages(options: dict[str, object]) -> None:
    made = document()
    with pymupdf.open(stream=made.tobytes(**options)) as saved:
        saved.move_page(2, 0)
        assert digests(saved) == [digests(made)[n] for n in (2, 0, 1)]


def test_each_page_has_its_own() -> None:
    found = digests(document())
    assert len(set(found)) == 3
    assert all(len(digest) == 64 for digest in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made[1].insert_text((20, 80), "more"),
        lambda made: made[1].set_rotation(90),
        lambda made: made[1].set_mediabox(pymupdf.Rect(0, 0, 300, 201)),
        lambda made: made[1].set_cropbox(pymupdf.Rect(0, 0, 200, 200)),
        lambda made: made[1].add_highlight_annot(pymupdf.Rect(20, 30, 90, 45)),
        lambda made: made[1].draw_rect(pymupdf.Rect(0, 0, 9, 9)),
        lambda made: made.xref_set_key(made.page_xref(1), "UserUnit", "2"),
        lambda made: give(made, 1, "Font", "<</helv<</Type/Font/BaseFont/Courier>>>>"),
    ],
)
def test_what_is_drawn_on_a_page_changes_that_page(
    change: Callable[[pymupdf.Document], object],
) -> None:
    assert 2 in changed(change, document())


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.set_metadata({"title": "Another title"}),
        lambda made: made.set_toc([[1, "One", 1], [1, "Three", 3]]),
        lambda made: made.embfile_add("note.txt", b"attached"),
        lambda made: made[1].insert_link(
            {"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(0, 0, 9, 9), "page": 2}
        ),
    ],
)
def test_what_is_drawn_nowhere_changes_no_page(
    change: Callable[[pymupdf.Document], object],
) -> None:
    assert changed(change, document()) == []


def test_a_picture_deep_inside_counts() -> None:
    made = document()
    inner = stream(made, b"0 0 9 9 re f", Type="/XObject", Subtype="/Form", BBox="[0 0 9 9]")
    outer = stream(
        made,
        b"/In Do",
        Type="/XObject",
        Subtype="/Form",
        BBox="[0 0 9 9]",
        Resources=f"<</XObject<</In {inner} 0 R>>>>",
    )
    give(made, 0, "XObject", f"<</Out {outer} 0 R>>")
    assert changed(lambda m: m.update_stream(inner, b"0 0 9 8 re f"), made) == [1]


def test_what_pages_inherit_counts() -> None:
    made = document()
    tree = int(made.xref_get_key(made.page_xref(0), "Parent")[1].split()[0])
    for page in range(3):
        made.xref_set_key(made.page_xref(page), "MediaBox", "null")
        made.xref_set_key(made.page_xref(page), "Rotate", "null")
    made.xref_set_key(tree, "MediaBox", "[0 0 300 200]")
    assert changed(lambda m: m.xref_set_key(tree, "MediaBox", "[0 0 300 99]"), made) == [1, 2, 3]
    assert changed(lambda m: m.xref_set_key(tree, "Rotate", "90"), made) == [1, 2, 3]


def test_layers_that_read_the_same_are_told_apart() -> None:
    made = document(2)
    shown, hidden = made.add_ocg("Layer", on=True), made.add_ocg("Layer", on=False)
    give(made, 0, "Properties", f"<</L {shown} 0 R>>")
    assert changed(lambda m: give(m, 0, "Properties", f"<</L {hidden} 0 R>>"), made) == [1]
    assert changed(lambda m: m.set_layer(-1, on=[shown, hidden]), made) == [1, 2]


def test_a_length_that_is_stored_apart_is_a_length() -> None:
    made = document(1)
    data = b"0 0 9 9 re f " * 9000  # too long to be looked into
    found = []
    for apart in (False, True):
        number = stream(made, data)
        made.update_stream(number, data, compress=False)
        length = len(data)
        value = f"{thing(made, str(length))} 0 R" if apart else str(length)
        made.xref_set_key(number, "Length", value)
        made.xref_set_key(made.page_xref(0), "Contents", f"{number} 0 R")
        found.append(list(page_digests(made, 1)))
    assert found[0] == found[1] != [""]


def test_strings_that_look_like_references_are_strings() -> None:
    made = document(2)
    same = thing(made, "<</A 1>>")
    twin = thing(made, "<</A 1>>")

    def write(number: int) -> Callable[[pymupdf.Document], object]:
        return lambda m: give(m, 0, "Properties", f"<</L<</Name(\\) {number} 0 R)>>>>")

    write(same)(made)
    assert changed(write(twin), made) == [1]


def test_objects_in_a_loop_count_whole() -> None:
    """A form that uses the resources of the page that it stands on, as some programs write it."""
    made = document(2)
    resources = thing(made, "<<>>")
    form = stream(
        made,
        b"0 0 9 9 re f",
        Type="/XObject",
        Subtype="/Form",
        BBox="[0 0 9 9]",
        Resources=f"{resources} 0 R",
    )
    made.update_object(resources, f"<</XObject<</F {form} 0 R>>>>")
    made.xref_set_key(made.page_xref(0), "Resources", f"{resources} 0 R")
    before = digests(made)
    with pymupdf.open(stream=made.tobytes(garbage=1)) as saved:
        saved.move_page(1, 0)
        assert digests(saved) == before[::-1]
    assert changed(lambda m: m.update_stream(form, b"0 0 9 8 re f"), made) == [1]


def test_comments_that_refer_to_their_windows_and_back() -> None:
    made = document(2)
    note = made[0].add_text_annot((20, 20), "a remark")
    note.set_popup(pymupdf.Rect(50, 50, 100, 100))
    before = digests(made)
    assert all(before)
    assert changed(lambda m: next(m[0].annots()).set_info(content="another"), made) == [1]


def tagged(said: Sequence[str], first: int = 0) -> pymupdf.Document:
    """Pages whose structure says another word for the one that each draws."""
    made = document(0)
    tree, places = thing(made, "<</Type/StructTreeRoot>>"), ""
    for page, word in enumerate(said):
        made.new_page(width=300, height=200).insert_text((20, 40), "drawn")
        element = thing(
            made, f"<</Type/StructElem/S/Span/K 0/P {tree} 0 R/ActualText({word})/Pg {tree} 0 R>>"
        )
        contents = stream(made, b"/Span <</MCID 0>> BDC BT /helv 11 Tf 20 160 Td (drawn) Tj ET EMC")
        made.xref_set_key(made.page_xref(page), "Contents", f"{contents} 0 R")
        made.xref_set_key(made.page_xref(page), "StructParents", str(first + page))
        places += f"{first + page} [{element} 0 R]"
    made.xref_set_key(tree, "ParentTree", f"<</Nums[{places}]>>")
    made.xref_set_key(made.pdf_catalog(), "StructTreeRoot", f"{tree} 0 R")
    return made


def test_text_that_the_structure_says_instead_counts() -> None:
    """A program may correct the words of a page in its structure, and leave the page alone."""
    old, new = tagged(["one", "two"]), tagged(["one", "three"])
    assert [page.get_text().strip() for page in new] == ["one", "three"]
    assert digests(old)[0] == digests(new)[0]
    assert digests(old)[1] != digests(new)[1]
    assert digests(tagged(["one", "two"], first=7)) == digests(old)


def test_the_structure_is_not_looked_through_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_digest, "_VISITS", 500)
    monkeypatch.setattr(pdf_digest, "_VISITS_A_PAGE", 0)
    made = tagged(["one"])
    tree = int(made.xref_get_key(made.pdf_catalog(), "StructTreeRoot")[1].split()[0])
    made.xref_set_key(tree, "ParentTree", f"<</Nums[0 [{'null ' * 1000}]]>>")
    assert list(page_digests(made, 1)) == [""]


def test_a_note_that_is_drawn_as_form_fields_are_changes_with_them() -> None:
    made = document(2)
    note = thing(made, "<</Type/Annot/Subtype/FreeText/Rect[20 20 200 60]/Contents(a remark)/F 4>>")
    made.xref_set_key(made.page_xref(0), "Annots", f"[{note} 0 R]")

    def style(size: int) -> Callable[[pymupdf.Document], object]:
        value = f"<</Fields[]/DA(/Helv {size} Tf 0 g)>>"
        return lambda m: m.xref_set_key(m.pdf_catalog(), "AcroForm", value)

    style(9)(made)
    assert changed(style(20), made) == [1]


def test_a_page_too_large_to_look_through_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_digest, "_VISITS", 50)
    monkeypatch.setattr(pdf_digest, "_VISITS_A_PAGE", 20)
    made = document(2)
    names = " ".join(f"/G{n} {thing(made, f'<</CA 0.{n}>>')} 0 R" for n in range(200))
    give(made, 1, "ExtGState", f"<<{names}>>")
    first, second = page_digests(made, 2)
    assert first
    assert second == ""


@pytest.mark.parametrize("key", ["Annots", "Resources"])
def test_what_many_pages_share_is_not_read_for_each_without_end(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(pdf_digest, "_VISITS", 5000)
    monkeypatch.setattr(pdf_digest, "_VISITS_A_PAGE", 0)
    made = document(60)
    tree = int(made.xref_get_key(made.page_xref(0), "Parent")[1].split()[0])
    note = thing(made, "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]>>")
    value = f"[{' '.join([f'{note} 0 R'] * 1000)}]"
    if key == "Resources":
        value = f"<</Properties<</L{value}>>>>"
        made.xref_set_key(tree, key, value)
    for page in range(60):
        made.xref_set_key(made.page_xref(page), key, "null" if key == "Resources" else value)
    found = list(page_digests(made, 60))
    assert found[0]
    assert found[-1] == ""


def test_a_page_that_inherits_from_itself_is_unknown() -> None:
    made = document(2)
    xref = made.page_xref(1)
    made.xref_set_key(xref, "Resources", "null")
    made.xref_set_key(xref, "Parent", f"{xref} 0 R")
    first, _ = page_digests(made, 2)
    assert first


def test_a_long_chain_of_objects_needs_no_recursion() -> None:
    made = document(1)
    last = thing(made, "<<>>")
    for _ in range(5000):
        last = thing(made, f"<</Next {last} 0 R>>")
    give(made, 0, "Properties", f"<</L {last} 0 R>>")
    assert all(page_digests(made, 1))


def test_a_damaged_page_is_unknown_and_costs_no_other() -> None:
    made = document()
    xref = made.page_xref(1)
    for key, value in (("Type", "/Pages"), ("Count", "1"), ("Kids", f"[{xref} 0 R]")):
        made.xref_set_key(xref, key, value)
    found = list(page_digests(made, 3))
    assert found[0]
    assert found[1] == ""


def test_an_encrypted_file_has_digests_once_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    document().save(
        path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="apples", owner_pw="pears"
    )
    opened, count = open_pdf(path, "locked.pdf", ["apples"])
    with opened:
        assert len(set(page_digests(opened, count))) == count == 3
