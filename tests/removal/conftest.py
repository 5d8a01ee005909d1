"""A deployment whose embedder is quick."""

from __future__ import annotations

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from tests.removal.homes import with_words


@pytest.fixture
def deployment(settings: Settings) -> Deployment:
    return with_words(Deployment(settings))
