"""The ground floor: ports and adapters under the asset graph. No Dagster but in configurable.py."""
