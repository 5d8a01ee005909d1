"""Sequences that once went wrong, as `test_reconciliation` found them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from tests.model.small_stages import CORRUPT, FLICKER, SMUDGE
from tests.model.test_reconciliation import Reconciliation


@pytest.fixture
def machine() -> Iterator[Reconciliation]:
    machine = Reconciliation()
    yield machine
    machine.teardown()


def test_a_text_that_changes_without_its_chunks_is_held_by_the_index(
    machine: Reconciliation,
) -> None:
    machine.start(contents={"alpha": ["valve crane", f"bridge {SMUDGE}"]})
    machine.reconcile()
    machine.trouble_begins_or_ends(name="pages")
    machine.edit_a_page(doc_id="alpha", number=1, page=f"saddle {FLICKER}")
    machine.reconcile()


@pytest.mark.parametrize("writes", range(4, 16))
def test_a_document_that_is_back_before_its_removal_ended_takes_one_reconciliation(
    machine: Reconciliation, writes: int
) -> None:
    machine.start(contents={"alpha": ["marker01q valve"], "beta": ["marker02q crane"]})
    machine.reconcile()
    machine.delete(doc_id="alpha", writes=writes)
    machine.write(doc_id="alpha", content=["marker03q bridge"])
    machine.reconcile()


@pytest.mark.parametrize("writes", range(0, 24, 6))
def test_a_document_that_is_back_outlives_a_second_removal_that_ends_the_first(
    machine: Reconciliation, writes: int
) -> None:
    machine.start(contents={"alpha": ["marker01q valve"]})
    machine.reconcile()
    machine.delete(doc_id="alpha", writes=8)
    machine.write(doc_id="alpha", content=["marker02q crane"])
    machine.delete(doc_id="alpha", writes=writes)
    machine.reconcile()
    machine.delete(doc_id="alpha", writes=8)
    machine.reconcile()


def test_a_file_that_can_not_be_read_is_tried_again_after_a_kill(machine: Reconciliation) -> None:
    machine.start(contents={"alpha": [f"marker01q {FLICKER}"]})
    machine.trouble_begins_or_ends(name="pages")
    for writes in range(0, 20, 3):
        machine.be_killed_while_reconciling(writes=writes)
    machine.trouble_begins_or_ends(name="pages")
    machine.reconcile()


@pytest.mark.parametrize("writes", range(4, 16))
def test_a_kill_before_a_version_that_fails_leaves_nothing_to_mend(
    machine: Reconciliation, writes: int
) -> None:
    machine.start(contents={"alpha": ["marker01q valve"]})
    machine.reconcile()
    machine.set_the_chunk_size(tokens=16)
    machine.be_killed_while_reconciling(writes=writes)
    machine.spoil(doc_id="alpha", number=0, word=CORRUPT)
    machine.reconcile()


@pytest.mark.parametrize("writes", range(10, 30))
def test_a_kill_between_chunks_and_index_before_a_version_that_fails(
    machine: Reconciliation, writes: int
) -> None:
    machine.start(contents={"alpha": [" ".join(f"word{n}" for n in range(60))]})
    machine.set_the_chunk_size(tokens=16)
    machine.reconcile()
    machine.set_the_chunk_size(tokens=32)
    machine.be_killed_while_reconciling(writes=writes)
    machine.write(doc_id="alpha", content=[SMUDGE])
    machine.reconcile()


@pytest.mark.parametrize("writes", range(6, 18))
def test_a_kill_between_chunks_and_embeddings_before_a_version_that_fails(
    machine: Reconciliation, writes: int
) -> None:
    machine.start(contents={"alpha": [""]})
    machine.reconcile()
    machine.write(doc_id="alpha", content=["", "marker01q"])
    machine.be_killed_while_reconciling(writes=writes)
    machine.spoil(doc_id="alpha", number=0, word=CORRUPT)
    machine.reconcile()


@pytest.mark.parametrize("writes", range(24, 29))
def test_a_kill_in_the_index_between_a_version_without_text_and_one_that_fails(
    machine: Reconciliation, writes: int
) -> None:
    machine.start(contents={"alpha": [""]})
    machine.reconcile()
    machine.write(doc_id="alpha", content=["marker01q valve"])
    machine.be_killed_while_reconciling(writes=writes)
    machine.write(doc_id="alpha", content=[SMUDGE])
    machine.reconcile()


@pytest.mark.parametrize("full", ["once", "lasting"])
@pytest.mark.parametrize("writes", range(3, 58, 14))
def test_a_full_disk_costs_one_reconciliation(
    machine: Reconciliation, writes: int, full: Literal["once", "lasting"]
) -> None:
    machine.start(contents={"alpha": ["marker01q valve", "bridge"], "beta": ["marker02q crane"]})
    machine.reconcile()
    machine.write(doc_id="alpha", content=["marker03q valve", "orchard meadow"])
    machine.write(doc_id="gamma", content=["marker04q valve"])
    machine.delete_the_folder(doc_id="beta")
    machine.run_out_of_space(writes=writes, full=full)
    machine.reconcile()


def test_a_folder_that_gets_another_name_embeds_nothing(machine: Reconciliation) -> None:
    machine.start(contents={"alpha": ["marker01q valve"], "beta": ["marker02q crane"]})
    machine.reconcile()
    machine.copy(doc_id="delta", other="alpha")
    machine.delete_the_folder(doc_id="alpha")
    machine.reconcile()


@pytest.mark.parametrize("writes", range(4, 22, 3))
def test_a_folder_that_gets_another_name_in_a_run_that_is_cut_off(
    machine: Reconciliation, writes: int
) -> None:
    """What was read of the new name before the kill must not hide that it was another."""
    machine.start(contents={"alpha": ["marker01q valve"], "beta": ["marker02q crane"]})
    machine.reconcile()
    machine.copy(doc_id="beta", other="alpha")
    machine.be_killed_while_reconciling(writes=writes)
    machine.delete_the_folder(doc_id="alpha")
    machine.reconcile_during_trouble_and_after(name="embedder")
