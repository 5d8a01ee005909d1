"""A home with two models, and one with a second generation under way."""

from __future__ import annotations

import pytest

from resources.settings import Settings
from tests.generations.home import Home


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(settings, monkeypatch)


@pytest.fixture
def built(home: Home) -> Home:
    """Two documents in the live generation; the settings name another now."""
    home.put(lease="rent is due\ndeposit of two months", report="revenue grew")
    home.run("lease", "report")
    home.precision = "fp32"
    return home
