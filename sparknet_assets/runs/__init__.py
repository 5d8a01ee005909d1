"""Dagster runs: started in this process, owned, taken together, and how they end."""
