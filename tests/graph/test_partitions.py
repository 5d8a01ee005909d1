"""Registration of partition keys, and the neighbours among them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sparknet_assets.partition_keys import partition_key
from sparknet_assets.partitions import (
    PARTITIONS,
    contiguous,
    documents_of,
    register_partitions,
)
from tests.graph.fakes import register

KEYS = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(st.lists(st.text(), unique=True, max_size=20))
def test_distinct_documents_have_distinct_keys(doc_ids: list[str]) -> None:
    keys = {partition_key(doc_id) for doc_id in doc_ids}
    assert len(keys) == len(doc_ids)
    assert keys.isdisjoint({partition_key(key) for key in keys} - keys)


@given(order=KEYS, wanted=KEYS)
def test_groups_of_neighbours(order: list[str], wanted: list[str]) -> None:
    groups = contiguous(wanted, order)
    assert [key for group in groups for key in group] == [k for k in order if k in set(wanted)]
    for group in groups:
        start = order.index(group[0])
        assert order[start : start + len(group)] == group
    for before, after in pairwise(groups):
        assert order.index(after[0]) > order.index(before[-1]) + 1


def test_keys_are_registered_sorted_and_once(instance) -> None:
    assert register_partitions(instance, ["b", "a", "b"]) == ["a", "b"]
    assert register_partitions(instance, ["c", "a", "0"]) == ["0", "c"]
    assert list(instance.get_dynamic_partitions(PARTITIONS)) == ["a", "b", "0", "c"]


def test_keys_lead_back_to_documents(deployment) -> None:
    keys = register(deployment, "plain", "With Space")
    found, unknown = documents_of([keys[1], "gone", keys[0]], deployment.catalog)
    assert list(found.items()) == [("With Space", keys[1]), ("plain", "plain")]
    assert unknown == ["gone"]
