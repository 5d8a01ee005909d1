"""Fixtures of the tests of adapters on AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.bedrock import BedrockServer, bedrock_server


@pytest.fixture
def bedrock(attempts_at_once: None) -> Iterator[BedrockServer]:
    """Models on Bedrock, with the environment of this test pointing to them."""
    with bedrock_server() as server:
        yield server
