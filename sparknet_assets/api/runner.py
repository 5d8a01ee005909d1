"""Runs that the server starts."""

from __future__ import annotations


class Runner:
    """Starts batches in child processes, one at a time."""

    def counts(self) -> dict[str, int]:
        """State -> number of runs."""
        return {}

    def health(self) -> str:
        """How it stands."""
        return "idle"
