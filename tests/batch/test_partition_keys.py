"""Partition keys: safe for every id, unchanged for safe ids, never shared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.partition_keys import SAFE, partition_key


@given(st.text())
def test_every_key_is_safe(doc_id: str) -> None:
    assert SAFE.fullmatch(partition_key(doc_id))


@given(st.lists(st.text(alphabet="aB-_ é/,0f", max_size=20), unique=True, max_size=30))
def test_distinct_documents_have_distinct_keys(doc_ids: list[str]) -> None:
    assert len({partition_key(doc_id) for doc_id in doc_ids}) == len(doc_ids)


def test_a_safe_id_is_its_own_key() -> None:
    assert partition_key("my-doc_2") == "my-doc_2"


def test_an_id_cannot_pass_for_the_key_of_another() -> None:
    key = partition_key("Jahresbericht 2026.pdf")
    assert key.startswith("jahresbericht-2026-pdf--")
    assert partition_key(key) != key
