"""Batches without worker processes, for what neither limits nor crashes have to do with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.inline_pool import inline_workers


@pytest.fixture
def inline() -> Iterator[None]:
    with inline_workers():
        yield
