"""Cuts the text of a document into chunks."""

from sparknet_assets.chunking.packing import make_chunks

__all__ = ["make_chunks"]
