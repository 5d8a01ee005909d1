"""The HTTP API: one more door to the same functions that the commands call."""
