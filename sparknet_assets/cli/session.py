"""What a command works with: the deployment, made when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resources.deployment import Deployment


class Session:
    """One call of the command. `home` overrides the setting."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home

    @cached_property
    def deployment(self) -> Deployment:
        """Raises SettingsError."""
        from resources.deployment import Deployment
        from resources.settings import load_settings

        return Deployment(load_settings(**({"home": self.home} if self.home else {})))
