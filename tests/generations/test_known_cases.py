"""Sequences in which a holding would vouch for a mixture of old and new, if it were kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generations.test_model import MODELS, Generations


@pytest.fixture
def machine() -> Iterator[Generations]:
    machine = Generations()
    yield machine
    machine.teardown()


@pytest.mark.parametrize("writes", range(23, 27))
def test_a_kill_in_the_index_before_the_old_text_is_back_and_another_one_is_built(
    machine: Generations, writes: int
) -> None:
    machine.write(doc_id="alpha")
    machine.reconcile(None)
    machine.change_a_text_and_change_it_back(doc_id="alpha", writes=writes, model=MODELS[1])
    machine.searches_are_answered()


@pytest.mark.parametrize("writes", range(29, 33))
def test_a_kill_in_the_index_that_answers_beside_the_one_that_is_built(
    machine: Generations, writes: int
) -> None:
    machine.write(doc_id="alpha")
    machine.reconcile(None)
    machine.choose(model=MODELS[1])
    machine.reconcile(None)
    machine.change_a_text_and_change_it_back(doc_id="alpha", writes=writes, model=MODELS[1])
    machine.searches_are_answered()
