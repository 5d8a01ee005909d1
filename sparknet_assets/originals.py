"""The original of a document: where it is under `raw/`, and what its bytes hash to."""

from __future__ import annotations

import hashlib

from resources.deployment import Deployment
from sparknet_assets.raw_names import RAW, depth_and_name, is_temporary


def find_raw(doc_id: str, deployment: Deployment) -> str | None:
    """Key of the document's original: the first file in its folder, temporary ones last."""
    keys = [info.key for info in deployment.storage.list(f"{RAW}{doc_id}/")]
    return min(keys, key=lambda key: (is_temporary(key), *depth_and_name(key)), default=None)


def sha256_of(key: str, deployment: Deployment) -> str:
    """sha256 (hex) of a stored object, read in blocks. Raises ObjectNotFoundError."""
    digest = hashlib.sha256()
    with deployment.storage.open(key) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
