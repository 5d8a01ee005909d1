"""Versions of the vector index: built side by side, compared, switched, retired."""
