"""Vector search by comparing every chunk: among few, or while Chroma's index can't be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.vector_store import Scope
from resources.vector_store.keyword import KeywordIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Comparing so many takes some 20 ms.
MOST_COMPARED = 2500
# A second or so: less than one waits for a writer.
MOST_COMPARED_INSTEAD_OF_WAITING = 100_000


def compare_all(
    register: KeywordIndex,
    vector: NDArray[np.float32],
    top_k: int,
    within: Scope,
    *,
    most: int | None = None,
) -> dict[str, float] | None:
    """Ids of the nearest chunks in a scope with their cosine similarity.

    Returns:
        None when there are more than `most` to compare.
    """
    import numpy as np

    if most is not None and register.has_more(within, most):
        return None
    ids: list[str] = []
    parts = [np.zeros(0, dtype=np.float32)]
    tiny = np.finfo(np.float32).tiny
    for part, data in register.vectors(within):
        stored = np.frombuffer(data, dtype=np.float32).reshape(len(part), len(vector))
        lengths = np.linalg.norm(stored, axis=1) * np.linalg.norm(vector)
        ids += part
        parts.append(stored @ vector / np.maximum(lengths, tiny))
    cosines = np.concatenate(parts)
    candidates = np.arange(len(ids))
    if top_k < len(ids):
        candidates = np.flatnonzero(cosines >= np.partition(cosines, -top_k)[-top_k])
    best = sorted((-float(cosines[n]), ids[n]) for n in candidates)[:top_k]
    return {chunk_id: -cosine for cosine, chunk_id in best}
