"""SPARKNET Assets: documents to searchable, traceable knowledge, as a Dagster asset graph."""

__version__ = "0.4.0"
