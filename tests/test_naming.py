"""doc_ids are safe, deterministic, and different for different sources."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparknet_assets.intake.naming import MAX_DOC_ID, derive_doc_id, is_safe_doc_id, with_hash

NAMES = st.text(min_size=1, max_size=300)


@given(NAMES)
def test_any_name_gives_a_safe_doc_id(name: str) -> None:
    assert is_safe_doc_id(derive_doc_id(name))
    assert derive_doc_id(name) == derive_doc_id(name)


@given(st.lists(NAMES, unique=True, min_size=2, max_size=8))
def test_a_hash_tells_different_texts_apart(names: list[str]) -> None:
    made = {with_hash("report", name) for name in names}
    assert len(made) == len(names)
    assert all(is_safe_doc_id(name) for name in made)


@given(st.text("ab-_ ./", min_size=MAX_DOC_ID * 2))
@settings(max_examples=25)
def test_long_names_that_differ_at_the_end_stay_apart(name: str) -> None:
    assert derive_doc_id(name + "x") != derive_doc_id(name + "y")


def test_what_names_look_like() -> None:
    assert derive_doc_id("2023 Reports/Annual Report (final).PDF") == (
        "2023-reports-annual-report-final-pdf"
    )
    assert derive_doc_id("Übersicht Größe.pdf").startswith("ubersicht-gro")
    assert derive_doc_id("报告.pdf") != derive_doc_id("说明.pdf")
    assert derive_doc_id("報告.pdf").startswith("pdf-")
    assert derive_doc_id("---").startswith("document-")
    assert derive_doc_id("\udce9.pdf").startswith("pdf")


def test_what_is_not_safe() -> None:
    for bad in ("", "-a", "A", "a/b", "a.b", "a" * 101, "../x", "a\n"):
        assert not is_safe_doc_id(bad)
