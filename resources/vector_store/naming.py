"""Names of generations, and of the indexes that hold them, made fit for each store."""

from __future__ import annotations

import hashlib
import re

# Of OpenSearch: at most 255 bytes, lower case, none of \ / * ? " < > | space , # : and no leading
# - _ + or dot. https://opensearch.org/docs/latest/api-reference/index-apis/create-index/
_LONGEST_INDEX = 200


def generation_name(collection: str, embedder: str, dimension: int) -> str:
    """Name of a generation: readable, unique for its parts, valid in Chroma and as a folder."""
    wanted = f"{collection}-{embedder}-{dimension}"
    name = re.sub(r"[^a-zA-Z0-9._-]+", "-", wanted)
    if name != wanted or len(name) > 120:
        name = f"{name[:100]}-{_digest(wanted)}"
    return name


def index_name(generation: str) -> str:
    """The name that OpenSearch takes for a generation; different for different generations."""
    name = re.sub(r"[^a-z0-9._-]+", "-", generation.lower()).lstrip("-_.")
    if name != generation or len(name) > _LONGEST_INDEX:
        name = f"{name[: _LONGEST_INDEX - 20] or 'index'}-{_digest(generation)}"
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
