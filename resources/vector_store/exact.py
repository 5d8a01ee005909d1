"""Vector search within few documents: every chunk compared, no index asked."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from resources.vector_store.keyword import KeywordIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Comparing so many takes some 10 ms; Chroma's filter takes 110 ms, however few documents it lets
# through, over 100,000 chunks.
MOST_COMPARED = 5000


def search_within(
    register: KeywordIndex,
    vector: NDArray[np.float32],
    top_k: int,
    doc_ids: Collection[str],
) -> dict[str, float] | None:
    """Ids of the nearest chunks of these documents with their cosine similarity.

    Returns:
        None when they have more than `MOST_COMPARED` chunks.
    """
    import numpy as np

    ids, data = register.vectors(doc_ids, MOST_COMPARED + 1)
    if len(ids) > MOST_COMPARED:
        return None
    stored = np.frombuffer(data, dtype=np.float32).reshape(len(ids), len(vector))
    lengths = np.linalg.norm(stored, axis=1) * np.linalg.norm(vector)
    cosines = stored @ vector / np.maximum(lengths, np.finfo(np.float32).tiny)
    best = np.lexsort((ids, -cosines))[:top_k] if ids else ()
    return {ids[n]: float(cosines[n]) for n in best}
